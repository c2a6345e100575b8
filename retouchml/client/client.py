"""The client of the daemon, for scripts that wait, for callbacks, and for an editor's event loop.

Python 3.10 with pyzmq, msgpack and platformdirs only. In a script::

    with Client(start=True) as client:
        photo = client.open(picture, pixels).result()
        rendered = photo.render({0: Look(0.6)}).result()

In an event loop (GLib, Qt), watch ``client.fileno()`` for reading and call ``client.process()`` when it is
readable, once after each request, and every half second: the descriptor is ZeroMQ's, which tells of changes
only, and a daemon that stopped answering is noticed by the clock. Callbacks run inside ``process`` and
``result``. A client belongs to one thread.
"""

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from retouchml import __version__
from retouchml.client import connection_errors, connection_file, messages, protocol, versions
from retouchml.client.answers import (
    EditList,
    Frames,
    Opened,
    Welcome,
)
from retouchml.client.call import RESTART, TRY_OR_RESTART, Call, Parse, Result
from retouchml.client.photo_parts import Part
from retouchml.client.pixel_format import PixelFormat
from retouchml.client.remote_photo import RemotePhoto
from retouchml.client.status import Status
from retouchml.client.transport import ConnectOptions, new_transport
from retouchml.errors import Busy, Cancelled, DaemonAbsent, DaemonLost, RetouchError, VersionMismatch
from retouchml.results import Box

_HELLO_SECONDS = 10.0
REMOTE_SECONDS = 3.0
"""That a daemon on TCP has for the greeting."""
_ANSWERED_AT_ONCE = (messages.Hello, messages.GetStatus, messages.Shutdown, messages.Cancel, messages.Close)
_LARGE_UPLOAD = 1 << 20
_SLOWEST_UPLOAD = 5e6  # bytes a second, on a machine that has much else to do
_SLOWEST_REMOTE_UPLOAD = 5e5


