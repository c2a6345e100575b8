"""Whatever goes wrong is one sentence and an exit code."""

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from retouchml import failures
from retouchml.errors import DeviceError, ModelMissing
from tests import stand_in_backend
from tests.retouchml.running import Run, files, needs_modes


class Failing(stand_in_backend.Backend):
    """Raises ``error`` when it shall open a picture."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self._error = error

    def open(self, *_arguments: Any, **_options: Any) -> stand_in_backend.Photo:
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
    ran = run("beautify", portrait, "-o", portrait.with_name("out.png"), backend=Failing(error))
    assert (ran.code, ran.out, ran.err) == (1, "", f"retouchml: {sentence}\n")
    assert files(portrait.parent) == ["portrait.png"]
    assert crash_logs(home) == []


def test_a_foreign_package_that_cannot_be_imported_is_no_fault_of_ours(
    run: Run, portrait: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Backend(stand_in_backend.Backend):
        def open(self, *_arguments: Any, **_options: Any) -> stand_in_backend.Photo:
            code = "raise ImportError('\\n\\nNumPy is for Python 3.8.\\n\\nPlease read this page.')"
            exec(code, {"__name__": "numpy"})
            raise AssertionError

    monkeypatch.setenv("PYTHONPATH", "/opt/ros/packages")
    ran = run("faces", portrait, backend=Backend())
    assert ran.code == 1
    assert ran.err == (
        "retouchml: NumPy is for Python 3.8. PYTHONPATH names packages of another program: "
        "run `unset PYTHONPATH` and try again.\n"
    )
    assert crash_logs(home) == []


def imported(reason: str) -> str:
    """The sentence for a third-party package that fails to load for a reason."""
    try:
        exec("raise ImportError(reason)", {"__name__": "torch", "reason": reason})
    except ImportError as error:
        return failures.explain(error)[0]
    raise AssertionError


def test_a_pythonpath_of_ours_is_not_blamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    assert imported("no such symbol") == "no such symbol. Run `retouchml doctor`: it says what to install."
    monkeypatch.setenv("PYTHONPATH", "/opt/ros/packages")
    assert "unset PYTHONPATH" in imported("no such symbol")


@pytest.mark.parametrize(
    "reason",
    [
        "libtorch_cpu.so: failed to map segment from shared object",
        "Error loading shared library libtorch.so: Cannot allocate memory",
    ],
)
def test_a_library_that_finds_no_memory_is_a_lack_of_memory(
    reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/opt/ros/packages")
    assert imported(reason).startswith("There is not enough memory.")


@needs_modes
def test_what_should_not_happen_is_one_sentence_and_a_log_for_the_owners_eyes(
    run: Run, portrait: Path, home: Path
) -> None:
    former = os.umask(0)
    try:
        ran = run("faces", portrait, backend=Failing(ZeroDivisionError("secret")))
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
        run("faces", portrait, backend=Failing(ZeroDivisionError()))
    assert len(crash_logs(home)) == 10


def test_where_no_log_can_be_written_the_sentence_says_so(run: Run, portrait: Path, home: Path) -> None:
    home.mkdir()
    (home / "cache").write_text("no folder")
    ran = run("faces", portrait, backend=Failing(ZeroDivisionError()))
    assert ran.code == 1
    assert "No log could be written" in ran.err
    assert "RETOUCHML_DEBUG=1" in ran.err


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), DeviceError("The GPU is full.")])
def test_debugging_shows_the_traceback(
    error: Exception, run: Run, portrait: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETOUCHML_DEBUG", "1")
    ran = run("faces", portrait, backend=Failing(error))
    assert ran.err.startswith("Traceback")
    assert type(error).__name__ in ran.err
