"""Sends answers, progress and pings to the daemon's clients; nothing else sends to them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from daemon.jobs import Job
from daemon.scheduler import JobEvent
from daemon.sessions import Sessions
from daemon.sockets import ClientKey, ClientLost
from daemon.worker_messages import JobFailed, JobPreview, JobProgress
from retouchml.client import protocol, versions
from retouchml.client.messages import Open
from retouchml.client.protocol import Header
from retouchml.errors import RetouchError

Send = Callable[[ClientKey, bytes, Sequence[memoryview]], None]
"""Sends a header frame and data frames; raises ClientLost."""


class AnswerSender:
    """Sends answers and pings to clients, and drops the sessions of clients that are lost."""

    def __init__(self, send: Send, sessions: Sessions) -> None:
        self._send_frames = send
        self._sessions = sessions

    def reply(self, client: ClientKey, request: Header, fields: Mapping[str, Any]) -> None:
        """Answer a request that needs no worker."""
        self._send(client, request.version, "result", request.id, fields)

    def refuse(self, client: ClientKey, request_id: int, error: RetouchError) -> None:
        """Answer a request that was not accepted; it may not even be readable."""
        self._send(client, versions.VERSION, "error", request_id, protocol.error_fields(error))

    def deliver(self, event: JobEvent) -> None:
        """Send the client what a job's event means for it."""
        job, message = event.job, event.message
        if isinstance(message, JobFailed):
            self.fail(job, message.error)
        elif isinstance(message, JobProgress):
            if not job.answered:
                self._send(job.client, job.version, "progress", job.request_id, message.note.fields())
        elif isinstance(message, JobPreview):
            if job.answered:
                return
            # By its pixels, too: before a face is tuned, it is quick twice, at first as it was guessed.
            key = message.key(event.frames)
            if key not in job.previews:
                job.previews.add(key)
                self._send(job.client, job.version, "preview", job.request_id, message.answer, event.frames)
        elif self._finish(job):
            self._send(job.client, job.version, "result", job.request_id, message.answer, event.frames)
            self._sessions.tidy(job.client)

    def fail(self, job: Job, error: RetouchError) -> None:
        """Answer a job with an error, unless it was answered; a photo that could not be opened is freed."""
        if not self._finish(job):
            return
        self._send(job.client, job.version, "error", job.request_id, protocol.error_fields(error))
        session = self._sessions.get(job.client)
        if session is not None and isinstance(job.request, Open) and job.photo is not None:
            self._sessions.free(session, job.photo)
        self._sessions.tidy(job.client)

    def give_up(self, job: Job) -> None:
        """Answer a job whose answer cannot be sent, whatever was sent of it already."""
        job.answered = False
        self.fail(job, unexpected())

    def ping(self, now: float) -> None:
        """Send the pings that are due, with the open requests; a lost client is noticed here, too."""
        for session in self._sessions:
            if now - session.pinged_at >= protocol.PING_SECONDS:
                session.pinged_at = now
                header = protocol.encode("ping", 0, {"open": sorted(session.jobs)})
                try:
                    self._send_frames(session.client, header, [])
                except ClientLost:
                    self._sessions.drop(session.client)

    def next_ping(self) -> float | None:
        """The moment (monotonic) at which the next ping is due; None if there is no client."""
        return min((each.pinged_at + protocol.PING_SECONDS for each in self._sessions), default=None)

    def _finish(self, job: Job) -> bool:
        """Mark a job as answered; False if it was answered before."""
        if job.answered:
            return False
        job.answered = True
        session = self._sessions.get(job.client)
        if session is not None:
            session.jobs.pop(job.request_id, None)
        return True

    def _send(
        self,
        client: ClientKey,
        version: int,
        type_: str,
        request_id: int,
        fields: Mapping[str, Any],
        frames: Sequence[memoryview] = (),
    ) -> None:
        try:
            header = protocol.encode(type_, request_id, fields, version)
        except RetouchError as error:  # the answer is too large
            header = protocol.encode("error", request_id, protocol.error_fields(error), version)
            frames = ()
        try:
            self._send_frames(client, header, frames)
        except ClientLost:
            self._sessions.drop(client)


def unexpected() -> RetouchError:
    """The error for what should never happen."""
    return RetouchError("This should not have happened.", "`retouchml daemon logs` has the details.")
