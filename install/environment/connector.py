"""ZeroMQ for the Python that runs this, in a folder of the data folder: whole or not at all.

It is for a plug-in from a zip that works with another machine while no engine is on this one;
``retouchml.client.connector`` reads it. No environment is made, so a Python without ``venv`` will do.
"""

import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from install import processes
from install.checkout import ENGINE_WHEELS, SOURCE
from install.console import Console
from install.environment import requirements
from install.errors import InstallError
from install.user_folders import default_folders
from retouchml.system import pip, setup_reports
from retouchml.system.file_names import CONNECTOR, CONNECTOR_PACKAGES, CONNECTOR_RECORD
from retouchml.system.files import write_atomically

_LOOK = "import msgpack, platformdirs, zmq.utils.monitor"


def add(console: Console) -> Path:
    """Fetch it, in place of the one that is there; its folder. Raises InstallError or OSError."""
    folder = default_folders().data / CONNECTOR
    folder.parent.mkdir(parents=True, exist_ok=True)
    waiting = "Another set-up is at work; waiting for it."
    with (
        processes.exclusive(folder.with_name(f"{CONNECTOR}.lock"), lambda: console.say(waiting), remove=True),
        TemporaryDirectory(prefix=f"{CONNECTOR}-", dir=folder.parent) as temporary,
    ):
        draft = Path(temporary, "new")
        packages = draft / CONNECTOR_PACKAGES
        packages.mkdir(parents=True)
        draft.chmod(0o755)
        with console.step(setup_reports.CONNECTOR_STEP, arrivals=packages) as tick:
            _fetch(packages, Path(temporary), tick)
            _look(packages, tick)
        record = {"python": os.path.realpath(sys.executable)}
        write_atomically(draft / CONNECTOR_RECORD, (json.dumps(record, indent=2) + "\n").encode(), 0o644)
        if folder.exists():
            folder.rename(Path(temporary, "old"))
        draft.rename(folder)
    return folder


def _fetch(packages: Path, temporary: Path, tick: Callable[[], None]) -> None:
    folders = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))
    environment = processes.environment(**folders, PIP_USER="0")
    for name in ("PIP_PREFIX", "PIP_ROOT"):
        environment.pop(name, None)
    listed = requirements.arguments(requirements.EDITORS)
    command = [sys.executable, "-I", *_pip(), "install", "--target", packages, "--no-deps"]
    outcome = processes.run([*command, *pip.QUIET_OPTIONS, *listed], tick, environment)
    if outcome.code == 0:
        return
    failure = pip.explain(outcome.output, sys.executable)
    if failure is None:
        raise InstallError(f"pip failed: {pip.last_line(outcome.output) or 'nothing'}.")
    raise InstallError(failure.sentence, failure.advice)


def _look(packages: Path, tick: Callable[[], None]) -> None:
    """Try it: a library may not load here."""
    environment = processes.environment(PYTHONPATH=str(packages), PYTHONDONTWRITEBYTECODE="1")
    outcome = processes.run([sys.executable, "-c", _LOOK], tick, environment)
    if outcome.code != 0:
        raise InstallError(f"ZeroMQ does not work here: {outcome.last_line}")
    shutil.rmtree(packages / "bin", ignore_errors=True)


def _pip() -> list[str | Path]:
    """How this Python runs pip: the one that a zip carries, else its own. Raises InstallError."""
    if wheels := sorted((SOURCE / ENGINE_WHEELS).glob("pip-*.whl")):
        return [wheels[0] / "pip"]  # a wheel is a zip, and Python runs the code in it
    if importlib.util.find_spec("pip") is None:
        raise InstallError(f"{sys.executable} has no pip.", "Install it: python3-pip on Debian and Ubuntu.")
    return ["-m", "pip"]
