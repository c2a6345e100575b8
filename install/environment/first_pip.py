"""Puts pip into an environment that was made by a Python without ``ensurepip``.

Debian's python3 without python3-venv is such a one. A plug-in's zip carries pip's wheel, which installs
itself; elsewhere uv fetches pip from the package index.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from install import processes
from install.checkout import ENGINE_WHEELS, PYTHON, SOURCE
from install.environment import requirements
from install.processes import Outcome

_WHEELS = "pip-*.whl"


def can_come() -> bool:
    """Whether pip can be put into an environment."""
    return _carried() is not None or bool(_uv())


def add(tick: Callable[[], None]) -> Outcome:
    """Put pip into the environment of this installation, which has none."""
    wheel = _carried()
    command: list[str | Path]
    if wheel is not None:  # a wheel is a zip, and Python runs the code in it
        options = ["--no-index", "--no-deps", "--disable-pip-version-check", "--no-input"]
        command = [PYTHON, "-I", wheel / "pip", "install", *options, wheel]
        return processes.run(command, tick)
    changes = {}
    # uv does not know pip's settings
    for theirs, ours in (("UV_DEFAULT_INDEX", "PIP_INDEX_URL"), ("SSL_CERT_FILE", "PIP_CERT")):
        if os.environ.get(ours) and not os.environ.get(theirs):
            changes[theirs] = os.environ[ours]
    command = [_uv(), "pip", "install", "--python", PYTHON, *requirements.arguments(requirements.PIP)]
    return processes.run(command, tick, processes.environment(**changes))


def _carried() -> Path | None:
    return next(iter((SOURCE / ENGINE_WHEELS).glob(_WHEELS)), None)


def _uv() -> str:
    # uv names itself to the programs that it starts
    named = os.environ.get("UV", "")
    return named if Path(named).is_file() else shutil.which("uv") or ""
