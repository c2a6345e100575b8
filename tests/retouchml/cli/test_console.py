"""Standard output and error: closed, full, or of another encoding."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.retouchml.running import Run, environment, python

COMMAND = """
import sys
from retouchml.cli.main import main
from tests.stand_in_backend import Backend
sys.exit(main(sys.argv[1:], make_backend=Backend))
"""


def test_a_file_name_cannot_write_to_the_terminal_what_it_likes(run: Run, folder: Path) -> None:
    ran = run("faces", folder / "evil\x1b[2J\nname\udcff.png")
    assert ran.code == 1
    assert ran.err.count("\n") == 1
    assert "evil\\x1b[2J\\nname" in ran.err
    assert "\x1b" not in ran.err


def test_a_reader_that_has_gone_is_no_reason_to_complain(portrait: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    child = subprocess.run(
        python(COMMAND, "edits"), env=environment(), stdout=writing, stderr=subprocess.PIPE, text=True
    )
    os.close(writing)
    assert (child.returncode, child.stderr) == (1, "")


def test_help_for_a_reader_that_has_gone_is_no_reason_to_complain() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    child = subprocess.run(
        python(COMMAND, "--help"), env=environment(), stdout=writing, stderr=subprocess.PIPE, text=True
    )
    os.close(writing)
    assert child.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_stdout_is_an_error(portrait: Path) -> None:
    with Path("/dev/full").open("w") as full:
        child = subprocess.run(
            python(COMMAND, "edits"), env=environment(), stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert child.returncode == 1
    assert child.stderr == "retouchml: Standard output cannot be written: No space left on device.\n"


@pytest.mark.skipif(os.name != "posix", reason="closes descriptors as a shell does")
def test_closed_streams_do_not_matter(portrait: Path) -> None:
    out = portrait.with_name("out.png")
    closed = [
        "/bin/sh",
        "-c",
        'exec "$@" <&- >&- 2>&-',
        "sh",
        *python(COMMAND, "beautify", portrait, "-o", out),
    ]
    assert subprocess.run(closed, env=environment()).returncode == 0
    assert out.is_file()


def test_an_ascii_terminal_gets_escapes_instead_of_an_error(portrait: Path) -> None:
    renamed = portrait.rename(portrait.with_name("porträt.png"))
    child = subprocess.run(
        python(COMMAND, "beautify", renamed, "-o", renamed.with_name("größer.png")),
        env=environment(PYTHONIOENCODING="ascii"),
        capture_output=True,
    )
    assert (child.returncode, child.stderr) == (0, b"")
    assert b"gr\\xf6\\xdfer.png: 2 faces" in child.stdout
