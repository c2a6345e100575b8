"""How the daemon starts more of itself: with which interpreter, and in which environment."""

import os
import sys
from pathlib import Path

_CHECKOUT = str(Path(__file__).parents[1])


def command(*arguments: str) -> list[str]:
    """A command that runs this interpreter.

    On Windows the python.exe of a virtual environment only starts the real one, whose pid would be unknown
    here; the real one is told by its environment where it would have been started from, as
    ``multiprocessing`` does (bpo-35797).
    """
    return [_base() or sys.executable, *arguments]


def environment() -> dict[str, str]:
    """For a Python that is to find this project: the daemon may run from a checkout that is not installed."""
    given = os.environ.get("PYTHONPATH", "")
    search = given
    if given.split(os.pathsep)[0] != _CHECKOUT:
        search = os.pathsep.join(filter(None, [_CHECKOUT, given]))
    # safe: of the folder in which it happens to start, nothing is to be imported
    variables = {**os.environ, "PYTHONPATH": search, "PYTHONSAFEPATH": "1"}
    if _base():
        variables["__PYVENV_LAUNCHER__"] = sys.executable
    return variables


def _base() -> str:
    """The interpreter behind that of a virtual environment on Windows; "" where there is none to be told."""
    base: str = getattr(sys, "_base_executable", "")
    return base if sys.platform == "win32" and base != sys.executable else ""
