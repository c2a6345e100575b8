"""Handles requests: checks them, and turns them into jobs or into an answer at once."""

import logging
import secrets
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from daemon.answer_sender import AnswerSender, unexpected
from daemon.jobs import Job
from daemon.memory.blocks import Block, no_memory
from daemon.options import DaemonOptions
from daemon.people import People
from daemon.photos import UploadedPhoto
from daemon.scheduler import Scheduler
from daemon.sessions import Session, Sessions
from daemon.sockets import ClientKey
from daemon.status import StatusReporter
from daemon.uploads import Uploads
from daemon.worker_messages import WorkRequest
from retouchml.client import messages, protocol
from retouchml.client.answers import CancelAnswer
from retouchml.client.photo_parts import Part
from retouchml.client.protocol import Header
from retouchml.errors import (
    Cancelled,
    LimitExceeded,
    PhotoUnknown,
    ProtocolError,
    Refused,
    RetouchError,
    Superseded,
)

_log = logging.getLogger(__name__)
_STOPPED = "Stopped on request."
_FOR_ADMINS = (messages.Shutdown.TYPE,)


class Frame(Protocol):
    """A frame as pyzmq gives it: its bytes stay valid while the buffer is referred to."""

    @property
    def buffer(self) -> memoryview: ...
    def __len__(self) -> int: ...


class _Asker(NamedTuple):
    """Who asks: a client, and the name of its person, "" for this user and the daemon's owner."""

    client: ClientKey
    person: str


