"""Talks to the daemon: from a script that waits, from callbacks, or from an editor's event loop.

Python 3.10 and pyzmq, msgpack and platformdirs alone. Blocking::

    with Client(start=True) as client:
        photo = client.open(picture, pixels).result()
        rendered = photo.render({0: Look(0.6)}).result()

In an event loop (GLib, Qt) watch ``client.fileno()`` for reading and call ``client.process()`` when it is
readable, once after each request, and besides every half second: the descriptor is ZeroMQ's, so it tells of
changes only, and a daemon that died is noticed by the clock. Callbacks run inside ``process`` and ``result``.
A client belongs to one thread.
"""

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from retouchml import __version__, bridge, messages, protocol
from retouchml.errors import Cancelled, DaemonError, DaemonGone, PhotoUnknown, RetouchError
from retouchml.look import Look
from retouchml.messages import WireFace, WirePatch
from retouchml.pixel_format import PixelFormat

Result = TypeVar("Result")
Progress = Callable[[str, float, "float | None"], None]
Frames = Sequence["bytes | memoryview"]
_Parse = Callable[[Mapping[str, Any], Frames], Result]
_POLL_SECONDS = 0.25
_HELLO_SECONDS = 10.0
_SLOWEST_UPLOAD = 5e6  # bytes a second, on a machine that has much else to do


@dataclass(frozen=True)
class Rendered:
    """Patches of one render, what they changed (where it was asked for), and the seconds of each step."""

    patches: tuple[WirePatch, ...]
    report: tuple[Mapping[str, Any], ...]
    seconds: Mapping[str, float]


