"""Advice that names a command, for people in an editor: it says where to type it."""

import contextlib
import re
import sys
from pathlib import Path

from retouchml.client import launch
from retouchml.client.settings_commands import has_button
from retouchml.errors import RetouchError
from retouchml.set_up_command import is_zip
from retouchml.translation import joined, marked, translated

_COMMAND = re.compile(r"`(retouchml|python3 install) ([^`]*)`")
_IN_TERMINAL = marked("Type the command in a terminal.")
_OF_A_ZIP = marked("Type the command in a terminal, or use the buttons in the settings of RetouchML.")
_HAS_BUTTON = marked("The settings of RetouchML have a button for it, too.")
_SCRIPTS = Path(".venv", "Scripts" if sys.platform == "win32" else "bin")


def placed(advice: str, *, by_a_button: bool = False) -> str:
    """The advice in the user's language, with the folder in which its RetouchML commands are to be typed.

    by_a_button: it is the answer of a button, which need not be pressed again
    """
    in_terminal = "terminal" in advice
    advice = translated(advice)
    if not _COMMAND.search(advice):
        return advice
    if is_zip():  # which put no command on the path, but the engine has one
        advice = _COMMAND.sub(lambda match: f"`{_of_the_engine(match[1])} {match[2]}`", advice)
        return joined(advice, _IN_TERMINAL if by_a_button else _OF_A_ZIP)
    buttons = () if in_terminal or by_a_button or not _has_buttons(advice) else (_HAS_BUTTON,)
    folder = _checkout()
    if folder is not None:  # where ``retouchml`` need not be on the path
        advice = _COMMAND.sub(lambda match: f"`{_from_folder(match[1])} {match[2]}`", advice)
        return joined(advice, marked(f"Type the command in a terminal, in the folder {folder}."), *buttons)
    return advice if in_terminal else joined(advice, _IN_TERMINAL, *buttons)


def explain(error: RetouchError, *, by_a_button: bool = False) -> str:
    """An error's sentence and what to do, for a person in an editor. by_a_button: as for `placed`"""
    return joined(error.message, placed(error.advice, by_a_button=by_a_button))


def _has_buttons(advice: str) -> bool:
    """Whether an editor's settings have a button for every command of the advice, which can be used."""
    return launch.is_installed() and all(has_button(match[2]) for match in _COMMAND.finditer(advice))


def _of_the_engine(program: str) -> str:
    """The program as a person types it who has the engine of a light set-up alone."""
    if program != "retouchml":
        return program
    with contextlib.suppress(RetouchError):
        return str(Path(launch.find_interpreter()[0][0]).with_name(program))
    return program


def _from_folder(program: str) -> str:
    return str(_SCRIPTS / program) if program == "retouchml" else program


def _checkout() -> Path | None:
    """The folder of RetouchML; None if it is not known, or has no environment of its own."""
    try:
        python = Path(launch.find_interpreter()[0][0])
    except RetouchError:
        return None
    environment = python.parent.parent
    return environment.parent if environment.name == _SCRIPTS.parts[0] else None
