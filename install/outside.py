"""Goes on outside of the environment that a command changes, where it was started from within.

The engine's environment has a copy of the light package, so its own ``retouchml setup`` can be typed. A
repair, an update or a removal would take away the files that it runs from. So the set-up that made the
environment does the work, or, where that is gone, a copy of these files in the data folder. The copy stays
for as long as nothing else can make the environment anew.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from install import own_interpreter
from install.checkout import ENGINE_RECORD, IS_PACKAGED, SET_UP_COPIES, SOURCE, TOP, VENV
from install.console import Console
from install.environment import engine_wheel
from install.errors import InstallError
from install.user_folders import default_folders
from retouchml.system.files import changeable_by_others
from retouchml.system.processes import clean_environment

_INSTALLER = "install"
_PACKAGE = "retouchml"


def is_elsewhere() -> bool:
    """Whether this installer lies outside of the environment that it changes."""
    return not (IS_PACKAGED and TOP.is_relative_to(VENV.resolve()))


def run(arguments: Sequence[str], console: Console, *, replaces: bool) -> int:
    """Run the installer with these arguments from outside; its exit code.

    On POSIX it takes the place of this process.

    replaces: whether it may delete the environment. Raises InstallError where the system does not let it,
    with the command that does.
    """
    python = getattr(sys, "_base_executable", None) or sys.executable
    command = [python, str(_set_up(console) / _INSTALLER), *arguments]
    # the program that was typed lies there, and waits for this one
    if replaces and not own_interpreter.can_be_deleted():
        raise InstallError(
            "This command runs in the environment that it would replace, which Windows does not allow.",
            f"Run this in place of it: {subprocess.list2cmdline(command)}",
        )
    if Path.cwd().is_relative_to(VENV.resolve()):  # a folder that may be gone soon
        os.chdir(default_folders().data)
    environment = clean_environment(PYTHONDONTWRITEBYTECODE="1")
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "posix":
        os.execve(python, command, environment)  # noqa: S606 (the very point)
    return subprocess.run(command, env=environment, check=False).returncode


def drop_copies() -> None:
    """Delete the copies of a set-up that nobody needs: there is this one."""
    if SET_UP_COPIES.is_dir():
        for copy in SET_UP_COPIES.iterdir():
            if copy not in TOP.parents:
                shutil.rmtree(copy, ignore_errors=True)
        if not any(SET_UP_COPIES.iterdir()):
            SET_UP_COPIES.rmdir()


def _set_up(console: Console) -> Path:
    """The files of a set-up outside of the environment, as `TOP`."""
    recorded = _recorded()
    if recorded is not None:
        return recorded
    copy = _copy()
    console.say(f"The set-up that made the engine is gone, so a copy of this one does it: {copy}")
    return copy


def _recorded() -> Path | None:
    """Those of the set-up that made the environment; None if they are gone, or others may change them."""
    record = default_folders().record
    try:
        top = Path(json.loads(record.read_text(encoding="utf-8"))["setup"])
        main = top / _INSTALLER / "__main__.py"
        if not top.is_absolute() or top.resolve().is_relative_to(VENV.resolve()):
            return None
        is_whole = main.is_file() and (top / ENGINE_RECORD).is_file()
        if not is_whole or any(changeable_by_others(path) for path in (record, main)):
            return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return top


def _copy() -> Path:
    """A copy of this set-up, with all that it needs; the same files are copied once."""
    target = SET_UP_COPIES / hashlib.sha256(engine_wheel.project_digest().encode()).hexdigest()[:16]
    if not target.is_dir():
        SET_UP_COPIES.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=SET_UP_COPIES) as draft:
            new = Path(draft, "new")
            shutil.copytree(SOURCE / _PACKAGE, new / _PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
            for metadata in SOURCE.glob(f"{_PACKAGE}-*.dist-info/METADATA"):
                about = new / metadata.parent.name
                about.mkdir()
                shutil.copyfile(metadata, about / metadata.name)
            new.chmod(0o700)
            try:
                new.rename(target)
            except OSError:
                if not target.is_dir():  # else another set-up made the same meanwhile
                    raise
    return target / TOP.relative_to(SOURCE)
