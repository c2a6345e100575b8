"""The pictures of ``--ray`` that wait for a process, in their order.

A process that has a picture gets a second one, so that it reads this while it retouches the first; but none
while another process waits for its first. A picture whose process was lost gets a process for itself: if that
is lost, too, it is known which picture it was.
"""

import heapq
import itertools
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from retouchml.cli.batch.ride import Ride
from retouchml.cli.output_files import OutputFiles
from retouchml.errors import Cancelled

AT_ONCE = 2
"""Pictures that a process has at most."""


@dataclass(order=True)
class Task:
    """A picture; the order is that of the pictures. losses: processes that were lost while they had it"""

    number: int
    files: OutputFiles = field(compare=False)
    read: "Future[bytes]" = field(compare=False)
    ride: Ride = field(compare=False)
    losses: int = field(default=0, compare=False)


class Tasks:
    """The pictures that wait; several threads may ask for them."""

    def __init__(self) -> None:
        self._waiting: list[Task] = []
        self._numbers = itertools.count()
        self._idle = 0
        self._is_closed = False
        self._changed = threading.Condition()

    def add(self, files: OutputFiles, read: "Future[bytes]", ride: Ride) -> None:
        """Let a picture wait, behind the others."""
        self.again(Task(next(self._numbers), files, read, ride))

    def again(self, task: Task) -> None:
        """Let a picture wait in its old place."""
        with self._changed:
            if self._is_closed:
                task.ride.done.set_exception(Cancelled("Stopped."))
                return
            heapq.heappush(self._waiting, task)
            self._changed.notify_all()

    def first(self) -> "Task | None":
        """The next picture, for a process that has none; waits until there is one. None after ``close``."""
        with self._changed:
            self._idle += 1
            try:
                self._changed.wait_for(lambda: self._waiting or self._is_closed)
                return None if self._is_closed else heapq.heappop(self._waiting)
            finally:
                self._idle -= 1

    def further(self, held: Sequence[Task]) -> "Task | None":
        """One more picture for a process that holds some, if there is one for it now; does not wait."""
        with self._changed:
            if len(held) >= AT_ONCE or self._idle or not self._waiting or any(each.losses for each in held):
                return None
            upcoming = self._waiting[0]
            return heapq.heappop(self._waiting) if upcoming.read.done() and not upcoming.losses else None

    def refuse(self, reason: Exception) -> None:
        """Let the next one fail."""
        with self._changed:
            if self._waiting:
                heapq.heappop(self._waiting).ride.done.set_exception(reason)

    def close(self) -> None:
        """Wait no more; all that wait are cancelled."""
        with self._changed:
            self._is_closed = True
            for task in self._waiting:
                task.ride.done.set_exception(Cancelled("Stopped."))
            self._waiting.clear()
            self._changed.notify_all()
