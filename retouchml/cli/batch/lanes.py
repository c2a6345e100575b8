"""Several pictures at the daemon at once: so all its workers have work, and none waits for a transfer.

Each lane is a thread with a connection of its own. There is one more than the daemon has workers, so that a
picture is sent while the others are computed. The result of a picture does not depend on its lane.
"""

import queue
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from retouchml.cli.backend import Backend, Companion
from retouchml.cli.context import Context
from retouchml.cli.output_files import OutputFiles
from retouchml.cli.retouch import Options, Rendered, render
from retouchml.errors import Busy
from retouchml.progress import Progress

if TYPE_CHECKING:
    from pipeline.pictures import Picture

_POLL_SECONDS = 0.1
_BUSY_SECONDS = 600.0  # others may have much to do; then the picture fails
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0


@dataclass(frozen=True)
class Maker:
    """What made a picture, for its report: a lane's backend may be at the next picture by then."""

    model: str
    device: str


@dataclass
class Ride:
    """A picture in a lane. note: its newest progress, which another thread may show."""

    note: "tuple[str, float, float | None] | None" = None
    done: "Future[tuple[Rendered, Maker]]" = field(default_factory=Future)

    def progress(self, stage: str, fraction: float, remaining: float | None) -> None:
        """Note the progress; called in the lane."""
        self.note = stage, fraction, remaining


class Lanes:
    """The lanes of one batch."""

    def __init__(self, backends: Sequence[Backend], options: Options, context: Context) -> None:
        """backends: one for each lane."""
        self._options = options
        self._interrupt = context.interrupt.in_thread()
        self._context = replace(context, interrupt=self._interrupt)
        self._free: queue.SimpleQueue[Backend] = queue.SimpleQueue()
        for backend in backends:
            self._free.put(backend)
        self.count = len(backends)
        self._threads = ThreadPoolExecutor(self.count, "lane")

    def submit(self, files: OutputFiles, picture: "Future[Picture]") -> Ride:
        """Retouch a picture that is being read, once a lane is free."""
        ride = Ride()
        ride.done = self._threads.submit(self._retouch, files, picture, ride.progress)
        return ride

    def wait(self, ride: Ride, show: Progress) -> tuple[Rendered, Maker]:
        """What became of a picture, in the thread that shows its progress. Raises its error, or Cancelled."""
        shown = None
        with self._interrupt.main.polled():
            while not ride.done.done():
                if ride.note is not None and ride.note != shown:
                    shown = ride.note
                    show(*shown)
                wait([ride.done], _POLL_SECONDS)
            return ride.done.result()

    def close(self) -> None:
        """Stop what is under way, and end the threads."""
        self._interrupt.stop()
        self._threads.shutdown(cancel_futures=True)

    def _retouch(
        self, files: OutputFiles, picture: "Future[Picture]", progress: Progress
    ) -> tuple[Rendered, Maker]:
        read = picture.result()
        backend = self._free.get()
        try:
            rendered = self._patiently(
                lambda: render(files, read, self._options, backend, self._context, progress)
            )
            return rendered, Maker(backend.model, backend.device)
        finally:
            if isinstance(backend, Companion):
                backend.release()
            self._free.put(backend)

    def _patiently(self, work: Callable[[], Rendered]) -> Rendered:
        """The result of ``work``, begun again while the daemon has too much to do for others."""
        end, pause = time.monotonic() + _BUSY_SECONDS, _FIRST_PAUSE
        while True:
            self._interrupt.check()
            try:
                return work()
            except Busy:
                if time.monotonic() > end:
                    raise
            self._interrupt.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
