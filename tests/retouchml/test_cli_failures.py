"""Whatever goes wrong is one sentence and an exit code."""

import errno
import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from retouchml.errors import DeviceError, ModelMissing
from tests.retouchml import stand_in
from tests.retouchml.running import Run, environment, files, needs_modes, python


class Failing(stand_in.Backend):
    """Raises ``error`` when it shall open a picture."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self._error = error

    def open(self, *_arguments: Any, **_options: Any) -> stand_in.Photo:
        raise self._error


def crash_logs(home: Path) -> list[Path]:
    return sorted((home / "cache").glob("crash-*.log"))


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (DeviceError("The GPU is full.", "Use --device cpu."), "The GPU is full. Use --device cpu."),
        (ModelMissing("There is no model x."), "There is no model x."),
        (MemoryError(), "There is not enough memory. Close other programs, or scale the picture down."),
        (OSError(errno.ENOSPC, "No space left"), "The disk is full. Make room there and try again."),
        (PermissionError(errno.EACCES, "Permission denied", "/x/y"), "/x/y: Permission denied."),
        (
            ModuleNotFoundError("No module named 'torch'", name="torch"),
            "No module named 'torch'. Run `retouchml doctor`: it says what to install.",
        ),
    ],
)
def test_what_may_happen_is_one_sentence_without_a_log(
    error: Exception, sentence: str, run: Run, portrait: Path, home: Path
) -> None:
    ran = run("beautify", portrait, "-o", portrait.with_name("out.png"), engine=Failing(error))
    assert (ran.code, ran.out, ran.err) == (1, "", f"retouchml: {sentence}\n")
    assert files(portrait.parent) == ["portrait.png"]
    assert crash_logs(home) == []


@needs_modes
def test_what_should_not_happen_is_one_sentence_and_a_log_for_the_owners_eyes(
    run: Run, portrait: Path, home: Path
) -> None:
    former = os.umask(0)
    try:
        ran = run("faces", portrait, engine=Failing(ZeroDivisionError("secret")))
    finally:
        os.umask(former)
    (log,) = crash_logs(home)
    assert ran.code == 1
    assert ran.err.startswith("retouchml: This should not have happened (ZeroDivisionError).")
    assert str(log) in ran.err
    assert ran.err.count("\n") == 1
    assert "secret" not in ran.err
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert "ZeroDivisionError: secret" in log.read_text()
    assert "Traceback" in log.read_text()


def test_only_the_newest_logs_are_kept(run: Run, portrait: Path, home: Path) -> None:
    for _ in range(12):
        run("faces", portrait, engine=Failing(ZeroDivisionError()))
    assert len(crash_logs(home)) == 10


def test_where_no_log_can_be_written_the_sentence_says_so(run: Run, portrait: Path, home: Path) -> None:
    home.mkdir()
    (home / "cache").write_text("no folder")
    ran = run("faces", portrait, engine=Failing(ZeroDivisionError()))
    assert ran.code == 1
    assert "No log could be written" in ran.err
    assert "RETOUCHML_DEBUG=1" in ran.err


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), DeviceError("The GPU is full.")])
def test_debugging_shows_the_traceback(
    error: Exception, run: Run, portrait: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETOUCHML_DEBUG", "1")
    ran = run("faces", portrait, engine=Failing(error))
    assert ran.err.startswith("Traceback")
    assert type(error).__name__ in ran.err


def test_a_file_name_cannot_write_to_the_terminal_what_it_likes(run: Run, folder: Path) -> None:
    ran = run("faces", folder / "evil\x1b[2J\nname\udcff.png")
    assert ran.code == 1
    assert ran.err.count("\n") == 1
    assert "evil\\x1b[2J\\nname" in ran.err
    assert "\x1b" not in ran.err


def test_when_writing_one_result_fails_none_of_them_appears(
    run: Run, portrait: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = portrait.with_name("out.png")
    out.write_text("former")

    class Spoiling(stand_in.Photo):
        def layer(self, patches: Any) -> Any:
            return super().layer(patches)[..., :2]  # no picture has two channels

    class SpoilingEngine(stand_in.Backend):
        def open(self, pixels: Any, **_options: Any) -> stand_in.Photo:
            photo = super().open(pixels)
            return Spoiling(photo.pixels, photo.faces, photo.looks)

    more = ["--layer", portrait.with_name("layer.png"), "--force"]
    assert run("beautify", portrait, "-o", out, *more, engine=SpoilingEngine()).code == 1
    assert out.read_text() == "former"
    assert files(portrait.parent) == ["out.png", "portrait.png"]


COMMAND = """
import sys
from retouchml.cli.main import main
from tests.retouchml.stand_in import Backend
sys.exit(main(sys.argv[1:], make_engine=Backend))
"""


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
