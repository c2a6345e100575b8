"""Tells whether a worker hangs: its process is stopped, or a driver or a file system never answers it.

A worker that does a job sends a heartbeat every second, from a thread of its own (Paranoid Pirate, ZeroMQ's
guide, chapter 4). Silence alone does not mean death, since native code may hold Python's lock for long, nor
does a heartbeat alone mean progress, since the job may wait for a device for ever. So a limit counts only
while the process does nothing at all: it neither computes, nor reads, nor fills memory. ``job_seconds`` and
the limits for a start and for a cancelled job count in any case.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from daemon.activity import Activity, activity_of
from daemon.options import DaemonOptions

_LOADING = "load"  # the stage in which a cancel waits for a model, which the next job needs, too
_SILENT_SECONDS = 5.0
_LONGEST_SLEEP = 15.0  # of the server; after more, the machine was suspended, or the server stopped


@dataclass
class _Quiet:
    """The time since something was heard, and what the process had done by the middle of ``limit``."""

    limit: float  # seconds
    since: float
    middle: tuple[float, Activity] | None = None

    def end(self, now: float) -> None:
        """Something was heard."""
        self.since, self.middle = now, None

    def is_over(self, now: float, activity: Callable[[], Activity]) -> bool:
        """Whether the limit is over, and the process did nothing in its second half."""
        half = self.limit / 2
        if now - self.since < half:
            return False
        if self.middle is None:
            self.middle = now, activity()
            return False
        at, earlier = self.middle
        if now - at < half:
            return False
        current = activity()
        self.middle = now, current
        return not current.is_work_since(earlier, now - at)

    def next_check(self) -> float:
        """The moment (monotonic) at which ``is_over`` may have something new to say."""
        return (self.since if self.middle is None else self.middle[0]) + self.limit / 2


class Watchdog:
    """Watches one worker from its start to its end; all moments are monotonic seconds."""

    def __init__(
        self, options: DaemonOptions, pid: int, now: float, activity: Callable[[int], Activity] = activity_of
    ) -> None:
        self._options = options
        self._pid = pid
        self._activity = activity
        self._ready = False
        self._working = False
        self._started_at = self._began_at = now
        self._cancelled_at: float | None = None
        self._loading = False
        self._heard = _Quiet(options.silence_seconds, now)
        self._progressed = _Quiet(options.stall_seconds, now)
        self._checked_at = now

    def ready(self, now: float) -> None:
        """The worker has started."""
        self._ready = True
        if self._cancelled_at is not None:
            self._cancelled_at = now  # it could not stop before it started
        self._restart(now)

    def begin(self, now: float) -> None:
        """It was given a job."""
        self._working, self._cancelled_at, self._loading = True, None, False
        self._restart(now)

    def end(self) -> None:
        """Its job has ended."""
        self._working = False

    def cancel(self, now: float) -> None:
        """Its job was cancelled, and should end soon."""
        if self._cancelled_at is None:
            self._cancelled_at = now

    def hear(self, now: float) -> None:
        """It sent any message."""
        self._heard.end(now)

    def progress(self, now: float, stage: str, fraction: float) -> None:
        """It told how far its job is."""
        self._progressed.end(now)
        loading = stage == _LOADING and fraction < 1.0
        if self._loading and not loading and self._cancelled_at is not None:
            self._cancelled_at = now
        self._began_at, self._loading = now, loading

    def is_silent(self) -> bool:
        """Whether it has a job, and was not heard for some seconds; its heartbeats come every second."""
        longest = min(_SILENT_SECONDS, self._options.silence_seconds / 2)
        return self._ready and self._working and time.monotonic() - self._heard.since > longest

    def verdict(self, now: float) -> str:
        """Why the worker must be ended, as the end of a sentence; "" while all is well."""
        slept, self._checked_at = now - self._checked_at > _LONGEST_SLEEP, now
        if slept:
            self._started_at = now
            self._cancelled_at = self._cancelled_at and now
            self._restart(now)
        options = self._options
        if not self._ready:
            return "did not start in time" if now - self._started_at >= options.start_seconds else ""
        if not self._working:
            return ""
        cancelled_for = 0.0 if self._cancelled_at is None else now - self._cancelled_at
        if cancelled_for >= options.cancel_seconds and not self._loading:
            return "did not stop when it was asked to"
        if now - self._began_at >= options.job_seconds:
            return "got no further with its work"
        if self._heard.is_over(now, self._current):
            return "stopped answering"
        if self._progressed.is_over(now, self._current):
            return "waits for something that never comes"
        return ""

    def next_check(self) -> float | None:
        """The moment at which ``verdict`` may have something new to say; None if none is due."""
        options = self._options
        if not self._ready:
            return min(self._started_at + options.start_seconds, self._checked_at + _LONGEST_SLEEP / 2)
        if not self._working:
            return None
        moments = [
            self._heard.next_check(),
            self._progressed.next_check(),
            self._began_at + options.job_seconds,
            self._checked_at + _LONGEST_SLEEP / 2,
        ]
        if self._cancelled_at is not None and not self._loading:
            moments.append(self._cancelled_at + options.cancel_seconds)
        return min(moments)

    def _current(self) -> Activity:
        return self._activity(self._pid)

    def _restart(self, now: float) -> None:
        self._began_at = now
        self._heard.end(now)
        self._progressed.end(now)
