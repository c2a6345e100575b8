"""A picture that is retouched elsewhere than in the main thread, and what does so: ``lanes``, ``cluster``."""

from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from typing import Any, Protocol

from retouchml.cli.context import Context
from retouchml.cli.interrupt import ThreadInterrupt
from retouchml.cli.output_files import OutputFiles
from retouchml.cli.retouch import Outcome
from retouchml.progress import Progress

_POLL_SECONDS = 0.1


class Made(Protocol):
    """A retouched picture that is not written yet."""

    def write(
        self, files: OutputFiles, context: Context, *, force: bool, before: Callable[[], None], claim: str
    ) -> Outcome:
        """Write all its files, or none; as ``retouch.write``."""


@dataclass
class Ride:
    """A picture on its way. note: its newest progress, which another thread may show."""

    note: "tuple[str, float, float | None] | None" = None
    done: "Future[Made]" = field(default_factory=Future)

    def progress(self, stage: str, fraction: float, remaining: float | None) -> None:
        """Note the progress, in whichever thread."""
        self.note = stage, fraction, remaining

    def result(self, interrupt: ThreadInterrupt, show: Progress) -> Made:
        """What became of it, in the main thread, which shows its progress. Raises its error, or Cancelled."""
        shown = None
        with interrupt.main.polled():
            while not self.done.done():
                interrupt.check()
                if self.note is not None and self.note != shown:
                    shown = self.note
                    show(*shown)
                wait([self.done], _POLL_SECONDS)
            return self.done.result()


class Pool(Protocol):
    """What retouches several pictures at once. count: how many"""

    count: int

    def submit(self, files: OutputFiles, read: "Future[Any]") -> Ride:
        """Retouch a picture whose file is being read."""

    def wait(self, ride: Ride, show: Progress) -> Made:
        """As ``Ride.result``."""

    def close(self) -> None:
        """Stop what is under way."""
