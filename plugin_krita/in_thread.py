"""Work that would stop the editor for seconds, in a thread of its own."""

import threading
from collections.abc import Callable
from typing import TypeVar

from .event_loop import EventLoop

_POLL_MS = 80
_Said = TypeVar("_Said")


class InThread:
    """Runs functions in threads and hands over what they return, in the event loop, until it is closed."""

    def __init__(self, loop: EventLoop) -> None:
        self._loop = loop
        self._is_closed = False

    def run(self, work: Callable[[], _Said], done: Callable[[_Said], None]) -> None:
        """Call ``done`` with what ``work`` returned, which must not raise."""
        said: list[_Said] = []

        def look() -> None:
            if said or self._is_closed:
                poll.stop()
            if said and not self._is_closed:
                done(said[0])

        threading.Thread(target=lambda: said.append(work()), daemon=True, name="retouchml-settings").start()
        poll = self._loop.every(_POLL_MS, look)

    def close(self) -> None:
        """Hand over nothing any more; what runs ends by itself."""
        self._is_closed = True
