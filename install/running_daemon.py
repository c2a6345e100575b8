"""The daemon that may run out of this checkout: whether it answers, and how it is stopped."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from install import processes
from install.checkout import PYTHON
from install.console import Console
from install.data_folders import Folders

START_SECONDS = 30.0
"""How long a service may take to answer: a first start compiles every module, perhaps from a cold disk."""


def stop(console: Console) -> None:
    """Stop this user's daemon, if one runs; says so if the environment is too broken to do it."""
    if not PYTHON.is_file():
        return
    outcome = processes.run([PYTHON, "-m", "retouchml", "daemon", "stop"], log=False)
    if outcome.code != 0:
        console.error(f"The daemon could not be stopped: {outcome.last_line}")


def answers_as_service(prefix: Sequence[str] = (), env: Mapping[str, str] | None = None) -> bool:
    """Whether a daemon answers that was started as a service.

    prefix: a command that runs the question, such as one that becomes another user
    """
    command: list[str | Path] = [*prefix, PYTHON, "-m", "retouchml", "daemon", "status", "--json"]
    outcome = processes.run(command, env=env, log=False)
    try:
        return outcome.code == 0 and json.loads(outcome.output)["service"] is True
    except (ValueError, KeyError, TypeError):
        return False


def runtime_folders(folders: Folders) -> list[Path]:
    """Where its socket and logs lie, if that is not in the cache anyway."""
    if os.environ.get("RETOUCHML_HOME"):
        return [folders.cache.parent / "run"]
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    return [runtime / "retouchml"] if runtime.is_absolute() else []
