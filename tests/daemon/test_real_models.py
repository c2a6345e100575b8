"""One way through the daemon with the models that are really used."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from retouchml.look import Look
from retouchml.pixel_format import PixelFormat
from tests.conftest import at_home
from tests.daemon import running

if TYPE_CHECKING:
    from pipeline.retoucher import Photo, Retoucher

MINUTES = 60.0


def test_a_portrait_is_retouched_through_the_daemon_as_it_is_in_process(
    photo: "Photo", retoucher: "Retoucher", portrait: NDArray[np.uint8], real_home: Path
) -> None:
    looks = {0: Look(0.6, edits={"smile": 0.3})}
    (expected,) = photo.render(looks)
    height, width = portrait.shape[:2]
    with at_home(real_home):
        daemon = running.start("--device", "cpu", engine="")
        try:
            client = daemon.client()
            opened = client.open(PixelFormat(width, height, order="RGB"), portrait.tobytes()).result(
                5 * MINUTES
            )
            (patch,) = opened.render(looks).result(5 * MINUTES).patches
            names = [edit["name"] for edit in client.edits().result(MINUTES)]
        finally:
            daemon.close()
    assert [face.box for face in opened.faces] == [face.box for face in photo.faces]
    assert opened.faces[0].score == pytest.approx(photo.faces[0].score, abs=1e-6)
    assert names == [edit.name for edit in retoucher.edits]
    assert patch.box == expected.box
    pixels = np.frombuffer(patch.pixels, np.uint8).reshape(expected.pixels.shape)
    assert np.abs(pixels.astype(int) - expected.pixels.astype(int)).max() <= 1
