"""The scheduler: gives jobs to workers, one at a time each, and restarts workers that are lost.

Messages of workers about jobs become events, which ``answer_sender`` turns into answers for clients.
"""

import contextlib
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path

from daemon.accounts import Accounts
from daemon.channel import ChannelClosed
from daemon.job_queue import JobQueue
from daemon.jobs import Job
from daemon.memory.blocks import Block
from daemon.options import DaemonOptions
from daemon.photos import UploadedPhoto
from daemon.slots import Slot
from daemon.sockets import ClientKey
from daemon.worker_messages import (
    Alive,
    CancelJob,
    DoJob,
    ForgetPhoto,
    FromWorker,
    JobDone,
    JobFailed,
    JobPreview,
    JobProgress,
    Ready,
    Usage,
)
from daemon.worker_process import WorkerProcess
from retouchml.client.messages import Render
from retouchml.client.photo_parts import Part
from retouchml.errors import DaemonStopping, WorkerLost
from retouchml.results import Box

_log = logging.getLogger(__name__)
_ATTEMPTS = 2
_SECONDS_BETWEEN_REAPING = 0.1
_ENDED = "ended unexpectedly"
_MALFORMED = "gave an answer that cannot be read"
_UNREACHABLE = "could not be reached"
_ADVICE_HANGS = (
    "`retouchml daemon logs` says more; perhaps a disk or the graphics driver does not answer: restart the "
    "computer, or try `--device cpu`."
)
_ADVICE_ENDED = "`retouchml daemon logs` may say why; perhaps the machine is short of memory."


@dataclass(frozen=True)
class JobEvent:
    """A message of a worker about a job, with the data frames of an answer."""

    job: Job
    message: JobProgress | JobPreview | JobDone | JobFailed
    frames: list[memoryview] = field(default_factory=list)


