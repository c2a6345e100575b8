"""The daemon that may run out of this checkout: it has to leave before what it uses is removed."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from install import processes
from install.checkout import PYTHON
from install.console import Console
from install.data_folders import Folders

USES = ("environment", "models", "cache", "run")
"""Parts of an installation that a running daemon holds on to."""


def stop(console: Console) -> None:
    """End the daemon of this user's home, if one runs; an environment too broken to do so is only told of."""
    if not PYTHON.is_file():
        return
    outcome = processes.run([PYTHON, "-m", "retouchml", "daemon", "stop"], log=False)
    if outcome.code != 0:
        console.complain(f"The daemon could not be asked to leave: {outcome.last_line}")


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


def folder(folders: Folders) -> list[Path]:
    """Where its socket and logs lie, if that is not in the cache anyway."""
    if os.environ.get("RETOUCHML_HOME"):
        return [folders.cache.parent / "run"]
    given = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    return [given / "retouchml"] if given.is_absolute() else []
