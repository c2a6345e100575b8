"""How long work is watched and stopped: a progress call and an event, both optional."""

from collections.abc import Callable
from typing import Protocol

from retouchml.errors import Cancelled

Progress = Callable[[str, float, float | None], None]
"""Called with the stage's name, the fraction of it that is done and, where known, the seconds that remain."""


class CancelEvent(Protocol):
    """What ``threading.Event`` offers, and all that is needed of it."""

    def is_set(self) -> bool:
        """Whether the work is to stop."""


class _Never:
    def is_set(self) -> bool:
        return False


NEVER: CancelEvent = _Never()


def silent(stage: str, fraction: float, remaining: float | None) -> None:
    """A progress call that tells nobody."""


def check(cancel: CancelEvent) -> None:
    """Raise Cancelled if somebody asked to stop."""
    if cancel.is_set():
        raise Cancelled("Stopped on request; nothing was changed.")
