"""When a request is repeated: a lost daemon may be replaced, and one that is stopping soon will be."""

import time
from collections.abc import Callable
from typing import TypeVar

from retouchml.errors import DaemonLost, DaemonStopping, PhotoUnknown, RetouchError

_STOPPING_SECONDS = 8.0  # a daemon stops within 5
_RETRY_SECONDS = 0.2
Result = TypeVar("Result")


class Retry:
    """The policy for one piece of work.

    It is repeated after the daemon, or its photo, was lost, but once only: the work itself may be what stops
    the daemon. A daemon that is stopping is waited for.

    was_lost: whether the daemon, or its photo, was lost
    """

    def __init__(self) -> None:
        self.was_lost = False
        self._stopping_deadline: float | None = None

    def delay(self, error: RetouchError) -> float | None:
        """Seconds after which to try again; None if the work has failed with ``error``."""
        if isinstance(error, DaemonStopping):
            now = time.monotonic()
            if self._stopping_deadline is None:
                self._stopping_deadline = now + _STOPPING_SECONDS
            return _RETRY_SECONDS if now <= self._stopping_deadline else None
        if isinstance(error, (DaemonLost, PhotoUnknown)) and not self.was_lost:
            self.was_lost = True
            return 0.0
        return None


def repeated(work: Callable[[], Result]) -> Result:
    """The result of ``work``, repeated as ``Retry`` says. Raises what it raised last."""
    retry = Retry()
    while True:
        try:
            return work()
        except RetouchError as error:
            delay = retry.delay(error)
            if delay is None:
                raise
        time.sleep(delay)
