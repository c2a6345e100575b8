"""``uninstall``: shows what RetouchML has put on this machine, asks, and removes it."""

import argparse
import os
import shutil
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from install import running_daemon
from install.actions import gimp, krita, tensorflow1
from install.checkout import LOCK, STAMP, TOP, VENV
from install.console import Console
from install.data_folders import SETTINGS, Folders, find
from install.editors import plugin_folder
from install.problem import Problem
from install.service import systemd_system
from install.service.manager import here
from retouchml.system.locks import exclusive


@dataclass(frozen=True)
class Part:
    """Something that can be removed: what it is, which paths belong to it, how one of them goes."""

    title: str
    paths: Callable[[Folders], list[Path]]
    remove: Callable[[Path], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be removed, and how not to be asked."""
    parser.add_argument(
        "part", nargs="?", choices=sorted(PARTS), help="remove just that (default: everything)"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """List what there is with sizes, ask, remove. The checkout itself always stays."""
    folders = find()
    parts = [PARTS[arguments.part]] if arguments.part else list(PARTS.values())
    found = [(part, path) for part in parts for path in part.paths(folders) if _exists(path)]
    if not found:
        console.say("There is nothing to remove.")
        return 0
    for part, path in found:
        _check(path)
        console.say(f"{_size(path) / 1e6:9.1f} MB  {part.title}: {path}")
    if not arguments.yes and not _agreed():
        console.say("Nothing was removed.")
        return 1
    if arguments.part in (None, *running_daemon.USES):
        running_daemon.stop(console)
    for part, path in found:
        part.remove(path)
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


def _remove_copy(path: Path) -> None:
    for kept in plugin_folder.remove(path):
        print(f"{kept} is not RetouchML's, and stays.")


def _remove_docker(path: Path) -> None:
    if plugin_folder.read(path) is not None:
        _remove_copy(path)
    else:
        _remove(path)
    krita.disable()


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path == VENV:
        with exclusive(
            LOCK, lambda: print("Another installation is at work in this checkout; waiting for it.")
        ):
            # first the stamp: without it, what an interruption leaves does not pass for an environment
            STAMP.unlink(missing_ok=True)
            _empty(path)
        _remove_emptied(path)
    else:
        shutil.rmtree(path)


if sys.platform == "win32":  # where no open file can be deleted, and the lock goes last, by itself

    def _empty(environment: Path) -> None:
        for inside in environment.iterdir():
            if inside != LOCK:
                _remove(inside)

    def _remove_emptied(environment: Path) -> None:
        LOCK.unlink()
        environment.rmdir()
else:

    def _empty(environment: Path) -> None:
        shutil.rmtree(environment)

    def _remove_emptied(_environment: Path) -> None:
        pass


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


def _environment(_folders: Folders) -> list[Path]:
    # without the lock file, somebody else made it
    return [*([VENV] if LOCK.exists() else []), *TOP.glob("*.egg-info")]


def _settings(folders: Folders) -> list[Path]:
    # on Windows and macOS, the folder is that of the models, too
    return [folders.config if folders.config != folders.data else folders.config / SETTINGS]


def _tensorflow1(folders: Folders) -> list[Path]:
    return [place(folders) for place in _TENSORFLOW1]


_TENSORFLOW1 = (tensorflow1.home, tensorflow1.unfinished, tensorflow1.lock_file)


def _services(_folders: Folders) -> list[Path]:
    try:
        own = [here().file()]
    except Problem:
        own = []
    return [*own, *systemd_system.files()]


def _remove_service(path: Path) -> None:
    if path.name == systemd_system.TEMPLATE:
        systemd_system.remove()
    elif path == systemd_system.CACHES:
        _remove(path)
    else:
        here().remove()


# the service first: it runs out of the environment, and keeps the cache
PARTS = {
    "service": Part("background service", _services, _remove_service),
    "environment": Part("virtual environment", _environment, _remove),
    "models": Part("fetched models", lambda folders: [folders.models], _remove),
    "tensorflow1": Part("the TensorFlow 1.15 engine", _tensorflow1, _remove),
    "cache": Part("what is kept of faces for speed", lambda folders: [folders.cache], _remove),
    "config": Part("your settings", _settings, _remove),
    "run": Part("the daemon's socket and logs", running_daemon.folder, _remove),
    "gimp": Part("filter in GIMP", lambda _folders: gimp.installed(), _remove_copy),
    "krita": Part("docker in Krita", lambda _folders: krita.installed(), _remove_docker),
    "record": Part("how editors find RetouchML", lambda folders: [folders.record], _remove),
}
