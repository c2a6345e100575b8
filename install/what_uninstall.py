"""``uninstall``: shows what RetouchML has put on this machine, asks, and removes it."""

import argparse
import os
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import what_tensorflow1
from checkout import LOCK, STAMP, TOP, VENV
from console import Console
from data_folders import Folders, find
from file_lock import exclusive
from problem import Problem

Part = tuple[str, Callable[[Folders], list[Path]]]


def _environment(_folders: Folders) -> list[Path]:
    # without the lock file, somebody else made it
    return [*([VENV] if LOCK.exists() else []), *TOP.glob("*.egg-info")]


# what can be removed: what it is, and which paths belong to it
PARTS: dict[str, Part] = {
    "environment": ("virtual environment", _environment),
    "models": ("fetched models", lambda folders: [folders.models]),
    "tensorflow1": (
        "the TensorFlow 1.15 engine",
        lambda folders: [
            what_tensorflow1.home(folders),
            what_tensorflow1.unfinished(folders),
            what_tensorflow1.lock_file(folders),
        ],
    ),
    "cache": ("inversions kept for speed", lambda folders: [folders.cache]),
    "config": ("your settings", lambda folders: [folders.config]),
    "record": ("how editors find RetouchML", lambda folders: [folders.record]),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be removed, and how not to be asked."""
    parser.add_argument(
        "part", nargs="?", choices=sorted(PARTS), help="remove just that (default: everything)"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """List what there is with sizes, ask, remove. The checkout itself always stays."""
    folders = find()
    names = [arguments.part] if arguments.part else list(PARTS)
    found = [(PARTS[name][0], path) for name in names for path in PARTS[name][1](folders) if _exists(path)]
    if not found:
        console.say("There is nothing to remove.")
        return 0
    for title, path in found:
        _check(path)
        console.say(f"{_size(path) / 1e6:9.1f} MB  {title}: {path}")
    if not arguments.yes and not _agreed():
        console.say("Nothing was removed.")
        return 1
    for _, path in found:
        _remove(path)
    for folder in (folders.data, folders.config.parent, folders.data.parent, folders.cache.parent):
        # RETOUCHML_HOME, or a folder of the system's that others use too and that then is not empty
        if folder.name == "retouchml" or os.environ.get("RETOUCHML_HOME"):
            with suppress(OSError):
                folder.rmdir()
    console.say(f"Removed. {TOP} itself is yours to delete.")
    return 0


def _agreed() -> bool:
    try:
        return input("Remove all that? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        print()
        return False


def _exists(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _check(path: Path) -> None:
    whole = path.resolve()
    if whole == TOP or whole in TOP.parents or whole == Path.home():
        raise Problem(
            f"{path} holds more than RetouchML's files, and is not removed.", "Check RETOUCHML_HOME."
        )


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path == VENV:
        with exclusive(
            LOCK, lambda: print("Another installation is at work in this checkout; waiting for it.")
        ):
            # first the stamp: without it, what an interruption leaves does not pass for an environment
            STAMP.unlink(missing_ok=True)
            shutil.rmtree(path)
    else:
        shutil.rmtree(path)


def _size(path: Path) -> int:
    if path.is_symlink() or path.is_file():
        return path.lstat().st_size
    total = 0
    for parent, _, names in os.walk(path):
        for name in names:
            with suppress(OSError):
                info = (Path(parent) / name).lstat()
                total += info.st_size if stat.S_ISREG(info.st_mode) else 0
    return total
