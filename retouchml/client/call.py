"""A request under way, and later its result."""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from retouchml.client import protocol
from retouchml.client.answers import Frames, ProgressNote
from retouchml.errors import DaemonLost, RetouchError
from retouchml.progress import Progress

if TYPE_CHECKING:
    from retouchml.client.client import Client

Result = TypeVar("Result")
Parse = Callable[[Mapping[str, Any], Frames], Result]
"""Makes a result from the fields and the data frames of an answer."""
RESTART = "`retouchml daemon restart` replaces it."
TRY_OR_RESTART = f"Try again; if that does not help, {RESTART}"
"""What to do about a daemon that does not answer."""
_POLL_SECONDS = 0.25


class Call(Generic[Result]):
    """A request under way, and later its result.

    Callbacks, which may be set until the answer arrives: on_progress(stage, fraction, remaining),
    on_preview(result), on_done(call).
    """

    def __init__(
        self,
        client: "Client",
        id_: int,
        parse: Parse[Result],
        patience: float,
        uploaded: int = 0,
        advice: str = TRY_OR_RESTART,
    ) -> None:
        """patience: seconds without a sign that the daemon knows this request, after which it is lost;
        uploaded: bytes; advice: if the daemon does not answer in time
        """
        self.id = id_
        self.uploaded = uploaded
        self.on_progress: Progress | None = None
        self.on_preview: Callable[[Result], None] | None = None
        self.on_done: Callable[[Call[Result]], None] | None = None
        self._client = client
        self._parse = parse
        self.patience = patience
        self._advice = advice
        self._heard_at, self.was_heard = time.monotonic(), False
        self._result: Result | None = None
        self._error: RetouchError | None = None
        self.done = False

    def result(self, timeout: float | None = None) -> Result:
        """Wait for the answer; raises its error. It ends whatever happens to the daemon.

        timeout: seconds, after which the request is cancelled and DaemonLost raised
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self.done:
            wait = _POLL_SECONDS if deadline is None else min(_POLL_SECONDS, deadline - time.monotonic())
            if wait <= 0:
                self.cancel()
                self.fail(DaemonLost(f"The daemon did not answer within {timeout:g} s.", self._advice))
                break
            self._client.process(wait)
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]  # set, as done without an error

    @property
    def error(self) -> RetouchError | None:
        """The error that ended it."""
        return self._error

    def cancel(self) -> None:
        """Ask the daemon to stop the work; the call ends with Cancelled, unless its answer is under way."""
        if not self.done:
            self._client.cancel(self.id)

    def hear(self, now: float) -> None:
        """Note a sign that the daemon knows this request."""
        self._heard_at, self.was_heard = now, True

    def is_forgotten(self, now: float) -> bool:
        """Whether the daemon, though it may be heard, does not know this request any more."""
        return now - self._heard_at > self.patience

    def handle(self, type_: str, fields: Mapping[str, Any], frames: Frames) -> None:
        """Handle a message that belongs to this call."""
        if self.done:
            return
        try:
            if type_ == "progress" and self.on_progress is not None:
                note = ProgressNote.from_fields(fields)
                self.on_progress(note.stage, note.fraction, note.remaining)
            elif type_ == "preview" and self.on_preview is not None:
                self.on_preview(self._parse(fields, frames))
            elif type_ == "result":
                self._result = self._parse(fields, frames)
                self._end()
            elif type_ == "error":
                self.fail(protocol.error_from(fields))
        except RetouchError as error:
            self.fail(error)

    def fail(self, error: RetouchError) -> None:
        """End with an error."""
        if not self.done:
            self._error = error
            self._end()

    def _end(self) -> None:
        self.done = True
        self._client.remove_call(self.id)
        if self.on_done is not None:
            self.on_done(self)