class Client:
    """A connection to the daemon, made with the first request, and again after it was lost."""

    def __init__(
        self,
        *,
        start: bool = False,
        connection_file: Path | None = None,
        name: str = "",
        interpreter: Sequence[str] = (),
        start_options: Sequence[str] = (),
        same_version: bool = False,
        falls_back: bool = False,
    ) -> None:
        """start: start the daemon if none runs; connection_file: of a daemon on TCP; name: for its log;
        interpreter, start_options: for ``launch.start``; same_version: refuse a daemon of another version of
        RetouchML, as whoever retouches should; falls_back: to this user's own daemon while the one on TCP
        cannot be reached
        """
        file = "" if connection_file is None else str(connection_file)
        self._is_remote = connection_file is not None
        self._connection_file = connection_file
        self._remote_name = connection_file.stem if connection_file is not None else ""
        self._falls_back = falls_back
        self._options = ConnectOptions(start, file, tuple(interpreter), tuple(start_options))
        self._transport = new_transport(self._options)
        self._name = name or f"retouchml {__version__}"
        self._same_version = same_version
        self._calls: dict[int, Call[Any]] = {}
        self._ids = itertools.count(1)
        self._last_message_at = 0.0
        self._silence_limit = protocol.SILENCE_SECONDS
        self._timers: list[tuple[float, Callable[[], None]]] = []
        self.welcome: Welcome | None = None
        self.fallback_reason: RetouchError | None = None
        """Why this user's own daemon is connected in place of the one on TCP; None if it is not."""

    def another(self) -> "Client":
        """A client of the same daemon with a connection of its own, for another thread."""
        return Client(
            start=self._options.start,
            connection_file=self._connection_file,
            name=self._name,
            interpreter=self._options.interpreter,
            start_options=self._options.start_options,
            same_version=self._same_version,
            falls_back=self._falls_back,
        )

    @property
    def remote(self) -> str:
        """The name of the daemon on TCP that this is a client of, its file's; "" for this user's own."""
        return self._remote_name

    @property
    def takes_parts(self) -> bool:
        """Whether uploads take their time, over a network, and the daemon takes photos in parts."""
        features = self.welcome.features if self.welcome is not None else ()
        return self._is_remote and self._transport.is_open and versions.PARTS in features

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection; that it was lost is noticed in ``process`` only."""
        return self._transport.is_open

    def connect(self, seconds: "float | None" = None) -> None:
        """Connect now, and start the daemon if none runs and that was requested.

        seconds: that the daemon has to answer. Raises DaemonAbsent, DaemonLost, Refused or VersionMismatch;
        for a daemon on TCP they say where it is.
        """
        if self._transport.is_open:
            return
        if self._connection_file is None:
            self._connect(_HELLO_SECONDS if seconds is None else seconds)
            return
        try:
            self._aim(self._options)
            self._connect(REMOTE_SECONDS if seconds is None else seconds)
        except RetouchError as error:
            reason = connection_errors.not_connected(error, self._remote_name, self._where())
            if not self._falls_back:
                raise reason from (None if reason is error else error)
            self._aim(replace(self._options, connection_file=""))
            try:
                self._connect(_HELLO_SECONDS if seconds is None else seconds)
            except DaemonAbsent:  # perhaps there is no engine here; what the user awaits is the other machine
                raise reason from (None if reason is error else error)
            self.fallback_reason = reason

    def _aim(self, options: ConnectOptions) -> None:
        """Let the next connection be to the daemon of these options."""
        is_remote = bool(options.connection_file)
        if is_remote != self._is_remote:
            self._transport = new_transport(options)
        self._is_remote, self.fallback_reason = is_remote, None

    def _where(self) -> str:
        """HOST:PORT of a daemon on TCP; "" if its file cannot be read, or there is none."""
        if self._connection_file is None:
            return ""
        try:
            return connection_file.read(self._connection_file).endpoint.removeprefix("tcp://")
        except RetouchError:
            return ""

    def _connect(self, seconds: float) -> None:
        self._transport.open()
        self._last_message_at = time.monotonic()
        hello = messages.Hello(versions.VERSIONS, self._name)
        try:
            call = self._send(hello, lambda fields, _: Welcome.from_fields(fields), ())
            self.welcome = call.result(seconds)
            if self._same_version:
                versions.check_software(self.welcome.software)
        except BaseException:
            self._transport.close()
            raise

    def open(
        self,
        picture: PixelFormat,
        pixels: "bytes | memoryview",
        *,
        icc: bytes = b"",
        model: str = "",
        device: str = "",
        at: Sequence[Box] = (),
        scorer: str = "",
        parts: Sequence[Part] = (),
        base: str = "",
    ) -> Call[RemotePhoto]:
        """Upload a photo. ``pixels`` must not change until the answer arrives.

        at: places of faces that the search may miss; model, device, scorer: "" for the daemon's own; parts:
        what ``pixels`` holds, packed, if that is not the picture itself; base: as in ``messages.Open``.
        Raises as ``request``, and VersionMismatch for a scorer if the daemon knows none.
        """
        if scorer and self.welcome is not None and versions.SCORERS not in self.welcome.features:
            raise VersionMismatch(
                "The daemon that runs knows no scorers.", "`retouchml daemon restart` brings it up to date."
            )
        data = memoryview(pixels).cast("B")
        request = messages.Open(picture, bool(icc), model, device, tuple(at), scorer, tuple(parts), base)
        if not base:  # otherwise the daemon knows the other parts
            request.check_frame(len(data))
        return self.request(
            request,
            lambda fields, _: RemotePhoto(self, Opened.from_fields(fields)),
            [data, icc] if icc else [data],
        )

    def edits(self, model: str = "", device: str = "") -> Call[EditList]:
        """List the sliders; loads the model."""
        return self.request(messages.ListEdits(model, device), lambda fields, _: EditList.from_fields(fields))

    def status(self) -> Call[Status]:
        """Ask for the state of the daemon."""
        return self.request(messages.GetStatus(), lambda fields, _: Status.from_fields(fields))

    def shutdown(self) -> Call[None]:
        """Ask the daemon to stop."""
        return self.request(messages.Shutdown(), lambda _, __: None)

    def request(self, request: messages.Request, parse: Parse[Result], frames: Frames = ()) -> Call[Result]:
        """Send a request; ``parse`` makes its result from the answer's fields and data frames.

        Raises as ``connect``, and LimitExceeded.
        """
        self.process()
        self.connect()
        return self._send(request, parse, frames)

    def cancel(self, id_: int) -> None:
        """Cancel a call by its id."""
        if self._transport.is_open:
            self._send(messages.Cancel(id_), lambda _, __: None, ())

    def forget(self, photo: str) -> None:
        """Close a photo by its name, without waiting."""
        if self._transport.is_open:
            self._send(messages.Close(photo), lambda _, __: None, ())

    def remove_call(self, id_: int) -> None:
        """Drop a call that ended."""
        self._calls.pop(id_, None)

    def fileno(self) -> int:
        """The descriptor to watch for reading; a new one for each connection, -1 without a connection."""
        return self._transport.fileno()

    def after(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call ``callback`` within ``process`` after so many seconds, or once the connection is lost."""
        self._timers.append((time.monotonic() + seconds, callback))

    @property
    def has_timers(self) -> bool:
        """Whether ``process`` has something to do soon, also if no message arrives."""
        return bool(self._timers)

    def process(self, wait: float = 0.0) -> None:
        """Handle what has arrived, after waiting up to so many seconds for it; runs callbacks."""
        self._run_timers()
        if self._timers:
            next_due = min(due for due, _ in self._timers)
            wait = min(wait, max(0.0, next_due - time.monotonic()))
        if self._transport.is_open:
            self._receive(wait)
        else:
            time.sleep(wait)
        self._run_timers()

    def _receive(self, wait: float) -> None:
        broken = self._transport.wait(wait)
        while self._transport.is_open:
            frames = self._transport.receive()
            if frames is None:
                break
            self._last_message_at = time.monotonic()
            self._handle(frames)
            # an answer to something before does not mean that an upload has arrived
            sent = (call.patience for call in self._calls.values() if not call.was_heard)
            self._silence_limit = max([protocol.SILENCE_SECONDS, *sent])
        now = time.monotonic()
        if broken is not None:
            self._explain_uploads(broken)
            self._lose(self._lost(broken))
        elif self._calls and now - self._last_message_at > self._silence_limit:
            silent = DaemonLost("The daemon does not answer any more.", "Try `retouchml daemon restart`.")
            self._lose(self._lost(silent))
        for call in [call for call in self._calls.values() if call.is_forgotten(now)]:
            call.fail(DaemonLost("The daemon has lost this request.", "Try again."))

    def _lost(self, error: RetouchError) -> RetouchError:
        """The error, or what it means where the daemon is on TCP."""
        if not self._is_remote or not isinstance(error, DaemonLost):
            return error
        return connection_errors.remote_lost(self._where() or self._remote_name)

    def _explain_uploads(self, broken: RetouchError) -> None:
        """Fail the uploads under way with the truth, if the connection broke while the daemon goes on.

        ZeroMQ ends a connection whose message it has no memory for. Over TCP the network may have done it.
        """
        from retouchml.client import greeting  # which connects with this class

        uploads = [call for call in self._calls.values() if call.uploaded >= _LARGE_UPLOAD]
        if not uploads or self._is_remote or self.welcome is None or not isinstance(broken, DaemonLost):
            return
        instance, self.welcome = self.welcome.instance, None
        if greeting.instance_that_answers() == instance:
            for call in uploads:
                call.fail(
                    Busy(
                        "The daemon has not enough memory for this picture.",
                        "Close other pictures or programs, or `retouchml daemon restart`.",
                    )
                )

    def close(self) -> None:
        """Close the connection; open calls end with Cancelled, and the daemon frees the photos."""
        self._timers.clear()
        self._lose(Cancelled("The connection was closed."))

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(self, request: messages.Request, parse: Parse[Result], frames: Frames) -> Call[Result]:
        id_ = next(self._ids)
        header = protocol.encode(request.TYPE, id_, request.fields())
        if not self._calls:
            self._last_message_at = time.monotonic()
        # the daemon sees a message, and begins to send pings, only when all of it has arrived
        size = sum(memoryview(frame).nbytes for frame in frames)
        ahead = sum(call.uploaded for call in self._calls.values())
        speed = _SLOWEST_REMOTE_UPLOAD if self._is_remote else _SLOWEST_UPLOAD
        patience = protocol.SILENCE_SECONDS + (ahead + size) / speed
        self._silence_limit = max(self._silence_limit, patience)
        self._transport.send([header, *frames])
        advice = RESTART if isinstance(request, _ANSWERED_AT_ONCE) else TRY_OR_RESTART
        advice = connection_errors.OVER_THERE if self._is_remote else advice
        call = Call(self, id_, parse, patience, size, advice)
        self._calls[id_] = call
        return call

    def _handle(self, frames: list["bytes | memoryview"]) -> None:
        try:
            header = protocol.decode_answer(frames[0])
        except RetouchError as error:
            call = self._calls.get(protocol.id_in(frames[0], of_answer=True))
            if call is not None:
                call.fail(error)
            else:  # it may be the answer to any call, which would never end
                self._lose(error)
            return
        now = time.monotonic()
        if header.type == "ping":
            known = header.fields.get("open")  # older daemons do not say which requests they know
            for call in self._calls.values():
                if not isinstance(known, list) or call.id in known:
                    call.hear(now)
            return
        call = self._calls.get(header.id)
        if call is not None:
            call.hear(now)
            call.handle(header.type, header.fields, frames[1:])

    def _lose(self, error: RetouchError) -> None:
        self._transport.close()
        calls, self._calls = self._calls, {}  # callbacks may begin new ones
        for call in calls.values():
            call.fail(error)
        self._run_timers(include_pending=True)

    def _run_timers(self, *, include_pending: bool = False) -> None:
        now = time.monotonic()
        due = [timer for timer in self._timers if include_pending or timer[0] <= now]
        self._timers = [timer for timer in self._timers if timer not in due]  # a callback may add one
        for _, callback in due:
            callback()
