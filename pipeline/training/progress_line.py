"""The progress of training, as lines on standard error."""

import sys
import time


class ProgressLine:
    """A progress line, printed once every few seconds at most."""

    def __init__(self, title: str, every: float = 5.0) -> None:
        """every: seconds."""
        self._title = title
        self._every = every
        self._start = time.monotonic()
        self._last = 0.0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._last < self._every:
            return
        self._last = now
        remaining = f", {(now - self._start) / done * (total - done):.0f} s remain" if done else ""
        sys.stderr.write(f"{self._title}: {done} of {total}{remaining}\n")
        sys.stderr.flush()
