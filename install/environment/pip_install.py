"""Runs pip in a virtual environment, and explains its failures in a sentence."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from install import processes
from install.checkout import LOG, PYTHON, VENV
from install.console import Tick
from install.errors import InstallError
from retouchml.system import pip

_MISSING = (pip.Cause.NO_SUCH_VERSION, pip.Cause.CONFLICT, pip.Cause.NO_SUCH_PACKAGE)


class PipError(InstallError):
    """pip failed.

    harmless: whether the installed packages are unchanged
    missing:  whether the index has no such package
    """

    def __init__(self, message: str, advice: str, *, harmless: bool = False, missing: bool = False) -> None:
        super().__init__(message, f"{advice} What pip said: {LOG}".lstrip())
        self.harmless = harmless
        self.missing = missing
        if missing:
            self.mark = "none"


def install(
    arguments: Sequence[str], tick: Tick, python: Path | None = None, environment_folder: Path | None = None
) -> None:
    """``pip install`` in a virtual environment, with pip's own configuration. Raises PipError.

    python:             its interpreter
    environment_folder: the environment; both are those of this checkout by default
    """
    _run("install", arguments, tick, python or PYTHON, environment_folder or VENV)


def download(arguments: Sequence[str], tick: Tick) -> None:
    """``pip download`` with the virtual environment's pip, with its own configuration. Raises PipError."""
    _run("download", arguments, tick, PYTHON, VENV)


def arrivals(environment_folder: Path = VENV) -> Path:
    """The folder into which pip fetches."""
    return environment_folder / "tmp"


def _run(verb: str, arguments: Sequence[str], tick: Tick, python: Path, environment_folder: Path) -> None:
    temporary = arrivals(environment_folder)
    temporary.mkdir(exist_ok=True)
    # free space was checked on this disk; the system's folder of temporary files is often small
    folders = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))
    environment = processes.environment(**folders, PIP_USER="0")
    for name in ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT"):
        environment.pop(name, None)
    try:
        # no file in the current folder may pass for one of pip's modules; Python 3.7 knows no -P
        isolation = "-P" if python == PYTHON else "-I"
        command: list[str | Path] = [python, isolation, "-m", "pip", verb, *pip.QUIET_OPTIONS, *arguments]
        outcome = processes.run(command, tick, environment)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    if outcome.code != 0:
        raise explain(outcome, python)


def explain(outcome: processes.Outcome, python: Path = PYTHON) -> PipError:
    """The error that tells a person why pip failed."""
    failure = pip.explain(outcome.output, str(python))
    if failure is None:
        return PipError(f"pip failed: {pip.last_line(outcome.output) or 'nothing'}.", "")
    return PipError(
        failure.sentence,
        failure.advice,
        # in the other cases pip gives up before it has changed anything that is installed
        harmless=failure.cause is not pip.Cause.DISK_FULL,
        missing=failure.cause in _MISSING,
    )
