"""``Retoucher`` over the daemon: a real daemon, and a stand-in backend that inverts a face's box."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import retouchml
from retouchml.errors import PictureUnsupported, UsageError
from retouchml.look import Look
from retouchml.scripting.retoucher import Retoucher
from tests.daemon.running import PATIENCE, Daemon, environment
from tests.stand_in_backend import SIDE

pytestmark = pytest.mark.processes


def _portrait(faces: int = 1) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    pixels = np.random.default_rng(faces).integers(0, 200, (24, 64, 3)).astype(np.uint8)
    pixels[0, 0, :2] = faces, 0
    return pixels


def test_a_photo_is_retouched_by_the_daemon_and_painted_here(daemon: Daemon) -> None:
    pixels = _portrait()
    before = pixels.copy()
    with Retoucher() as retoucher:
        photo = retoucher.open(pixels)
        assert len(photo.faces) == 1
        patches = photo.render({0: Look(strength=0.6)})
        after, layer = photo.apply(patches), photo.layer(patches)
        assert [report.face for report in photo.report(patches)] == [0]
    assert (pixels == before).all()
    assert after.shape == pixels.shape
    changed = (after != before).any(2)
    assert changed.any()
    assert changed.sum() <= SIDE * SIDE
    assert (layer[..., 3] > 0).sum() == SIDE * SIDE
    assert not layer[layer[..., 3] == 0].any()


def test_what_cannot_be_retouched_is_refused(daemon: Daemon) -> None:
    with Retoucher() as retoucher:
        with pytest.raises(PictureUnsupported):
            retoucher.open(np.zeros((4, 4, 7), np.uint8))
        photo = retoucher.open(_portrait())
        with pytest.raises(UsageError, match="no face number 3"):
            photo.render({3: Look()})


_SCRIPT = """
import numpy as np
from retouchml import Look, Retoucher
assert Retoucher.__module__ == "retouchml.scripting.retoucher", Retoucher.__module__
pixels = np.zeros((24, 64, 3), np.uint8)
pixels[0, 0, 0] = 1
with Retoucher() as retoucher:
    photo = retoucher.open(pixels)
    print(int((photo.apply(photo.render({0: Look(0.6)})) != pixels).any()))
"""


@pytest.mark.parametrize("stranger", ["pipeline.py", "daemon/__init__.py"])
def test_a_script_beside_a_module_called_like_the_engine_retouches(
    start: Callable[..., Daemon], tmp_path: Path, stranger: str
) -> None:
    start()
    (tmp_path / stranger).parent.mkdir(exist_ok=True)
    (tmp_path / stranger).write_text("raise SystemExit('a module of somebody else was imported')\n")
    script = tmp_path / "script.py"
    script.write_text(_SCRIPT)
    outcome = subprocess.run(
        [sys.executable, script],
        env={**environment(), "PYTHONSAFEPATH": ""},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        cwd=tmp_path,
    )
    assert (outcome.stdout, outcome.stderr) == ("1\n", "")


def test_in_the_engines_environment_it_is_the_engines_own() -> None:
    assert retouchml.Retoucher.__module__ == "pipeline.retoucher"


def test_the_command_is_not_misled_by_the_working_folder(tmp_path: Path) -> None:
    (tmp_path / "pipeline.py").write_text("raise SystemExit('a module of somebody else was imported')\n")
    outcome = subprocess.run(
        [sys.executable, "-m", "retouchml", "models", "list"],
        env={**environment(), "PYTHONSAFEPATH": ""},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        cwd=tmp_path,
    )
    assert (outcome.returncode, outcome.stderr) == (0, "")