class Scheduler:
    """The queue of jobs, and the slots with their workers."""

    def __init__(self, options: DaemonOptions, log: Path) -> None:
        """log: the file that takes what the workers' libraries print."""
        self.slots = [Slot(device) for device in options.devices]
        self._options = options
        self._log = log
        self._queue = JobQueue(options)
        self.accounts = Accounts()
        self._stopping = False
        self._ending: list[WorkerProcess] = []

    # jobs

    def submit(self, job: Job) -> None:
        """Put a job into the queue. Raises DaemonStopping or Busy."""
        if self._stopping:
            raise stopping()
        self._queue.add(job)

    def withdraw(self, job: Job) -> None:
        """Remove a job from the queue, or stop whatever a worker does for it."""
        self._queue.remove(lambda other: other is job)
        self._stop_running([running for running in self._running() if job in (running, running.successor)])

    def withdraw_client(self, client: ClientKey) -> None:
        """Remove or stop all jobs of a client."""
        self._queue.remove(lambda job: job.client == client)
        self._stop_running([running for running in self._running() if running.client == client])

    def withdraw_waiting_renders(self, photo: UploadedPhoto) -> list[Job]:
        """Remove the renders of a photo from the queue; returns them."""
        return self._queue.remove(lambda job: job.renders(photo))

    def supersede(self, newer: Job) -> list[Job]:
        """Stop the renders of the same photo that run; returns those jobs.

        A preparation that the newer render needs, too, goes on for that one.
        """
        superseded = []
        for running in self._running():
            if not running.renders(newer.photo) or (running.answered and running.successor is None):
                continue  # nothing to supersede, or cancelled already
            keep = running.faces <= newer.faces
            running.successor = newer if keep else None
            self._cancel(running, keep=keep, newer=newer)
            superseded.append(running)
        return superseded

    def refuse_new(self) -> list[Job]:
        """Take no more jobs; returns those that waited, which are removed."""
        self._stopping = True
        return self._queue.remove(lambda _: True)

    def cancel_running(self) -> list[Job]:
        """Stop all jobs that run; returns them."""
        jobs = list(self._running())
        for job in jobs:
            self._cancel(job, keep=False)
        return jobs

    @property
    def waiting(self) -> int:
        """How many jobs wait."""
        return len(self._queue)

    def waiting_of(self, person: str) -> int:
        """How many jobs of a person wait."""
        return sum(job.person == person for job in self._queue)

    def is_idle(self) -> bool:
        """Whether no client waits for a job."""
        return not self._queue and all(job.answered for job in self._running())

    def forget(self, photo: UploadedPhoto) -> None:
        """Let the worker free a photo."""
        worker = self.slots[photo.slot].worker
        if worker is not None and photo.name in worker.photos:
            worker.photos.discard(photo.name)
            with contextlib.suppress(ChannelClosed):
                worker.send(ForgetPhoto(photo.name))

    # workers

    def channels(self) -> dict[int, Slot]:
        """The slots with a worker, by the descriptor to poll."""
        return {slot.worker.channel.fileno(): slot for slot in self.slots if slot.worker is not None}

    def dispatch(self) -> list[JobEvent]:
        """Give every idle worker its next job, and start workers as needed; returns what failed."""
        events: list[JobEvent] = []
        for index, slot in enumerate(self.slots):
            while slot.job is None:
                job = self._queue.take(index)
                if job is None:
                    break
                try:
                    events += self._give(slot, job)
                except Exception:
                    _log.exception("a job cannot be given to a worker")
                    slot.job = job
                    events += self._lost(slot, _UNREACHABLE)
        return events

    def read(self, slot: Slot) -> list[JobEvent]:
        """The events of a worker's job since the last call."""
        worker = slot.worker
        if worker is None:
            return []
        try:
            messages = worker.receive()
        except ChannelClosed:
            return self._lost(slot, _ENDED)
        except Exception:
            _log.exception("a message of a worker cannot be read")
            return self._lost(slot, _MALFORMED)
        worker.watchdog.hear(time.monotonic())
        events: list[JobEvent] = []
        try:
            for message, block in messages:
                events += self._take(slot, worker, message, block)
        except Exception:
            _log.exception("a message of a worker cannot be used")
            events += self._lost(slot, _MALFORMED)
        finally:
            for _, block in messages:
                if block is not None:
                    block.close()
        return events

    def tick(self, now: float) -> list[JobEvent]:
        """End workers that hang, or were idle for long enough; reap those that have ended.

        Returns what failed.
        """
        events: list[JobEvent] = []
        for slot in self.slots:
            reason = "" if slot.worker is None else slot.worker.watchdog.verdict(now)
            if reason:
                events += self._lost(slot, reason)
        self._ending = [worker for worker in self._ending if not worker.has_ended()]
        keep_alive = self._options.keep_alive
        for index, slot in enumerate(self.slots):
            if slot.worker is None or slot.job is not None or keep_alive < 0:
                continue
            if now - slot.idle_since >= keep_alive and not self._queue.waits_for(index):
                _log.info("worker %d on %s is unloaded", slot.worker.pid, slot.device)
                self._ending.append(slot.worker)
                slot.worker.stop()
                slot.worker = None
        return events

    def next_tick(self) -> float | None:
        """The moment (monotonic) at which ``tick`` has something to do; None if there is none."""
        moments = [time.monotonic() + _SECONDS_BETWEEN_REAPING] if self._ending else []
        if self._options.keep_alive >= 0:
            idle = [slot for slot in self.slots if slot.worker is not None and slot.job is None]
            moments += [slot.idle_since + self._options.keep_alive for slot in idle]
        checks = [slot.worker.watchdog.next_check() for slot in self.slots if slot.worker is not None]
        moments += [moment for moment in checks if moment is not None]
        return min(moments, default=None)

    def close(self, seconds: float) -> None:
        """End all workers within so long."""
        workers = [slot.worker for slot in self.slots if slot.worker is not None]
        for worker in workers:
            worker.stop()
        deadline = time.monotonic() + seconds
        for worker in [*workers, *self._ending]:
            worker.wait(max(0.05, deadline - time.monotonic()))

    def _running(self) -> Iterator[Job]:
        """Jobs that workers do, answered or not."""
        return (slot.job for slot in self.slots if slot.job is not None)

    def _stop_running(self, jobs: list[Job]) -> None:
        for job in jobs:
            job.successor = None
            self._cancel(job, keep=False)

    def _cancel(self, job: Job, *, keep: bool, newer: Job | None = None) -> None:
        worker = next(slot.worker for slot in self.slots if slot.job is job)
        if worker is not None:
            if not keep:
                worker.watchdog.cancel(time.monotonic())
            with contextlib.suppress(ChannelClosed):
                wants = newer if keep and newer is not None and newer.is_refined else None
                worker.send(CancelJob(job.number, keep, _number_and_render(wants)))

    def _give(self, slot: Slot, job: Job) -> list[JobEvent]:
        if slot.worker is None:
            now = time.monotonic()
            if pause := slot.pause(now):
                return [_failed(job, _no_start(pause))]
            try:
                slot.worker = WorkerProcess(slot.device, self._options, self._log)
            except OSError as error:
                _log.error("no worker could be started: %s", error)
                slot.start_failed(now)
                return [_failed(job, WorkerLost(f"No worker could be started: {error.strerror}."))]
            _log.info("worker %d starts on %s", slot.worker.pid, slot.device)
        slot.job = job
        slot.worker.watchdog.begin(time.monotonic())
        job.attempts += 1
        job.begun_at = time.monotonic()
        photo, picture, icc = job.photo, None, b""
        at: tuple[Box, ...] = ()
        scorer = ""
        parts: tuple[Part, ...] = ()
        blocks: list[Block] = []
        if photo is not None and photo.block is not None and photo.name not in slot.worker.photos:
            picture, icc, at = photo.picture, photo.icc, photo.at
            scorer, parts = photo.scorer, photo.parts
            blocks = [photo.block]
            slot.worker.photos.add(photo.name)
        name = photo.name if photo else ""
        try:
            place = name, job.model, job.device
            slot.worker.send(DoJob(job.number, job.request, *place, picture, icc, at, scorer, parts), blocks)
        except ChannelClosed:
            return self._lost(slot, _ENDED)
        return []

    def _take(
        self, slot: Slot, worker: WorkerProcess, message: FromWorker, block: Block | None
    ) -> list[JobEvent]:
        now = time.monotonic()
        if isinstance(message, Ready):
            worker.ready = True
            worker.watchdog.ready(now)
            slot.start_succeeded()
            return []
        if isinstance(message, Alive):
            return []
        if isinstance(message, JobDone | JobFailed):
            worker.usage = message.usage
            self._add_slots(message.usage.devices)
        job = slot.job
        if job is not None and job.successor is not None and message.job == job.successor.number:
            job = job.successor  # a preview of it, while it waits for the preparation
        if job is None or message.job != job.number:
            return []
        if isinstance(message, JobProgress):
            worker.watchdog.progress(now, message.note.stage, message.note.fraction)
            return [JobEvent(job.successor or job, message)]
        frames = _split(block, message.sizes) if isinstance(message, JobDone | JobPreview) else []
        if isinstance(message, JobDone | JobFailed):
            self.accounts.note(job.person, now - job.begun_at, failed=isinstance(message, JobFailed))
            slot.job = None
            slot.idle_since = now
            worker.watchdog.end()
        return [JobEvent(job, message, frames)]

    def _add_slots(self, devices: Sequence[str]) -> None:
        """If a worker sees several GPUs, "auto" means all of them."""
        if self._options.device == "auto" and len(self.slots) == 1 and len(devices) > 1:
            self.slots[0].device = devices[0]
            self.slots += [Slot(device) for device in devices[1:]]

    def _lost(self, slot: Slot, reason: str) -> list[JobEvent]:
        """Replace a worker, whose job is done once more or fails; reason: the end of a sentence."""
        worker, job = slot.worker, slot.job
        slot.worker, slot.job = None, None
        slot.restarts += 1
        slot.idle_since = time.monotonic()
        if worker is not None:
            _log.warning("worker %d on %s %s", worker.pid, slot.device, reason)
            if not worker.ready:
                slot.start_failed(time.monotonic())
            worker.kill()
            self._ending.append(worker)
        if job is not None:
            self.accounts.note(job.person, time.monotonic() - job.begun_at, failed=True)
        if job is None or job.answered:
            return []
        if job.attempts < _ATTEMPTS:
            self._queue.put_back(job)
            return []
        advice = _ADVICE_ENDED if reason in (_ENDED, _MALFORMED, _UNREACHABLE) else _ADVICE_HANGS
        return [_failed(job, WorkerLost(f"The retouching process {reason}, twice.", advice))]


def _number_and_render(job: Job | None) -> tuple[int, Render] | None:
    return (job.number, job.request) if job is not None and isinstance(job.request, Render) else None


def stopping() -> DaemonStopping:
    """The error for requests that come too late."""
    return DaemonStopping("The daemon is about to stop.", "Start it again: `retouchml daemon start`.")


def _no_start(pause: float) -> WorkerLost:
    return WorkerLost(
        "The retouching process ends whenever it is started.",
        f"`retouchml doctor` and `retouchml daemon logs` may say why. It is tried again in {ceil(pause)} s.",
    )


def _failed(job: Job, error: WorkerLost) -> JobEvent:
    return JobEvent(job, JobFailed(job.number, error, Usage()))


def _split(block: Block | None, sizes: Sequence[int]) -> list[memoryview]:
    if block is None:
        return []
    if min(sizes, default=0) < 0 or sum(sizes) != block.size:
        raise ValueError(f"{block.size} bytes came for frames of {sizes}")
    data = block.map()
    frames, start = [], 0
    for size in sizes:
        frames.append(data[start : start + size])
        start += size
    return frames
