"""The workers, one for each device: gives them jobs, passes on their answers, replaces those that die."""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from daemon.channel import ChannelClosed, Message
from daemon.jobs import Job, JobQueue, Photo
from daemon.memory.blocks import Block
from daemon.options import Options
from daemon.worker_process import WorkerProcess
from retouchml.client import protocol
from retouchml.errors import RetouchError, WorkerLost

_log = logging.getLogger(__name__)
_ATTEMPTS = 2
_FINISHED = ("done", "failed")


class Answers(Protocol):
    """Where answers go; a job that was answered already is to be left alone."""

    def progress(self, job: Job, fields: dict[str, Any]) -> None: ...
    def preview(self, job: Job, fields: dict[str, Any], frames: list[memoryview]) -> None: ...
    def result(self, job: Job, fields: dict[str, Any], frames: list[memoryview]) -> None: ...
    def error(self, job: Job, error: RetouchError) -> None: ...


class Place:
    """A device, and the worker on it while there is one."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.worker: WorkerProcess | None = None
        self.job: Job | None = None
        self.restarts = 0
        self.idle_since = time.monotonic()

    @property
    def state(self) -> str:
        """For ``status``."""
        if self.worker is None:
            return "absent"
        if not self.worker.ready:
            return "starting"
        return "busy" if self.job is not None else "idle"


class Pool:
    """All places."""

    def __init__(self, options: Options, queue: JobQueue, answers: Answers, log: Path) -> None:
        self.places = [Place(device) for device in options.devices]
        self._options = options
        self._queue = queue
        self._answers = answers
        self._log = log
        self._leaving: list[WorkerProcess] = []

    def running(self) -> Iterator[tuple[Place, Job]]:
        """Jobs that workers are at, answered or not."""
        return ((place, place.job) for place in self.places if place.job is not None)

    def channels(self) -> dict[int, Place]:
        """Descriptors to poll."""
        return {place.worker.channel.fileno(): place for place in self.places if place.worker is not None}

    def dispatch(self) -> None:
        """Give every idle worker its next job, starting workers as needed."""
        for index, place in enumerate(self.places):
            while place.job is None:
                job = self._queue.take(index)
                if job is None:
                    break
                self._give(place, job)

    def cancel(self, job: Job, *, keep: bool = False) -> None:
        """Stop a running job; ``keep`` lets its preparation end first."""
        for place, running in self.running():
            if running is job and place.worker is not None:
                with contextlib.suppress(ChannelClosed):
                    place.worker.send({"type": "cancel", "job": job.number, "keep": keep})

    def forget(self, photo: Photo) -> None:
        """Let the worker drop a photo."""
        worker = self.places[photo.place].worker
        if worker is not None and photo.name in worker.holds:
            worker.holds.discard(photo.name)
            with contextlib.suppress(ChannelClosed):
                worker.send({"type": "forget", "photo": photo.name})

    def read(self, place: Place) -> None:
        """Take what a worker has sent."""
        worker = place.worker
        if worker is None:
            return
        try:
            for message in worker.receive():
                self._take(place, worker, message)
        except ChannelClosed:
            self._lost(place)

    def tick(self, now: float) -> None:
        """Unload workers that have been idle long enough; reap those that leave."""
        self._leaving = [worker for worker in self._leaving if not worker.is_gone()]
        keep_alive = self._options.keep_alive
        for index, place in enumerate(self.places):
            if place.worker is None or place.job is not None or keep_alive < 0:
                continue
            if now - place.idle_since >= keep_alive and not self._queue.waits_for(index):
                _log.info("worker %d on %s is unloaded", place.worker.pid, place.device)
                self._leaving.append(place.worker)
                place.worker.leave()
                place.worker = None

    def next_event(self) -> float | None:
        """The moment (monotonic) at which ``tick`` has something to do."""
        moments = [time.monotonic() + 0.1] if self._leaving else []
        if self._options.keep_alive >= 0:
            idle = [place for place in self.places if place.worker is not None and place.job is None]
            moments += [place.idle_since + self._options.keep_alive for place in idle]
        return min(moments, default=None)

    def stop(self, seconds: float) -> None:
        """End all workers within so long."""
        workers = [place.worker for place in self.places if place.worker is not None]
        for worker in workers:
            worker.leave()
        deadline = time.monotonic() + seconds
        for worker in [*workers, *self._leaving]:
            worker.wait(max(0.05, deadline - time.monotonic()))

    def _give(self, place: Place, job: Job) -> None:
        if place.worker is None:
            try:
                place.worker = WorkerProcess(place.device, self._options.backend, self._log)
            except OSError as error:
                _log.error("no worker could be started: %s", error)
                self._answers.error(job, WorkerLost(f"No worker could be started: {error.strerror}."))
                return
            _log.info("worker %d starts on %s", place.worker.pid, place.device)
        place.job = job
        job.attempts += 1
        message: dict[str, Any] = {
            "type": "job",
            "job": job.number,
            "kind": job.kind,
            "fields": job.fields,
            "photo": job.photo.name if job.photo else "",
            "model": job.model,
            "device": job.device,
        }
        blocks: list[Block] = []
        photo = job.photo
        if photo is not None and photo.block is not None and photo.name not in place.worker.holds:
            message["picture"] = photo.picture.fields()
            blocks = [photo.block]
            place.worker.holds.add(photo.name)
        try:
            place.worker.send(message, blocks)
        except ChannelClosed:
            self._lost(place)

    def _take(self, place: Place, worker: WorkerProcess, arrived: Message) -> None:
        message, blocks = arrived
        block = blocks[0] if blocks else None
        try:
            worker.usage = message.get("usage", worker.usage)
            self._grow(worker)
            if message["type"] == "ready":
                worker.ready = True
            job = place.job
            if job is None or message.get("job") != job.number:
                return
            if message["type"] in _FINISHED:
                place.job = None
                place.idle_since = time.monotonic()
            self._pass_on(job, message, block)
        finally:
            if block:
                block.close()

    def _pass_on(self, job: Job, message: dict[str, Any], block: Block | None) -> None:
        type_ = message["type"]
        if type_ == "progress":
            fields = {name: message[name] for name in ("stage", "fraction", "remaining")}
            self._answers.progress(job.heir or job, fields)
        elif type_ == "failed":
            self._answers.error(job, protocol.error_from(message))
        elif type_ in ("done", "preview"):
            deliver: Callable[..., None] = self._answers.result
            if type_ == "preview":
                deliver = self._answers.preview
            deliver(job, message["fields"], _split(block, message["sizes"]))

    def _grow(self, worker: WorkerProcess) -> None:
        """Where several GPUs turn out to be there, "auto" means all of them."""
        devices = worker.usage.get("devices", [])
        if self._options.device == "auto" and len(self.places) == 1 and len(devices) > 1:
            self.places[0].device = devices[0]
            self.places += [Place(device) for device in devices[1:]]

    def _lost(self, place: Place) -> None:
        worker, job = place.worker, place.job
        place.worker, place.job = None, None
        place.restarts += 1
        place.idle_since = time.monotonic()
        if worker is not None:
            _log.warning("worker %d on %s died", worker.pid, place.device)
            worker.kill()
            self._leaving.append(worker)
        if job is None or job.answered:
            return
        if job.attempts < _ATTEMPTS:
            self._queue.put_back(job)
        else:
            self._answers.error(
                job,
                WorkerLost(
                    "The process that retouches died twice at this.",
                    "`retouchml daemon logs` may say why; perhaps the machine is short of memory.",
                ),
            )


def _split(block: Block | None, sizes: list[int]) -> list[memoryview]:
    if block is None:
        return []
    data = block.map()
    frames, start = [], 0
    for size in sizes:
        frames.append(data[start : start + size])
        start += size
    return frames
