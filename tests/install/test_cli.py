"""The installer's command line."""

import errno
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from install import cli
from install.actions.table import ACTIONS
from install.checkout import TOP


def run_installer(*arguments: str, cwd: Path = TOP) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(TOP / "install"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd)


def test_help_names_everything_that_can_be_installed(tmp_path: Path) -> None:
    (tmp_path / "install.py").write_text("a module of somebody else in the working directory")
    answer = run_installer("--help", cwd=tmp_path)
    assert answer.returncode == 0
    for action in ACTIONS:
        assert action in answer.stdout
    assert {
        "demo",
        "test",
        "dev",
        "lock",
        "wheels",
        "zips",
        "release",
        "translations",
        "tensorflow1",
        "service",
        "gimp",
        "krita",
        "darktable",
        "uninstall",
    } == set(ACTIONS)


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("demo", "--nonsense"), ("uninstall", "checkout")])
def test_a_request_that_makes_no_sense_is_bad_usage(arguments: tuple[str, ...]) -> None:
    answer = run_installer(*arguments)
    assert answer.returncode == 2
    assert answer.stderr.startswith("usage: python3 install")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full."),
        (OSError(errno.EROFS, "Read-only file system", "/checkout/.venv"), "/checkout/.venv: Read-only"),
        (PermissionError(errno.EACCES, "Permission denied", "/checkout/.venv"), "Make it writable"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error."),
        (ZeroDivisionError("a bug"), "should not have happened"),
    ],
)
def test_whatever_happens_is_one_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    words: str,
) -> None:

    def fail(*_arguments: object) -> int:
        raise error

    monkeypatch.setattr(cli, "LOG", tmp_path / "log")
    monkeypatch.setattr(ACTIONS["demo"], "run", fail)
    monkeypatch.setattr(signal, "signal", lambda *_arguments: None)
    assert cli.main(["demo"]) == 1
    complaint = capsys.readouterr().err
    assert words in complaint
    assert len(complaint.splitlines()) == 1
    if isinstance(error, ZeroDivisionError):
        assert "ZeroDivisionError" in (tmp_path / "log").read_text()
