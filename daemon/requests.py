"""Answers requests: checks them, and turns them into jobs or into an answer at once."""

import logging
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from daemon.jobs import Client, Job, Photo
from daemon.ledger import Ledger
from daemon.memory.blocks import Block
from daemon.options import Options
from daemon.sockets import ClientKey
from daemon.uploads import Uploads
from retouchml.client import messages, protocol
from retouchml.client.answers import CancelAnswer, Status, Welcome, WorkerStatus
from retouchml.client.protocol import Header
from retouchml.errors import Cancelled, LimitExceeded, PhotoUnknown, ProtocolError, RetouchError, Superseded

_log = logging.getLogger(__name__)
_STOPPED = "Stopped on request."


class Data(Protocol):
    """A frame as pyzmq gives it: its bytes stay valid while the buffer is referred to."""

    @property
    def buffer(self) -> memoryview: ...
    def __len__(self) -> int: ...


class RequestHandler:
    """``about`` gives what ``hello`` and ``status`` tell of the process itself."""

    def __init__(
        self,
        options: Options,
        ledger: Ledger,
        uploads: Uploads,
        about: Callable[[str], dict[str, Any]],
        shut_down: Callable[[], None],
    ) -> None:
        self.last_request = time.monotonic()
        self._options = options
        self._ledger = ledger
        self._uploads = uploads
        self._about = about
        self._shut_down = shut_down
        self._handlers: dict[str, Callable[[ClientKey, Header, Sequence[Data]], None]] = {
            "hello": self._hello,
            "status": self._status,
            "shutdown": self._shutdown,
            "cancel": self._cancel,
            "close": self._close,
            "open": self._open,
            "prepare": self._prepare,
            "render": self._render,
            "edits": self._edits,
        }

    def handle(self, key: ClientKey, frames: Sequence[Data]) -> None:
        """Do what a message asks, or say why not."""
        self.last_request = time.monotonic()
        head = frames[0].buffer if frames else memoryview(b"")
        try:
            if len(frames) > protocol.FRAMES:
                raise ProtocolError(f"A message has {protocol.FRAMES} frames at most.")
            header = protocol.decode(head)
            if header.type not in self._handlers:
                raise ProtocolError(f"There is no request of the type {header.type!r}.")
            client = self._ledger.clients.get(key)
            if client is not None and header.id in client.jobs:
                raise ProtocolError(f"Request {header.id} is still open.")
            self._handlers[header.type](key, header, frames[1:])
        except Exception as caught:
            error = caught
            if not isinstance(error, RetouchError):
                _log.exception("a request could not be handled")
                error = RetouchError(
                    "This should not have happened.", "`retouchml daemon logs` has the details."
                )
            self._ledger.send(
                key, protocol.VERSION, "error", protocol.id_in(head), protocol.error_fields(error)
            )
        self._ledger.tidy(key)

    # requests

    def _hello(self, key: ClientKey, header: Header, _data: Sequence[Data]) -> None:
        hello = messages.Hello.from_fields(header.fields)
        version = protocol.common_version(hello.versions)
        limits = {**protocol.LIMITS, "photos": self._options.photos, "queue": self._options.queue}
        limits["photo_bytes"] = self._options.photo_bytes
        welcome = Welcome(version, **self._about("hello"), limits=limits)
        self._reply(key, header, welcome.fields())

    def _status(self, key: ClientKey, header: Header, _data: Sequence[Data]) -> None:
        photos = [photo for client in self._ledger.clients.values() for photo in client.photos.values()]
        workers = [
            WorkerStatus(
                device=place.device,
                state=place.state,
                pid=place.worker.pid if place.worker else None,
                memory=place.worker.usage.get("memory") if place.worker else None,
                device_memory=place.worker.usage.get("device_memory") if place.worker else None,
                models=tuple(place.worker.usage.get("models", ())) if place.worker else (),
                photos=len(place.worker.holds) if place.worker else 0,
                restarts=place.restarts,
            )
            for place in self._ledger.pool.places
        ]
        status = Status(
            **self._about("status"),
            clients=len(self._ledger.clients),
            photos=len(photos),
            photo_bytes=sum(photo.picture.size for photo in photos),
            queue=len(self._ledger.queue),
            queue_limit=self._options.queue,
            keep_alive=self._options.keep_alive,
            idle_exit=self._options.idle_exit,
            service=self._options.service,
            workers=tuple(workers),
        )
        self._reply(key, header, status.fields())

    def _shutdown(self, key: ClientKey, header: Header, _data: Sequence[Data]) -> None:
        self._reply(key, header, {})
        self._shut_down()

    def _cancel(self, key: ClientKey, header: Header, _data: Sequence[Data]) -> None:
        target = messages.Cancel.from_fields(header.fields).target
        client = self._ledger.clients.get(key)
        job = client.jobs.get(target) if client else None
        if job is not None:
            self._ledger.end([job], Cancelled(_STOPPED))
        self._reply(key, header, CancelAnswer(job is not None).fields())

    def _close(self, key: ClientKey, header: Header, _data: Sequence[Data]) -> None:
        client, photo = self._photo(key, header)
        self._ledger.end([job for job in client.jobs.values() if job.photo is photo], Cancelled(_STOPPED))
        self._ledger.free(client, photo)
        self._reply(key, header, {})

    def _open(self, key: ClientKey, header: Header, data: Sequence[Data]) -> None:
        request = messages.Open.from_fields(header.fields)
        if len(data) != 1 + request.icc:
            raise ProtocolError(f"open needs {1 + request.icc} data frames, and {len(data)} came.")
        request.picture.check_frame(len(data[0]))
        if request.icc and len(data[1]) > protocol.ICC_BYTES:
            raise LimitExceeded("The ICC profile is too large.")
        self._ledger.check_store(request.picture.size, self._ledger.clients.get(key))
        client = self._ledger.client(key)
        place = self._ledger.place_for(request.device)
        model = request.model or self._options.model
        icc = bytes(data[1].buffer) if request.icc else b""
        photo = Photo(secrets.token_hex(8), request.picture, model, place, request.device, icc=icc)
        job = self._ledger.add(client, header, place, model, photo, {}, device=request.device, uploading=True)
        client.photos[photo.name] = photo

        def copied(outcome: Block | RetouchError) -> None:
            job.uploading = False
            if isinstance(outcome, RetouchError):
                self._ledger.end([job], outcome)
            elif client.photos.get(photo.name) is photo:
                photo.block = outcome
            else:  # closed, or its client left, in the meantime
                outcome.close()

        self._uploads.copy(data[0].buffer, copied)

    def _prepare(self, key: ClientKey, header: Header, _data: Sequence[Data]) -> None:
        messages.Prepare.from_fields(header.fields)
        client, photo = self._photo(key, header)
        self._ledger.add(client, header, photo.place, photo.model, photo, header.fields, device=photo.device)

    def _render(self, key: ClientKey, header: Header, _data: Sequence[Data]) -> None:
        request = messages.Render.from_fields(header.fields)
        client, photo = self._photo(key, header)
        faces = frozenset(request.looks)

        def is_older(job: Job) -> bool:
            return job.kind == "render" and job.photo is photo

        for older in self._ledger.queue.remove(is_older):
            self._ledger.error(older, _superseded())
        job = self._ledger.add(
            client,
            header,
            photo.place,
            photo.model,
            photo,
            header.fields,
            device=photo.device,
            faces=faces,
        )
        for _, running in self._ledger.pool.running():
            if not is_older(running) or (running.answered and running.heir is None):
                continue  # nothing to supersede, or cancelled already
            self._ledger.error(running, _superseded())
            keep = running.faces <= faces
            running.heir = job if keep else None
            self._ledger.pool.cancel(running, keep=keep)

    def _edits(self, key: ClientKey, header: Header, _data: Sequence[Data]) -> None:
        request = messages.ListEdits.from_fields(header.fields)
        client, place = self._ledger.client(key), self._ledger.place_for(request.device)
        model = request.model or self._options.model
        self._ledger.add(client, header, place, model, None, {}, device=request.device)

    def _photo(self, key: ClientKey, header: Header) -> tuple[Client, Photo]:
        client = self._ledger.clients.get(key)
        photo = client.photos.get(messages.photo_in(header.fields)) if client else None
        if client is None or photo is None:
            raise PhotoUnknown("This photo is not open.", "Open it again.")
        return client, photo

    def _reply(self, key: ClientKey, header: Header, fields: dict[str, Any]) -> None:
        self._ledger.send(key, header.version, "result", header.id, fields)


def _superseded() -> Superseded:
    return Superseded("A newer retouch of the same picture took the place of this one.")
