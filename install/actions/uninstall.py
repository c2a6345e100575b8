"""``uninstall``: lists what RetouchML has put on this machine, asks, and removes it."""

import argparse
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from install import running_daemon
from install.actions.base import Action, Part
from install.checkout import IS_PACKAGED, SET_UP_COPIES, TOP
from install.console import Console
from install.data_folders import Folders, find_folders
from install.errors import InstallError


class Uninstall(Action):
    """Removes one part or all; the checkout itself always stays."""

    summary = "list what was installed, ask, and remove it"
    replaces_environment = True

    def __init__(self, parts: Mapping[str, Part]) -> None:
        self._parts = parts

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare what can be removed, and the answer to the question."""
        parser.add_argument(
            "part", nargs="?", choices=sorted(self._parts), help="remove just that (default: everything)"
        )
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def run(self, arguments: argparse.Namespace, console: Console) -> int:
        """List what there is with sizes, ask, remove. Raises InstallError."""
        folders = find_folders()
        parts = [self._parts[arguments.part]] if arguments.part else list(self._parts.values())
        entries = [(part, path) for part in parts for path in part.installed(folders)]
        if not entries:
            console.say("There is nothing to remove.")
            return 0
        for part, path in entries:
            check_removable(path)
            console.say(f"{_size(path) / 1e6:9.1f} MB  {part.title}: {path}")
        if not arguments.yes and not _user_agrees(console):
            console.say("Nothing was removed.")
            return 1
        if any(part.used_by_daemon for part in parts):
            running_daemon.stop(console)
        for part, path in entries:
            part.remove(path, console)
        _remove_empty(folders)
        own = "The command itself goes with `pip uninstall retouchml`, or as it came." if IS_PACKAGED else ""
        console.say(f"Removed. {own or f'{TOP} itself is yours to delete.'}")
        return 0


def check_removable(path: Path) -> None:
    """Raises InstallError if ``path`` holds the checkout or the user's home: a folder was set wrongly."""
    target = path.resolve()
    # a copy of the set-up that runs this is ours to remove, unlike a checkout
    is_around = target in (TOP, *TOP.parents) and path != SET_UP_COPIES
    if is_around or target == Path.home():
        raise InstallError(
            f"{path} holds more than RetouchML's files, and is not removed.", "Check RETOUCHML_HOME."
        )


def _user_agrees(console: Console) -> bool:
    try:
        return input("Remove all that? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        console.say()
        return False


def _remove_empty(folders: Folders) -> None:
    for folder in (folders.data, folders.config.parent, folders.data.parent, folders.cache.parent):
        # RETOUCHML_HOME, or a folder of the system's that others use too and that then is not empty
        if folder.name == "retouchml" or os.environ.get("RETOUCHML_HOME"):
            with suppress(OSError):
                folder.rmdir()


def _size(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    if path.is_symlink() or path.is_file():
        return path.lstat().st_size
    total = 0
    for parent, _, names in os.walk(path):
        for name in names:
            with suppress(OSError):
                info = (Path(parent) / name).lstat()
                total += info.st_size if stat.S_ISREG(info.st_mode) else 0
    return total
