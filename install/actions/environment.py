"""The virtual environment as a part to remove. ``environment.virtual_environment`` makes it."""

import shutil
import sys
from pathlib import Path

from install import own_interpreter
from install.actions.base import Part, delete, existing
from install.checkout import LOCK, STAMP, TOP, VENV
from install.console import Console
from install.data_folders import Folders
from retouchml.system.locks import exclusive


class Environment(Part):
    """The virtual environment of this checkout, and what pip left beside it."""

    title = "virtual environment"
    used_by_daemon = True

    def installed(self, folders: Folders) -> list[Path]:  # noqa: ARG002
        """The environment, if the installer made it: others leave no lock file in theirs."""
        return existing([*([VENV] if LOCK.exists() else []), *TOP.glob("*.egg-info")])

    def remove(self, path: Path, console: Console) -> None:
        """Remove it once no other installation is at work."""
        if path != VENV:
            delete(path)
            return
        own_interpreter.check()
        waiting = "Another installation is at work in this checkout; waiting for it."
        with exclusive(LOCK, lambda: console.say(waiting)):
            # first the stamp: without it, what an interruption leaves does not pass for an environment
            STAMP.unlink(missing_ok=True)
            _empty(path)
        _remove_lock(path)


if sys.platform == "win32":  # where no open file can be deleted, and the lock goes last, by itself

    def _empty(environment: Path) -> None:
        for path in environment.iterdir():
            if path != LOCK:
                delete(path)

    def _remove_lock(environment: Path) -> None:
        LOCK.unlink()
        environment.rmdir()
else:

    def _empty(environment: Path) -> None:
        shutil.rmtree(environment)

    def _remove_lock(_environment: Path) -> None:
        pass
