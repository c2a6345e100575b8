"""Ctrl-C, and the other signals that ask a process to stop, as a cancel flag for long work.

At the first signal, work that polls an ``Interrupt`` (a ``progress.Cancel``) stops by itself; other work ends
with ``KeyboardInterrupt``, so that temporary files are always removed. The second signal ends polling work,
too. Whoever sends another signal than Ctrl-C's may not be there to send a second: work that does not listen
to it is ended after a while.
"""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from retouchml.errors import Cancelled

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""Ctrl-C, ``kill`` or a shutdown, a closed terminal, and on Windows Ctrl-Break or a closed window."""
_CLEANUP_SECONDS = 0.5
_PATIENCE_SECONDS = 5.0  # systemd's shortest usual time to stop is 10


class Interrupt:
    """A flag that such a signal sets; a ``progress.Cancel``."""

    def __init__(self) -> None:
        self._requested = False
        self._polled = False
        self._exit_code = Cancelled.exit_code
        self._patience: threading.Timer | None = None

    @property
    def exit_code(self) -> int:
        """The exit code of a command that was stopped: 128 and the number of the signal, as in a shell."""
        return self._exit_code

    def is_set(self) -> bool:
        """Whether a signal asked to stop."""
        return self._requested

    def check(self) -> None:
        """Raise Cancelled if a signal asked to stop."""
        if self._requested:
            raise Cancelled("Stopped.")

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Handle the signals while the block runs, and restore the former handlers after it.

        Does nothing outside the main thread, where Python allows no handlers; a signal that this process was
        started with ignored (``nohup``, a background job of a script) stays ignored.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
        formers = {number: signal.getsignal(number) for number in numbers}
        formers = {number: each for number, each in formers.items() if each not in (None, signal.SIG_IGN)}
        for number in formers:
            signal.signal(number, self._handle)
        try:
            yield
        finally:
            for number, former in formers.items():
                signal.signal(number, former)
            if self._patience is not None:
                self._patience.cancel()

    @contextmanager
    def polled(self) -> Iterator["Interrupt"]:
        """A block that polls ``is_set()``, or that must not be interrupted: no signal raises anything in it.

        Raises Cancelled before or after the block if a signal came, also if the block fails because of it: a
        child process of the same terminal receives Ctrl-C, too.
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

    def in_thread(self) -> "ThreadInterrupt":
        """The same flag for work in other threads, which can be asked to stop without a signal, too."""
        return ThreadInterrupt(self)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        # A flag rather than a threading.Event, whose lock may be held by the very code that is interrupted.
        again, self._requested = self._requested, True
        if not again:
            self._exit_code = 128 + number
            if number != signal.SIGINT:
                self._patience = self._end_after(_PATIENCE_SECONDS)
        if self._polled and not again:
            return
        if again:
            # Unwinding removes temporary files, but may wait for a worker thread: this bounds the wait.
            self._end_after(_CLEANUP_SECONDS)
        raise KeyboardInterrupt

    def _end_after(self, seconds: float) -> threading.Timer:
        deadline = threading.Timer(seconds, os._exit, (self._exit_code,))
        deadline.daemon = True
        deadline.start()
        return deadline


class ThreadInterrupt(Interrupt):
    """The flag of ``main`` in other threads, where no signal raises anything."""

    def __init__(self, main: Interrupt) -> None:
        super().__init__()
        self.main = main
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Ask that work to stop."""
        self._stopped.set()

    def sleep(self, seconds: float) -> None:
        """Wait so long, or until the work is asked to stop; raises Cancelled then."""
        end = time.monotonic() + seconds
        while not self.is_set() and time.monotonic() < end:
            self._stopped.wait(min(0.1, seconds))
        self.check()

    def is_set(self) -> bool:
        """Whether a signal, or ``stop``, asked to stop."""
        return self.main.is_set() or self._stopped.is_set()

    def check(self) -> None:
        """Raise Cancelled if the work is asked to stop."""
        if self.is_set():
            raise Cancelled("Stopped.")

    @contextmanager
    def polled(self) -> Iterator["Interrupt"]:
        """A block that polls ``is_set()``; raises Cancelled before or after it if the work is to stop."""
        self.check()
        yield self
        self.check()
