"""Several pictures at the daemon at once: so all its workers have work, and none waits for a transfer.

Each lane is a thread with a connection of its own. There is one more than the daemon has workers, so that a
picture is sent while the others are computed. The result of a picture does not depend on its lane.
"""

import queue
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from retouchml.cli.backend import Backend, Companion
from retouchml.cli.batch.ride import Made, Ride
from retouchml.cli.context import Context
from retouchml.cli.output_files import OutputFiles
from retouchml.cli.retouch import Options, Outcome, Rendered, render, write
from retouchml.errors import Busy
from retouchml.progress import Progress

if TYPE_CHECKING:
    from pipeline.pictures import Picture

_BUSY_SECONDS = 600.0  # others may have much to do; then the picture fails
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0


@dataclass(frozen=True)
class Maker:
    """What made a picture, for its report: a lane's backend may be at the next picture by then."""

    model: str
    device: str


@dataclass(frozen=True)
class Pixels:
    """A retouched picture as pixels, which are encoded as it is written; a ``Made``."""

    rendered: Rendered
    maker: Maker

    def write(
        self, files: OutputFiles, context: Context, *, force: bool, before: Callable[[], None], claim: str
    ) -> Outcome:
        """Write all its files, or none."""
        return write(files, self.rendered, self.maker, context, force=force, before=before, claim=claim)


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

    def wait(self, ride: Ride, show: Progress) -> Made:
        """What became of a picture. Raises its error, or Cancelled."""
        return ride.result(self._interrupt, show)

    def close(self) -> None:
        """Stop what is under way, and end the threads."""
        self._interrupt.stop()
        self._threads.shutdown(cancel_futures=True)

    def _retouch(self, files: OutputFiles, picture: "Future[Picture]", progress: Progress) -> Made:
        read = picture.result()
        backend = self._free.get()
        try:
            rendered = self._patiently(
                lambda: render(files, read, self._options, backend, self._context, progress)
            )
            return Pixels(rendered, Maker(backend.model, backend.device))
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
