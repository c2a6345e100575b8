"""The part of the editor's event loop that the plug-in uses, and the guard around every function it calls.

In Krita, an exception that escapes from a slot opens a window with a traceback, so none may escape.
"""

import functools
import logging
from collections.abc import Callable
from typing import Any, Protocol

Function = Callable[[], None]


class Handle(Protocol):
    """A timer or a watch that can be stopped."""

    def stop(self) -> None: ...


class EventLoop(Protocol):
    """What controller and connection need of an event loop; in Krita, ``widgets.qt_event_loop``."""

    def later(self, function: Function) -> None: ...
    def after(self, milliseconds: int, function: Function) -> Handle: ...
    def every(self, milliseconds: int, function: Function) -> Handle: ...
    def watch(self, descriptor: int, function: Function) -> Handle: ...


class Guard:
    """Wraps slots so that ``report`` gets their exceptions, and the editor gets none."""

    def __init__(self) -> None:
        self.report: Callable[[Exception], None] = lambda _: None
        self._is_reporting = False

    def __call__(self, slot: Callable[..., Any]) -> Callable[..., None]:
        """The same slot without exceptions."""

        @functools.wraps(slot)
        def safe(*arguments: Any) -> None:
            try:
                slot(*arguments)
            except Exception as error:  # the last place where it can be caught
                self._report(error)

        return safe

    def _report(self, error: Exception) -> None:
        # an error while an error is shown must not be shown the same way
        if self._is_reporting:
            return
        self._is_reporting = True
        try:
            self.report(error)
        except Exception:
            logging.getLogger(__name__).exception("an error could not be shown")
        finally:
            self._is_reporting = False


guard = Guard()
