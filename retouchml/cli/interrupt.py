"""Ctrl-C as a request that long work can see and answer.

The first SIGINT asks: work that polls an ``Interrupt`` (it is the pipeline's ``cancel`` object) stops by
itself, anything else is left by ``KeyboardInterrupt``, so that temporary files are always removed. The second
SIGINT does not ask any more.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from retouchml.errors import Cancelled

EXIT_CODE = Cancelled.exit_code
_SECONDS_TO_CLEAN_UP = 0.5


class Interrupt:
    """Whether somebody pressed Ctrl-C; has ``is_set()``, as the pipeline wants of a ``cancel`` object."""

    def __init__(self) -> None:
        self._asked = False
        self._polled = False

    def is_set(self) -> bool:
        """Whether work should stop."""
        return self._asked

    def check(self) -> None:
        """Raise Cancelled if work should stop."""
        if self._asked:
            raise Cancelled("Stopped.")

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Answer SIGINT while the block runs, and give back the former handler after it.

        Does nothing outside the main thread, where Python allows no handlers, and where whoever started this
        process wants SIGINT ignored (``nohup``, a background job of a script).
        """
        former = signal.getsignal(signal.SIGINT)
        in_main_thread = threading.current_thread() is threading.main_thread()
        if not in_main_thread or former in (None, signal.SIG_IGN):
            yield
            return
        signal.signal(signal.SIGINT, self._answer)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, former)

    @contextmanager
    def polled(self) -> Iterator["Interrupt"]:
        """Mark a block that polls ``is_set()``, or that must not be cut in two: SIGINT raises nothing in it.

        Raises Cancelled before or after the block if SIGINT came, also where the block fails because of it: a
        child process of the same terminal has seen the SIGINT, too.
        """
        self.check()
        self._polled = True
        try:
            yield self
        except Cancelled:
            raise
        except Exception:
            self.check()
            raise
        finally:
            self._polled = False
        self.check()

    def _answer(self, _signal_number: int, _frame: FrameType | None) -> None:
        # A flag rather than a threading.Event, whose lock may be held by the very code that is interrupted.
        again, self._asked = self._asked, True
        if self._polled and not again:
            return
        if again:
            # Unwinding removes temporary files, but may wait for a worker thread: this bounds the wait.
            deadline = threading.Timer(_SECONDS_TO_CLEAN_UP, os._exit, (EXIT_CODE,))
            deadline.daemon = True
            deadline.start()
        raise KeyboardInterrupt