class RequestHandler:
    """Handles the requests of all clients; one method for each type of request."""

    def __init__(
        self,
        options: DaemonOptions,
        sessions: Sessions,
        scheduler: Scheduler,
        uploads: Uploads,
        answers: AnswerSender,
        reporter: StatusReporter,
        shut_down: Callable[[], None],
    ) -> None:
        self.last_request_at = time.monotonic()
        self._options = options
        self._sessions = sessions
        self._scheduler = scheduler
        self._uploads = uploads
        self._answers = answers
        self._reporter = reporter
        self._shut_down = shut_down
        self._people = People()
        self._handlers: dict[str, Callable[[_Asker, Header, Sequence[Frame]], None]] = {
            messages.Hello.TYPE: self._hello,
            messages.GetStatus.TYPE: self._status,
            messages.Shutdown.TYPE: self._shutdown,
            messages.Cancel.TYPE: self._cancel,
            messages.Close.TYPE: self._close,
            messages.Open.TYPE: self._open,
            messages.Prepare.TYPE: self._prepare,
            messages.Render.TYPE: self._render,
            messages.ListEdits.TYPE: self._list_edits,
        }

    def handle(self, client: ClientKey, frames: Sequence[Frame], person: str = "") -> None:
        """Do what a message asks, or answer why not.

        person: the public key that it came with, "" for this user and the daemon's owner
        """
        self.last_request_at = time.monotonic()
        head = frames[0].buffer if frames else memoryview(b"")
        try:
            if len(frames) > protocol.FRAMES:
                raise ProtocolError(f"A message has {protocol.FRAMES} frames at most.")
            header = protocol.decode(head)
            name = self._name_of(person, header.type)
            if header.type not in self._handlers:
                raise ProtocolError(f"There is no request of the type {header.type!r}.")
            session = self._sessions.get(client)
            if session is not None and header.id in session.jobs:
                raise ProtocolError(f"Request {header.id} is still open.")
            self._handlers[header.type](_Asker(client, name), header, frames[1:])
        except RetouchError as error:
            self._answers.refuse(client, protocol.id_in(head), error)
        except MemoryError:
            _log.warning("there was no memory for a request")
            self._answers.refuse(client, protocol.id_in(head), no_memory())
        except Exception:
            _log.exception("a request could not be handled")
            self._answers.refuse(client, protocol.id_in(head), unexpected())
        self._sessions.tidy(client)

    def _name_of(self, person: str, request: str) -> str:
        """A person's name, "" for this user and the daemon's owner.

        Raises Refused if they may not ask that, or have no key any more.
        """
        if not person:
            return ""
        known = self._people.by_key(person)
        if known is None:
            raise Refused("Your key is not valid any more.", "Ask whoever runs the daemon for a new one.")
        if request in _FOR_ADMINS and known.role != "admin":
            raise Refused("Your key is for retouching, not for stopping the daemon.")
        return known.name

    # requests that are answered at once

    def _hello(self, asker: _Asker, header: Header, _data: Sequence[Frame]) -> None:
        hello = messages.Hello.from_fields(header.fields)
        self._answers.reply(asker.client, header, self._reporter.welcome(hello.versions).fields())

    def _status(self, asker: _Asker, header: Header, _data: Sequence[Frame]) -> None:
        self._answers.reply(asker.client, header, self._reporter.status(self._sees(asker)).fields())

    def _shutdown(self, asker: _Asker, header: Header, _data: Sequence[Frame]) -> None:
        self._answers.reply(asker.client, header, {})
        self._shut_down()

    def _cancel(self, asker: _Asker, header: Header, _data: Sequence[Frame]) -> None:
        request = messages.Cancel.from_fields(header.fields)
        session = self._sessions.get(asker.client)
        job = session.jobs.get(request.target) if session else None
        if job is not None:
            self._end(job, Cancelled(_STOPPED))
        self._answers.reply(asker.client, header, CancelAnswer(job is not None).fields())

    def _close(self, asker: _Asker, header: Header, _data: Sequence[Frame]) -> None:
        request = messages.Close.from_fields(header.fields)
        session, photo = self._find(asker.client, request.photo)
        self._close_photo(session, photo)
        self._answers.reply(asker.client, header, {})

    def _sees(self, asker: _Asker) -> "str | None":
        """Whose part of the status somebody sees: their own, None for everybody's."""
        person = self._people.by_name(asker.person) if asker.person else None
        return None if not asker.person or (person is not None and person.role == "admin") else asker.person

    # requests that a worker does

    def _open(self, asker: _Asker, header: Header, data: Sequence[Frame]) -> None:
        request = messages.Open.from_fields(header.fields)
        if len(data) != 1 + request.icc:
            raise ProtocolError(f"open needs {1 + request.icc} data frames, and {len(data)} came.")
        base = self._find(asker.client, request.base)[1] if request.base else None
        parts_before = _parts_of(base, request)
        request.check_frame(len(data[0]), parts_before)
        if request.icc and len(data[1]) > protocol.ICC_BYTES:
            raise LimitExceeded("The ICC profile is too large.")
        size, pixels = request.picture.size, request.picture.width * request.picture.height
        size += sum(part.size for part in (*parts_before, *request.parts))
        self._sessions.check_room(size + sum(map(len, data[1:])), *asker, pixels, base)
        session = self._sessions.begin(*asker)
        photo = UploadedPhoto(
            name=secrets.token_hex(8),
            picture=request.picture,
            model=request.model or self._options.model,
            slot=self._sessions.choose_slot(request.device),
            device=request.device,
            icc=bytes(data[1].buffer) if request.icc else b"",
            at=request.at,
            scorer=request.scorer or self._options.scorer,
            parts=(*parts_before, *request.parts),
        )
        before = base.block.map() if base is not None and base.block is not None else memoryview(b"")
        job = _job_for(photo, asker.client, header, request)
        job.uploading = True
        self._submit(session, job)
        session.photos[photo.name] = photo
        if base is not None:  # its place is taken: there are never both
            self._close_photo(session, base)

        def copied(outcome: Block | RetouchError) -> None:
            job.uploading = False
            if isinstance(outcome, RetouchError):
                self._end(job, outcome)
            elif session.photos.get(photo.name) is photo:
                photo.block = outcome
            else:  # closed, or its client was lost, in the meantime
                outcome.close()

        self._uploads.copy(data[0].buffer, copied, before)

    def _prepare(self, asker: _Asker, header: Header, _data: Sequence[Frame]) -> None:
        request = messages.Prepare.from_fields(header.fields)
        session, photo = self._find(asker.client, request.photo)
        self._submit(session, _job_for(photo, asker.client, header, request))

    def _render(self, asker: _Asker, header: Header, _data: Sequence[Frame]) -> None:
        request = messages.Render.from_fields(header.fields)
        session, photo = self._find(asker.client, request.photo)
        for older in self._scheduler.withdraw_waiting_renders(photo):
            self._answers.fail(older, _superseded())
        job = _job_for(photo, asker.client, header, request)
        self._submit(session, job)
        for older in self._scheduler.supersede(job):
            self._answers.fail(older, _superseded())

    def _list_edits(self, asker: _Asker, header: Header, _data: Sequence[Frame]) -> None:
        request = messages.ListEdits.from_fields(header.fields)
        session, slot = self._sessions.begin(*asker), self._sessions.choose_slot(request.device)
        model = request.model or self._options.model
        self._submit(
            session, Job(asker.client, header.id, header.version, request, slot, model, request.device)
        )

    def _submit(self, session: Session, job: Job) -> None:
        job.person = session.person
        self._scheduler.submit(job)
        session.jobs[job.request_id] = job

    def _close_photo(self, session: Session, photo: UploadedPhoto) -> None:
        """Stop what is done for a photo, and free it."""
        for job in list(session.jobs.values()):
            if job.photo is photo:
                self._end(job, Cancelled(_STOPPED))
        self._sessions.free(session, photo)

    def _end(self, job: Job, error: RetouchError) -> None:
        """Answer a job with an error, and stop what is done for it."""
        self._scheduler.withdraw(job)
        self._answers.fail(job, error)

    def _find(self, client: ClientKey, name: str) -> tuple[Session, UploadedPhoto]:
        """A client's session and its photo of this name. Raises PhotoUnknown."""
        session = self._sessions.get(client)
        photo = session.photos.get(name) if session else None
        if session is None or photo is None:
            raise PhotoUnknown("This photo is not open.", "Open it again.")
        return session, photo


def _parts_of(base: UploadedPhoto | None, request: messages.Open) -> tuple[Part, ...]:
    """The parts of a photo's base. Raises ProtocolError, also while they are being copied."""
    if base is None:
        return ()
    if base.picture != request.picture or not base.parts:
        raise ProtocolError("The base is of another photograph.")
    if base.block is None:
        raise ProtocolError("The base is still being uploaded.")
    return base.parts


def _job_for(photo: UploadedPhoto, client: ClientKey, header: Header, request: WorkRequest) -> Job:
    return Job(client, header.id, header.version, request, photo.slot, photo.model, photo.device, photo)


def _superseded() -> Superseded:
    return Superseded("A newer retouch of the same picture took the place of this one.")
