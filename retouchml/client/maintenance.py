"""What an editor's settings page does: commands of the installed project, and the cache of faces.

The plug-ins carry the light package without the command line, so a command runs in the project's own Python.
It may take minutes: call it in a thread of its own.
"""

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from retouchml import paths
from retouchml.client.launch import find_interpreter
from retouchml.errors import DaemonAbsent
from retouchml.system.file_names import INSTALL_RECORD
from retouchml.system.files import changeable_by_others
from retouchml.system.processes import CREATION_FLAGS, clean_environment

DIAGNOSTICS = ("doctor", "--report")
"""The command whose output a person sends with a question."""
_CACHES = ("searches", "inversions", "paths")  # folders of the cache that hold what is known of faces
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
    installer = _installer()
    if installer is not None:
        return _run((str(installer), plug_in), _SECONDS)
    return _run(("-m", "retouchml", "setup", plug_in), _SECONDS)


def set_up_again() -> Output:
    """Repair the installed project, or bring it up to date. Raises as ``run``.

    Where the Python of a checkout is gone, another one of this machine runs its installer.
    """
    try:
        find_interpreter()
    except DaemonAbsent:
        installer, python = _installer(), shutil.which("python3")
        is_own = changeable_by_others(paths.data_dir() / INSTALL_RECORD) is None
        if installer is None or python is None or not is_own:
            raise
        return _call([python, str(installer), "demo"], clean_environment(), _SECONDS)
    installer = _installer()
    return _run(("-m", "retouchml", "setup") if installer is None else (str(installer), "demo"), _SECONDS)


def _installer() -> "Path | None":
    """The folder ``install`` of the checkout that is installed; None if it is none."""
    try:
        content = json.loads((paths.data_dir() / INSTALL_RECORD).read_text(encoding="utf-8"))
        installer = Path(content["checkout"], "install")
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return installer if (installer / "__main__.py").is_file() else None


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
