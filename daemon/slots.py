"""The places for workers: what runs there, and what ``status`` tells of it."""

import time

from daemon.jobs import Job
from daemon.worker_process import WorkerProcess
from retouchml.client.status import WorkerStatus

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0  # seconds


class Slot:
    """The place for one worker on one device.

    Where workers end before they are ready, time after time, there is a pause before the next one is started:
    after the second failure, twice as long each time, up to a minute.
    """

    def __init__(self, device: str) -> None:
        self.device = device
        self.worker: WorkerProcess | None = None
        self.job: Job | None = None
        self.restarts = 0
        self.idle_since = time.monotonic()
        self._failed_starts = 0
        self._pause_ends = 0.0

    def start_succeeded(self) -> None:
        """A worker is ready."""
        self._failed_starts, self._pause_ends = 0, 0.0

    def start_failed(self, now: float) -> None:
        """A worker ended before it was ready, or could not be started."""
        self._failed_starts += 1
        if self._failed_starts > 1:
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(self._failed_starts - 2, 30))
            self._pause_ends = now + pause

    def pause(self, now: float) -> float:
        """Seconds until a worker may be started again."""
        return max(0.0, self._pause_ends - now)

    def status(self) -> WorkerStatus:
        """Its part of the answer to ``status``."""
        worker = self.worker
        if worker is None:
            return WorkerStatus(self.device, "absent", restarts=self.restarts)
        working = "silent" if worker.watchdog.is_silent() else "busy"
        state = "starting" if not worker.ready else working if self.job is not None else "idle"
        return WorkerStatus(
            device=self.device,
            state=state,
            pid=worker.pid,
            memory=worker.usage.memory,
            device_memory=worker.usage.device_memory,
            models=worker.usage.models,
            photos=len(worker.photos),
            restarts=self.restarts,
        )
