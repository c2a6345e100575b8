"""While faces are still inverted, the user of real Krita cancels, closes the picture, or opens another."""

from pathlib import Path

import numpy as np
import pytest

from tests.editors.krita import pictures
from tests.editors.krita.running import Krita, until
from tests.stand_in_backend import HELD_PAIR


@pytest.fixture
def backend() -> str:
    return HELD_PAIR


@pytest.fixture
def half_way(krita: Krita, go: Path, tmp_path: Path) -> Path:
    """A picture whose faces are inverted as long as there is not this file."""
    pixels = np.random.default_rng(5).integers(0, 100, (160, 320, 3)).astype(np.uint8)
    pictures.put(krita, pictures.as_krita(pixels, "U8"), tmp_path)
    until(lambda: krita.view()["layer"] == "Background")
    krita.settle()
    krita.click("beautify")
    until(lambda: krita.view()["stage"] == "invert")
    return go


@pytest.mark.usefixtures("half_way")
def test_cancel_leaves_the_picture_as_it_was(krita: Krita) -> None:
    krita.click("cancel")
    until(lambda: krita.view()["notice"] == "Cancelled; nothing was changed.")
    until(lambda: krita.view()["task"] is None)
    krita.run("docker()._controller.preview_view.resize((123, 45))")  # as a layout does
    krita.settle()
    assert krita.view()["task"] is None
    assert krita.ask("layers()") == ["Background"]
    assert not krita.ask("doc.modified()")


@pytest.mark.usefixtures("half_way")
def test_a_picture_that_is_closed_ends_its_task_with_a_sentence(krita: Krita) -> None:
    krita.run("doc.setModified(False); doc.close()")
    shown = until(lambda: (view := krita.view())["task"] is None and view)
    assert shown["notice"] == "The picture was closed, or its layer deleted, so nothing was done."
    until(lambda: krita.view()["layer"] == "")


def test_the_result_goes_to_the_picture_it_was_asked_for_whichever_is_active_then(
    krita: Krita, half_way: Path, tmp_path: Path
) -> None:
    krita.run("first = doc")
    other = np.random.default_rng(6).integers(0, 100, (64, 64, 3)).astype(np.uint8)
    pictures.put(krita, pictures.as_krita(other, "U8"), tmp_path)
    half_way.touch()
    krita.wait_for_task()
    assert krita.ask("layers()") == ["Background"]
    krita.run("doc = first")
    assert krita.ask("layers()") == ["Background", "Background (retouched)"]
