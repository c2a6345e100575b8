"""The shell example, with a stand-in for the command, which says what it was asked."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = Path(__file__).parents[1] / "examples" / "beautify_folder.sh"
_COMMAND = """#!/bin/sh
echo "$@"
case $2 in
    */bad.png) exit 1 ;;
    */empty.png) exit 3 ;;
    */stop.png) exit 130 ;;
esac
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a shell script")


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """A copy of the script in a checkout whose command is the stand-in."""
    command = tmp_path / ".venv" / "bin" / "retouchml"
    command.parent.mkdir(parents=True)
    command.write_text(_COMMAND, encoding="utf-8")
    command.chmod(0o755)
    (tmp_path / "examples").mkdir()
    return Path(shutil.copy(_SCRIPT, tmp_path / "examples"))


def run(script: Path, names: list[str], *options: str) -> "subprocess.CompletedProcess[str]":
    """The outcome for a folder with files of these names."""
    photos = script.parents[1] / "photos"
    photos.mkdir()
    for name in names:
        (photos / name).touch()
    command = ["sh", str(script), "photos", "retouched", *options]
    return subprocess.run(command, cwd=script.parents[1], capture_output=True, text=True, check=False)


def test_every_picture_is_retouched_with_the_options_and_gets_a_report(script: Path) -> None:
    done = run(script, ["a b.png", "c.JPG", "notes.txt"], "--strength", "0.4")
    assert done.stdout.splitlines() == [
        "beautify photos/a b.png -o retouched/a b.png --json retouched/a b.png.json --force --strength 0.4",
        "beautify photos/c.JPG -o retouched/c.JPG --json retouched/c.JPG.json --force --strength 0.4",
    ]
    assert (done.returncode, done.stderr) == (0, "")


def test_a_picture_that_has_a_result_is_left_out(script: Path) -> None:
    (script.parents[1] / "retouched").mkdir()
    (script.parents[1] / "retouched" / "a.png").touch()
    assert "photos/a.png" not in run(script, ["a.png", "b.png"]).stdout


@pytest.mark.parametrize(("name", "code"), [("empty.png", 0), ("bad.png", 1)])
def test_the_work_goes_on_past_a_picture_that_failed_or_has_no_face(
    script: Path, name: str, code: int
) -> None:
    done = run(script, [name, "z.png"])
    assert (done.returncode, len(done.stdout.splitlines())) == (code, 2)


def test_ctrl_c_ends_it(script: Path) -> None:
    done = run(script, ["stop.png", "z.png"])
    assert (done.returncode, len(done.stdout.splitlines())) == (130, 1)


def test_without_two_folders_it_says_how_it_is_used(script: Path) -> None:
    done = subprocess.run(["sh", str(script), "photos"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("usage:")
