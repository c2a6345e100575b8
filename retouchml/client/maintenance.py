"""What an editor's settings page does: commands of the installed project, and the cache of faces.

The plug-ins carry the light package without the command line, so a command runs in the project's own Python.
It may take minutes: call it in a thread of its own.
"""

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from retouchml import paths
from retouchml.client.launch import find_interpreter, refuse_if_changeable
from retouchml.errors import DaemonAbsent
from retouchml.set_up_command import set_up_again as advice_to_set_up_again
from retouchml.system.file_names import INSTALL_RECORD
from retouchml.system.files import read_bounded
from retouchml.system.processes import CREATION_FLAGS, clean_environment

_CACHES = ("searches", "inversions", "paths")  # folders of the cache that hold what is known of faces
_CHECKOUT, _LIGHT = "checkout", "setup"  # names in the record of the folders that may have an installer
_LONGEST_RECORD = 1 << 16  # bytes
_SECONDS = 3600.0  # that a command may take: models are large


@dataclass(frozen=True)
class Output:
    """What a command printed. succeeded: whether its exit code was 0."""

    succeeded: bool
    text: str


def run(arguments: Sequence[str], seconds: float = _SECONDS) -> Output:
    """Run ``retouchml`` with these arguments. Raises DaemonAbsent or Refused if it is not installed."""
    return _run(("-m", "retouchml", *arguments), seconds)


def update(plug_in: str) -> Output:
    """Put the installed project's plug-in into an editor, such as "krita". Raises as ``run``."""
    find_interpreter()  # it checks that nobody else may write the record
    installer = _installer(_CHECKOUT)
    if installer is not None:
        return _run((str(installer), plug_in), _SECONDS)
    return _run(("-m", "retouchml", "setup", plug_in), _SECONDS)


def set_up_again() -> Output:
    """Make the installed project's environment anew, and fetch what is missing. Raises as ``run``.

    The environment's own Python may be gone, and is replaced; so the installer runs in the one that it was
    made with, or in another of this machine.
    """
    from retouchml.setup import python  # which loads http: no editor needs that to start

    own, reason = "", None
    try:
        own = find_interpreter()[0][0]
    except DaemonAbsent as error:
        reason = error
    command = _repair()
    if command is None:
        raise reason or DaemonAbsent(
            f"{_record()} does not name the set-up that RetouchML came from.", advice_to_set_up_again()
        )
    chosen = (python.base_interpreter(own) if own else "") or python.find(brought=paths.data_dir() / "python")
    if not chosen:
        raise python.missing()
    refuse_if_changeable(Path(chosen))
    # this Python's bytecode has no business beside the installer, which may lie in an editor's plug-in
    environment = clean_environment(PYTHONSAFEPATH="1", PYTHONDONTWRITEBYTECODE="1")
    return _call([chosen, *command], environment, _SECONDS)


def _repair() -> "list[str] | None":
    """The installer and its arguments that make the environment anew; None if there is none."""
    for place, action in ((_CHECKOUT, "demo"), (_LIGHT, "engine")):
        installer = _installer(place)
        if installer is not None:
            return [str(installer), action, "--repair"]
    return None


def _installer(place: str) -> "Path | None":
    """The folder ``install`` below the folder that the record names; None if there is none.

    place: its name in the record. Raises Refused if other users may change what would be run.
    """
    try:
        content = json.loads(read_bounded(_record(), _LONGEST_RECORD).decode("utf-8"))
        installer = Path(content[place], "install")
    except (OSError, ValueError, KeyError, TypeError):
        return None
    main = installer / "__main__.py"
    if not installer.is_absolute() or not main.is_file():
        return None
    # a checkout that was deleted in /tmp or a group's folder may be there again, and be somebody else's
    refuse_if_changeable(_record(), main)
    return installer


def _record() -> Path:
    return paths.data_dir() / INSTALL_RECORD


def _run(arguments: Sequence[str], seconds: float) -> Output:
    """Run the project's interpreter."""
    command, environment = find_interpreter()
    return _call([*command, *arguments], environment, seconds)


def _call(command: Sequence[str], environment: Mapping[str, str], seconds: float) -> Output:
    try:
        ended = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=Path.home().anchor,
            env={**environment, "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1"},
            creationflags=CREATION_FLAGS,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        text = (error.stdout or b"").decode("utf-8", "replace")
        return Output(False, text)
    except OSError as error:
        raise DaemonAbsent(
            f"{command[0]} cannot be run: {error.strerror}.", "Run `retouchml doctor`: it says what is wrong."
        ) from error
    return Output(ended.returncode == 0, ended.stdout.decode("utf-8", "replace").strip())


def cache_bytes() -> int:
    """The size of what is kept of faces."""
    total = 0
    for path in _cached():
        with contextlib.suppress(OSError):  # deleted meanwhile
            total += path.stat().st_size
    return total


def clear_cache() -> None:
    """Delete what is kept of faces; a photograph that was open before takes as long as a new one then."""
    for path in _cached():
        with contextlib.suppress(OSError):  # in use, or deleted meanwhile
            path.unlink()


def _cached() -> Iterator[Path]:
    for name in _CACHES:
        with contextlib.suppress(OSError), os.scandir(paths.cache_dir() / name) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    yield Path(entry.path)
