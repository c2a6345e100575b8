"""The books: clients, photos and jobs, and every answer that leaves."""

import itertools
import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from daemon.jobs import Client, Job, JobQueue, Photo
from daemon.options import Options
from daemon.pool import Pool
from daemon.sockets import ClientKey, ClientLost
from retouchml.client import protocol
from retouchml.client.protocol import Header
from retouchml.errors import Busy, Cancelled, DaemonStopping, RetouchError

_log = logging.getLogger(__name__)

Send = Callable[[ClientKey, bytes, list[memoryview]], None]


class Ledger:
    """Fulfils ``pool.Answers``. ``send`` raises ClientLost; ``log`` is the workers' own."""

    def __init__(self, options: Options, send: Send, log: Path) -> None:
        self.queue = JobQueue(options)
        self.pool = Pool(options, self.queue, self, log)
        self.clients: dict[ClientKey, Client] = {}
        self.stopping = False
        self._options = options
        self._send_to = send
        self._numbers = itertools.count(1)

    # what workers answer (pool.Answers)

    def progress(self, job: Job, fields: dict[str, Any]) -> None:
        """Pass it on."""
        if not job.answered:
            self.send(job.client.key, job.version, "progress", job.request, fields)

    def preview(self, job: Job, fields: dict[str, Any], frames: list[memoryview]) -> None:
        """Pass it on, once."""
        if not job.answered and not job.previewed:
            job.previewed = True
            self.send(job.client.key, job.version, "preview", job.request, fields, frames)

    def result(self, job: Job, fields: dict[str, Any], frames: list[memoryview]) -> None:
        """Pass it on."""
        if self._finish(job):
            if job.kind == "open" and job.photo is not None:
                fields = {**fields, "photo": job.photo.name}
            self.send(job.client.key, job.version, "result", job.request, fields, frames)
            self.tidy(job.client.key)

    def error(self, job: Job, error: RetouchError) -> None:
        """Pass it on; a photo that could not be opened is freed."""
        if self._finish(job):
            self.send(job.client.key, job.version, "error", job.request, protocol.error_fields(error))
            if job.kind == "open" and job.photo is not None:
                self.free(job.client, job.photo)
            self.tidy(job.client.key)

    # what the server's clock asks for

    def ping(self, now: float) -> None:
        """Tell every client that somebody is here, and notice who is not."""
        header = protocol.encode("ping", 0)
        for client in list(self.clients.values()):
            if now - client.pinged_at >= protocol.PING_SECONDS:
                client.pinged_at = now
                try:
                    self._send_to(client.key, header, [])
                except ClientLost:
                    self._drop(client)

    def next_ping(self) -> float | None:
        """When (monotonic) the next is due."""
        moments = [client.pinged_at + protocol.PING_SECONDS for client in self.clients.values()]
        return min(moments, default=None)

    def stop(self) -> None:
        """Take nothing new, and end what waits."""
        self.stopping = True
        for job in self.queue.remove(lambda _: True):
            self.error(job, stopping())

    def cancel_all(self) -> None:
        """End what runs."""
        for _, job in list(self.pool.running()):
            self.error(job, Cancelled("The daemon is leaving and could not wait for this."))
            self.pool.cancel(job)

    def is_idle(self) -> bool:
        """Whether nobody waits for anything."""
        return not len(self.queue) and all(job.answered for _, job in self.pool.running())

    # bookkeeping

    def add(
        self,
        client: Client,
        header: Header,
        place: int,
        model: str,
        photo: Photo | None,
        fields: Any,
        *,
        device: str = "",
        faces: frozenset[int] = frozenset(),
        uploading: bool = False,
    ) -> Job:
        """A new job in the queue. Raises DaemonStopping or Busy."""
        if self.stopping:
            raise stopping()
        self.queue.check_room(client)
        job = Job(
            number=next(self._numbers),
            client=client,
            request=header.id,
            version=header.version,
            kind=header.type,
            fields=dict(fields),
            place=place,
            model=model,
            device=device,
            photo=photo,
            faces=faces,
            uploading=uploading,
        )
        client.jobs[header.id] = job
        self.queue.add(job)
        return job

    def end(self, jobs: Iterable[Job], error: RetouchError) -> None:
        """Answer jobs with ``error`` and stop whatever is done for them."""
        for job in list(jobs):
            self.queue.remove(lambda other, job=job: other is job)  # type: ignore[misc]
            for _, running in self.pool.running():
                if running is job or running.heir is job:
                    running.heir = None
                    self.pool.cancel(running)
            self.error(job, error)

    def free(self, client: Client, photo: Photo) -> None:
        """Let go of a photo's memory, here and in the worker."""
        client.photos.pop(photo.name, None)
        self.pool.forget(photo)
        if photo.block is not None:
            photo.block.close()
            photo.block = None

    def _finish(self, job: Job) -> bool:
        """Note that a job is answered; False where it was already."""
        if job.answered:
            return False
        job.answered = True
        job.client.jobs.pop(job.request, None)
        return True

    def _drop(self, client: Client) -> None:
        """A client is gone: stop its jobs, free its photos."""
        if self.clients.pop(client.key, None) is None:
            return
        _log.info("a client left with %d photos and %d jobs", len(client.photos), len(client.jobs))
        for job in list(client.jobs.values()):
            job.answered = True
        self.queue.remove(lambda job: job.client is client)
        for _, running in self.pool.running():
            if running.client is client:
                running.heir = None
                self.pool.cancel(running)
        for photo in list(client.photos.values()):
            self.free(client, photo)

    def client(self, key: ClientKey) -> Client:
        """The client at a connection, a new one if need be. Raises Busy."""
        client = self.clients.get(key)
        if client is None:
            if len(self.clients) >= self._options.clients:
                raise Busy("Too many programs use the daemon at once.", "Close one of them.")
            client = self.clients[key] = Client(key, pinged_at=time.monotonic())
        return client

    def check_store(self, size: int, client: Client | None) -> None:
        """Raise Busy where a photo of ``size`` bytes has no room."""
        photos = [photo for each in self.clients.values() for photo in each.photos.values()]
        total = sum(photo.picture.size for photo in photos) + size
        mine = len(client.photos) if client else 0
        if (
            len(photos) >= self._options.photos
            or mine >= self._options.photos_of_client
            or total > self._options.photo_bytes
        ):
            raise Busy("The daemon holds as many pictures as it may.", "Close one of them.")

    def place_for(self, device: str) -> int:
        """The place that is to take new work: on ``device`` where there is one, with the fewest photos."""
        counts = [0] * len(self.pool.places)
        for client in self.clients.values():
            for photo in client.photos.values():
                counts[photo.place] += 1
        fitting = [index for index, place in enumerate(self.pool.places) if place.device == device]
        return min(fitting or range(len(counts)), key=lambda index: counts[index])

    def tidy(self, key: ClientKey) -> None:
        """Forget a connection that has neither photos nor jobs."""
        client = self.clients.get(key)
        if client is not None and not client.photos and not client.jobs:
            del self.clients[key]

    def send(
        self,
        key: ClientKey,
        version: int,
        type_: str,
        id_: int,
        fields: dict[str, Any],
        frames: list[memoryview] | None = None,
    ) -> None:
        """Send an answer; a client that is not there any more is dropped."""
        try:
            header = protocol.encode(type_, id_, fields, version)
        except RetouchError as error:
            header, frames = protocol.encode("error", id_, protocol.error_fields(error), version), None
        try:
            self._send_to(key, header, frames or [])
        except ClientLost:
            client = self.clients.get(key)
            if client is not None:
                self._drop(client)


def stopping() -> DaemonStopping:
    """The error for whatever comes too late."""
    return DaemonStopping("The daemon is about to leave.", "Start it again: `retouchml daemon start`.")
