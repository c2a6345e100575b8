"""Ctrl-C as a cancel flag for long work.

At the first SIGINT, work that polls an ``Interrupt`` (a ``progress.Cancel``) stops by itself; other work ends
with ``KeyboardInterrupt``, so that temporary files are always removed. The second SIGINT ends polling work,
too.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from retouchml.errors import Cancelled

EXIT_CODE = Cancelled.exit_code
_CLEANUP_SECONDS = 0.5


class Interrupt:
    """A flag that Ctrl-C sets; a ``progress.Cancel``."""

    def __init__(self) -> None:
        self._requested = False
        self._polled = False

    def is_set(self) -> bool:
        """Whether Ctrl-C was pressed."""
        return self._requested

    def check(self) -> None:
        """Raise Cancelled if Ctrl-C was pressed."""
        if self._requested:
            raise Cancelled("Stopped.")

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Handle SIGINT while the block runs, and restore the former handler after it.

        Does nothing outside the main thread, where Python allows no handlers, and if this process was started
        with SIGINT ignored (``nohup``, a background job of a script).
        """
        former = signal.getsignal(signal.SIGINT)
        in_main_thread = threading.current_thread() is threading.main_thread()
        if not in_main_thread or former in (None, signal.SIG_IGN):
            yield
            return
        signal.signal(signal.SIGINT, self._handle)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, former)

    @contextmanager
    def polled(self) -> Iterator["Interrupt"]:
        """A block that polls ``is_set()``, or that must not be interrupted: SIGINT raises nothing in it.

        Raises Cancelled before or after the block if SIGINT came, also if the block fails because of it: a
        child process of the same terminal receives the SIGINT, too.
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

    def _handle(self, _signal_number: int, _frame: FrameType | None) -> None:
        # A flag rather than a threading.Event, whose lock may be held by the very code that is interrupted.
        again, self._requested = self._requested, True
        if self._polled and not again:
            return
        if again:
            # Unwinding removes temporary files, but may wait for a worker thread: this bounds the wait.
            deadline = threading.Timer(_CLEANUP_SECONDS, os._exit, (EXIT_CODE,))
            deadline.daemon = True
            deadline.start()
        raise KeyboardInterrupt
