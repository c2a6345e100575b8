"""The places for workers: what runs there, and what ``status`` tells of it."""

import time

from daemon.jobs import Job
from daemon.worker_process import WorkerProcess
from retouchml.client.status import WorkerStatus


class Slot:
    """The place for one worker on one device."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.worker: WorkerProcess | None = None
        self.job: Job | None = None
        self.restarts = 0
        self.idle_since = time.monotonic()

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
