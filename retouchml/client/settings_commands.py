"""The commands that an editor's settings have a button for, and the button that sets RetouchML up again."""

from collections.abc import Sequence
from dataclasses import dataclass

from retouchml.translation import marked

_LOG_LINES = "200"


@dataclass(frozen=True)
class Command:
    """A button that runs ``retouchml`` with these arguments. copies: what it says goes into the clipboard"""

    title: str
    arguments: Sequence[str]
    copies: bool = False


MODELS = ("models", "list")
COMMANDS = (
    Command(marked("Models"), MODELS),
    Command(marked("Fetch missing models"), ("models", "fetch")),
    Command(marked("Verify models"), ("models", "verify")),
    Command(marked("State"), ("daemon", "status")),
    Command(marked("Restart the background program"), ("daemon", "restart")),
    Command(marked("Log"), ("daemon", "logs", "-n", _LOG_LINES)),
    Command(marked("Copy diagnostics"), ("doctor", "--report"), copies=True),
)
SET_UP_AGAIN = marked("Set up again")
SET_UP_AGAIN_TIP = marked("Make the part that does the work anew; models that are here stay")
_SETS_UP = ("demo", "setup")
"""What follows the name of a program that sets RetouchML up: the button does more than these."""


def has_button(command: str) -> bool:
    """Whether a button does what a command does, which is given without its program, as "daemon logs"."""
    return command in _SETS_UP or any(command == _words(each) for each in COMMANDS if not each.copies)


def _words(command: Command) -> str:
    """The command without its options."""
    options = (place for place, word in enumerate(command.arguments) if word.startswith("-"))
    return " ".join(command.arguments[: next(options, None)])
