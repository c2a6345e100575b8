"""The editor's event loop, as far as the plug-in needs it, and the guard around everything that it calls.

An exception that leaves a slot opens a window with a traceback in Krita, so none may.
"""

import functools
import logging
from collections.abc import Callable
from typing import Any, Protocol

Function = Callable[[], None]


class Handle(Protocol):
    """Something that can be stopped."""

    def stop(self) -> None: ...


class Loop(Protocol):
    """What controller and connection ask of an event loop; ``qt_loop.QtLoop`` in Krita."""

    def later(self, function: Function) -> None: ...
    def after(self, milliseconds: int, function: Function) -> Handle: ...
    def every(self, milliseconds: int, function: Function) -> Handle: ...
    def watch(self, descriptor: int, function: Function) -> Handle: ...


class Guard:
    """Hands exceptions to ``report`` in place of the editor."""

    def __init__(self) -> None:
        self.report: Callable[[Exception], None] = lambda _: None
        self._is_reporting = False

    def __call__(self, slot: Callable[..., Any]) -> Callable[..., None]:
        """The slot, made safe."""

        @functools.wraps(slot)
        def safe(*arguments: Any) -> None:
            try:
                slot(*arguments)
            except Exception as error:  # the last place where it can be caught
                self._tell(error)

        return safe

    def _tell(self, error: Exception) -> None:
        # what goes wrong while an error is shown must not be shown the same way
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
