"""Hands a command to the engine's own ``retouchml``, where the engine is not installed beside this one.

It is the same command line, in the engine's environment: it gets the terminal, and its exit code is ours.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from retouchml import engine
from retouchml.errors import DaemonAbsent
from retouchml.set_up_command import set_up_again

HERE = ("doctor", "edits", "presets", "remote", "setup")
"""Commands that need no engine."""


def is_needed(arguments: Sequence[str]) -> bool:
    """Whether a command line is for the engine, and the engine is elsewhere."""
    if engine.is_beside() or not arguments:
        return False
    command, *rest = arguments
    if command.startswith("-") or command in HERE:
        return False
    # help is here, too, if only in short for what the engine itself declares
    return not any(word in ("-h", "--help") for word in rest) or _can_run()


def run(arguments: Sequence[str]) -> int:
    """Run it with the engine's Python; on POSIX it takes the place of this process.

    Raises DaemonAbsent if there is no engine, or Refused if others may change what would be run.
    """
    from retouchml.client import launch

    command, environment = launch.find_interpreter()
    if _is_this_environment(command[0]):  # it would hand over to itself for ever
        raise DaemonAbsent(
            "The engine's own files are missing or damaged.", "Run `retouchml setup --repair`."
        )
    command = [*command, "-m", "retouchml", *arguments]
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "posix":
        try:
            os.execve(command[0], command, environment)  # noqa: S606 (the very point)
        except OSError as error:
            raise DaemonAbsent(f"{command[0]} cannot be run: {error.strerror}.", set_up_again()) from error
    return subprocess.run(command, env=environment, check=False).returncode


def _is_this_environment(python: str) -> bool:
    return Path(python).parent.parent.resolve() == Path(sys.prefix).resolve()


def _can_run() -> bool:
    from retouchml.client import launch
    from retouchml.errors import RetouchError

    try:
        launch.find_interpreter()
    except RetouchError:
        return False
    return True
