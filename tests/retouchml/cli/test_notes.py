"""What a file loses on its way is said once, on stderr and in the report."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.retouchml.running import Run

COMMENT = "PNG has no place for the comment, which was left out."
BEHIND = "The data behind the picture was left out."


@pytest.fixture
def commented(folder: Path) -> Path:
    """A JPEG with a comment, and with data behind it."""
    path = folder / "commented.jpg"
    flat = np.full((24, 40, 3), 1, np.uint8)  # the stand-in sees one face in it
    Image.fromarray(flat).save(path, quality=100, comment=b"Greetings")
    path.write_bytes(path.read_bytes() + b"trailer")
    return path


def test_each_note_is_printed_once_and_is_in_the_report(run: Run, commented: Path) -> None:
    folder = commented.parent
    more = [
        "--layer",
        folder / "layer.png",
        "--compare",
        folder / "both.png",
        "--json",
        folder / "report.json",
    ]
    ran = run("beautify", commented, "-o", folder / "out.png", *more)
    assert ran.err.splitlines() == [f"retouchml: {BEHIND}", f"retouchml: {COMMENT}"]
    assert json.loads((folder / "report.json").read_text())["notes"] == [BEHIND, COMMENT]


def test_the_report_on_stdout_has_the_notes(run: Run, commented: Path) -> None:
    ran = run("beautify", commented, "-o", commented.with_name("out.png"), "--json", "-", "--quiet")
    assert ran.err == ""
    assert json.loads(ran.out)["notes"] == [BEHIND, COMMENT]


def test_with_several_pictures_a_note_names_its_own(
    run: Run, commented: Path, portrait: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    ran = run("beautify", portrait, commented, "-o", tmp_path / "out", "--json", report)
    assert ran.err == f"retouchml: {commented}: {BEHIND}\n"
    assert [item["notes"] for item in json.loads(report.read_text())] == [[], [BEHIND]]


def test_a_copy_to_the_byte_lost_nothing(run: Run, commented: Path) -> None:
    out = commented.with_name("out.jpg")
    ran = run("beautify", commented, "-o", out, "--strength", "0", "--json", "-")
    assert out.read_bytes() == commented.read_bytes()
    assert (ran.err, json.loads(ran.out)["notes"]) == ("", [])