class Call(Generic[Result]):
    """A request under way.

    on_progress(stage, fraction, remaining), on_preview(result) and on_done(call) may be set until the answer
    comes.
    """

    def __init__(self, client: "Client", id_: int, parse: _Parse[Result]) -> None:
        self.id = id_
        self.on_progress: Progress | None = None
        self.on_preview: Callable[[Result], None] | None = None
        self.on_done: Callable[[Call[Result]], None] | None = None
        self._client = client
        self._parse = parse
        self._result: Result | None = None
        self._error: RetouchError | None = None
        self.done = False

    def result(self, timeout: float | None = None) -> Result:
        """Wait for the answer; the error that it is, is raised.

        timeout: seconds, after which the request is cancelled and DaemonGone raised. Whatever happens to the
        daemon, this ends.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self.done:
            left = _POLL_SECONDS if deadline is None else min(_POLL_SECONDS, deadline - time.monotonic())
            if left <= 0:
                self.cancel()
                self.fail(DaemonGone(f"The daemon did not answer within {timeout:g} s.", "Try again."))
                break
            self._client.process(left)
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]  # set, as done without an error

    @property
    def error(self) -> RetouchError | None:
        """What it failed with."""
        return self._error

    def cancel(self) -> None:
        """Ask the daemon to stop; the call ends with Cancelled, unless its answer was under way."""
        if not self.done:
            self._client.cancel(self.id)

    def take(self, type_: str, fields: Mapping[str, Any], frames: Frames) -> None:
        """Deal with a message that belongs to this call."""
        if self.done:
            return
        try:
            if type_ == "progress" and self.on_progress is not None:
                self.on_progress(*messages.progress_from(fields))
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
        self._client.settled(self.id)
        if self.on_done is not None:
            self.on_done(self)


class RemotePhoto:
    """A photo that the daemon holds.

    It keeps a reference to the pixels, which must not change, so that it can be opened again when the daemon
    was restarted.
    """

    def __init__(self, client: "Client", upload: "_Upload", fields: Mapping[str, Any]) -> None:
        self._client = client
        self._upload = upload
        self._adopt(fields)

    def _adopt(self, fields: Mapping[str, Any]) -> None:
        self.name = messages.photo_in(fields)
        faces = protocol.take_list(fields, "faces", protocol.HEADER_ITEMS)
        self.faces: tuple[WireFace, ...] = tuple(messages.face_from(face) for face in faces)
        self.model = str(fields.get("model", ""))
        self.device = str(fields.get("device", ""))
        self.seconds: Mapping[str, float] = protocol.take_map({"seconds": {}, **fields}, "seconds")

    def prepare(self, faces: Sequence[int] | None = None) -> Call[Mapping[str, float]]:
        """Do the slow part for these faces, or all; the result is seconds by step."""
        fields = {"photo": self.name, "faces": None if faces is None else list(faces)}
        return self._client.request("prepare", fields, lambda answer, _: protocol.take_map(answer, "seconds"))

    def render(
        self,
        looks: Mapping[int, Look],
        *,
        size: str = "full",
        preview_side: int = messages.PREVIEW_SIDE,
        report: bool = False,
    ) -> Call[Rendered]:
        """Patches for these looks. A render that is under way for this photo ends with Superseded."""
        render = messages.Render(self.name, looks, size, preview_side, report)
        return self._client.request("render", messages.render_fields(render), _rendered)

    def patches(self, looks: Mapping[int, Look], *, timeout: float | None = None) -> Rendered:
        """Render and wait; a photo that was lost with its daemon is opened again first, once."""
        try:
            return self.render(looks).result(timeout)
        except (PhotoUnknown, DaemonGone):
            self.reopen(timeout)
            return self.render(looks).result(timeout)

    def reopen(self, timeout: float | None = None) -> None:
        """Upload it again, to a daemon that was restarted."""
        upload = self._upload
        fields = self._client.request("open", upload.fields, lambda answer, _: answer, upload.frames)
        self._adopt(fields.result(timeout))

    def close(self) -> None:
        """Let the daemon forget it; a photo that it does not know any more is no error."""
        self._client.forget(self.name)


@dataclass(frozen=True)
class _Upload:
    fields: Mapping[str, Any]
    frames: Frames


class Client:
    """A connection to the daemon, made with the first request and made anew after the daemon was lost."""

    def __init__(
        self,
        *,
        start: bool = False,
        connection_file: Path | None = None,
        name: str = "",
        interpreter: Sequence[str] = (),
        start_options: Sequence[str] = (),
    ) -> None:
        """start: start the daemon where none runs; connection_file: of a daemon on TCP; name: for its log;
        interpreter, start_options: for ``retouchml.launch.start``.
        """
        self._line = bridge.line(start, connection_file, interpreter, start_options)
        self._name = name or f"retouchml {__version__}"
        self._calls: dict[int, Call[Any]] = {}
        self._ids = itertools.count(1)
        self._heard_at = 0.0
        self._patience = protocol.SILENCE_SECONDS
        self.about: Mapping[str, Any] = {}

    def connect(self) -> None:
        """Connect now, starting the daemon if that is wished.

        Raises DaemonAbsent, DaemonGone, Refused or VersionMismatch.
        """
        if self._line.is_open:
            return
        self._line.open()
        self._heard_at = time.monotonic()
        fields = {"versions": list(protocol.VERSIONS), "client": self._name}
        try:
            hello: Call[Mapping[str, Any]] = self._send("hello", fields, lambda answer, _: answer, ())
            self.about = hello.result(_HELLO_SECONDS)
        except BaseException:
            self._line.close()
            raise

    def open(
        self,
        picture: PixelFormat,
        pixels: "bytes | memoryview",
        *,
        icc: bytes = b"",
        model: str = "",
        device: str = "",
    ) -> Call[RemotePhoto]:
        """Upload a photo. ``pixels`` must not change before the answer came.

        model, device: "" for the daemon's own. Raises as ``request``.
        """
        data = memoryview(pixels).cast("B")
        picture.check_frame(len(data))
        fields = {"picture": picture.fields(), "icc": bool(icc), "model": model, "device": device}
        upload = _Upload(fields, [data, *([icc] if icc else [])])
        return self.request(
            "open", fields, lambda answer, _: RemotePhoto(self, upload, answer), upload.frames
        )

    def edits(self, model: str = "", device: str = "") -> Call[list[Mapping[str, Any]]]:
        """The manual sliders: name, low, high, description; loads the model."""
        return self.request(
            "edits",
            {"model": model, "device": device},
            lambda answer, _: protocol.take_list(answer, "edits", protocol.HEADER_ITEMS),
        )

    def status(self) -> Call[Mapping[str, Any]]:
        """What docs/protocol.md lists under ``status``."""
        return self.request("status", {}, lambda answer, _: answer)

    def shutdown(self) -> Call[None]:
        """Ask the daemon to leave."""
        return self.request("shutdown", {}, lambda _, __: None)

    def request(
        self, type_: str, fields: Mapping[str, Any], parse: _Parse[Result], frames: Frames = ()
    ) -> Call[Result]:
        """Send a request; ``parse`` makes its result from the answer's fields and data frames.

        Raises what ``connect`` does, and LimitExceeded.
        """
        self.process()
        self.connect()
        return self._send(type_, fields, parse, frames)

    def cancel(self, id_: int) -> None:
        """Cancel a call by its id."""
        if self._line.is_open:
            self._send("cancel", {"target": id_}, lambda _, __: None, ())

    def forget(self, photo: str) -> None:
        """Close a photo by its name, without waiting."""
        if self._line.is_open:
            self._send("close", {"photo": photo}, lambda _, __: None, ())

    def settled(self, id_: int) -> None:
        """Called by a call that ended."""
        self._calls.pop(id_, None)

    def fileno(self) -> int:
        """To watch for reading; another one after the connection was made anew, -1 while there is none."""
        return self._line.fileno()

    def process(self, wait: float = 0.0) -> None:
        """Take what has arrived, after waiting up to so many seconds for it; runs callbacks."""
        if not self._line.is_open:
            return
        broken = self._line.wait(wait)
        while self._line.is_open:
            frames = self._line.receive()
            if frames is None:
                break
            self._heard_at = time.monotonic()
            self._patience = protocol.SILENCE_SECONDS
            self._take(frames)
        if broken is not None:
            self._lose(broken)
        elif self._calls and time.monotonic() - self._heard_at > self._patience:
            self._lose(
                DaemonGone("The daemon does not answer any more.", "`retouchml daemon restart` helps.")
            )

    def close(self) -> None:
        """Leave; open calls end with Cancelled, and the daemon frees the photos."""
        self._lose(Cancelled("The connection was closed."))

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(
        self, type_: str, fields: Mapping[str, Any], parse: _Parse[Result], frames: Frames
    ) -> Call[Result]:
        id_ = next(self._ids)
        header = protocol.encode(type_, id_, fields)
        if not self._calls:
            self._heard_at = time.monotonic()
        # the daemon knows of a message, and tells that it is there, only when the whole of it has arrived
        size = sum(memoryview(frame).nbytes for frame in frames)
        self._patience = max(self._patience, protocol.SILENCE_SECONDS + size / _SLOWEST_UPLOAD)
        self._line.send([header, *frames])
        call = Call(self, id_, parse)
        self._calls[id_] = call
        return call

    def _take(self, frames: list["bytes | memoryview"]) -> None:
        try:
            header = protocol.decode_answer(frames[0])
        except RetouchError as error:
            call = self._calls.get(protocol.id_in(frames[0], of_answer=True))
            if call is not None:
                call.fail(error)
            else:  # it may have been any call's answer, which must not be waited for in vain
                self._lose(error)
            return
        call = self._calls.get(header.id)
        if call is not None:
            call.take(header.type, header.fields, frames[1:])

    def _lose(self, error: DaemonError | Cancelled | RetouchError) -> None:
        self._line.close()
        lost, self._calls = self._calls, {}  # what is told of one may begin another
        for call in lost.values():
            call.fail(error)


def _rendered(fields: Mapping[str, Any], frames: Frames) -> Rendered:
    report = protocol.take_list(fields, "report", protocol.LOOKS)
    return Rendered(
        messages.patches_from(fields, frames), tuple(report), protocol.take_map(fields, "seconds")
    )
