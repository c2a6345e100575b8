"""A photograph at the daemon: opened when needed, opened again if the daemon is lost; the newest looks win.

The command line and the plug-ins share this one policy. Only ``PhotoSession.wait`` blocks; otherwise the work
continues, and callbacks run, inside ``client.process()``::

    session = PhotoSession(client, picture, pixels)
    session.on_rendered = lambda looks, rendered: show(rendered.patches)
    session.render({0: Look(0.6)})
    session.wait()  # or call client.process() from an event loop
"""

import time
from collections.abc import Callable, Sequence

from retouchml.client.answers import Rendered, WirePatch
from retouchml.client.call import TRY_OR_RESTART, Call
from retouchml.client.client import Client
from retouchml.client.connection_errors import connection_lost, stopped_at_once
from retouchml.client.face_numbers import FaceNumbers
from retouchml.client.latest_patches import LatestPatches
from retouchml.client.messages import PREVIEW_SIDE
from retouchml.client.photo_opening import PACKING_SECONDS, PhotoOpening
from retouchml.client.pixel_format import PixelFormat
from retouchml.client.remote_photo import RemotePhoto
from retouchml.client.render_request import Looks, RenderRequest
from retouchml.client.retry import Retry
from retouchml.client.sparing_upload import Names, SparingUpload
from retouchml.errors import (
    DaemonAbsent,
    DaemonLost,
    DaemonStopping,
    PhotoUnknown,
    RetouchError,
    Superseded,
)
from retouchml.progress import Cancel, Progress, check
from retouchml.results import Box, Face

OnConnected = Callable[["Client | RetouchError"], None]

_POLL_SECONDS = 0.05
_CANCEL_SECONDS = 1.0
_REST_SECONDS = 0.5
"""After a preview of the sketch, in which a slider may move, before more pixels are sent."""


class PhotoSession:
    """One photograph at the daemon.

    It keeps the pixels, which must not change. If the daemon is lost, or the daemon has lost the photo, the
    photo is opened again and the work is repeated, as ``Retry`` says. Like its client, a session belongs to
    one thread.

    Like a ``Call``, it has ``done``, ``error``, ``result`` and ``on_done``, for the work that began last.

    Callbacks, each of which may be set at any time and may begin new work:
    on_progress(stage, fraction, remaining): see ``retouchml.progress``;
    on_opened(session): the faces are known, also after the photo was opened again, or more of it was sent:
    the faces keep their numbers, what is said of them may change, and new ones come last;
    on_preview(looks, patches): all patches that can be shown by now, in the order of their faces, for
    ``size="both"`` or ``refine``; of a face of which nothing new is there yet, its last one;
    on_rendered(looks, rendered): the answer to a render;
    on_error(error): the work failed; the next ``open`` or ``render`` tries again;
    on_done(session): the work ended; called after the others, unless these began new work.
    """

    def __init__(
        self,
        client: Client,
        picture: PixelFormat,
        pixels: "bytes | bytearray | memoryview",
        *,
        icc: bytes = b"",
        at: Sequence[Box] = (),
        model: str = "",
        device: str = "",
        scorer: str = "",
        spares: bool = False,
        previews: bool = False,
        reconnect: Callable[[OnConnected], None] | None = None,
    ) -> None:
        """picture: the layout of ``pixels``; at: places of faces that the search may miss; model, device,
        scorer: "" for the daemon's own; spares: over a network, no more is sent than is needed by then, see
        ``sparing_upload``; previews: then faces and a first preview may come of the photo reduced; what is
        said of these faces, and their order, may change with the pixels that follow.

        reconnect: for an event loop, which must not block while a client connects. It is called with a
        function, which it has to call later, on the same thread, with a connected client or the error.
        Without it, ``client.process()`` connects and blocks meanwhile.
        """
        self.client = client
        self.faces: tuple[Face, ...] = ()
        self.model, self.device = model, device
        self.seconds: dict[str, float] = {}
        self.on_progress: Progress | None = None
        self.on_opened: Callable[[PhotoSession], None] | None = None
        self.on_preview: Callable[[Looks, tuple[WirePatch, ...]], None] | None = None
        self.on_rendered: Callable[[Looks, Rendered], None] | None = None
        self.on_error: Callable[[RetouchError], None] | None = None
        self.on_done: Callable[[PhotoSession], None] | None = None
        self._names = names = Names(model=model, device=device, scorer=scorer)  # the upload reads them
        self._opening = PhotoOpening(
            SparingUpload(picture, pixels, icc, names, spares=spares, previews=previews),
            at,
            report=self._report_progress,
            on_opened=self._on_opened,
            on_next=self._advance,
            on_error=self._retry_or_fail,
        )
        self._sketched: RenderRequest | None = None  # the one of which a preview of the sketch was shown
        self._rests_until = 0.0  # by the monotonic clock; until then it gets no more pixels
        self._reconnect = reconnect
        self._busy = False
        self._request: RenderRequest | None = None
        self._call: Call[Rendered] | None = None
        self._connecting = False
        self._retry = Retry()
        self._rendered: Rendered | None = None
        self._patches = LatestPatches()
        self._error: RetouchError | None = None

    @property
    def is_open(self) -> bool:
        """Whether the daemon has the photo; that it lost the photo is noticed by the next render only."""
        return self._opening.photo is not None and self.client.is_connected

    @property
    def busy(self) -> bool:
        """Whether work is under way."""
        return self._busy

    @property
    def done(self) -> bool:
        """Whether no work is under way."""
        return not self._busy

    @property
    def error(self) -> RetouchError | None:
        """The error that ended the work."""
        return self._error

    def result(self) -> Rendered | None:
        """The answer to a render that has ended, None for an opening. Raises the work's error."""
        if self._error is not None:
            raise self._error
        return self._rendered

    def open(self) -> None:
        """Upload the photo and find its faces, unless that was done or is under way.

        A render that waits for that is dropped.
        """
        if not self._busy:
            self._begin(None)
        elif not self.is_open:
            self._request = None

    def set_scorer(self, scorer: str) -> None:
        """Let strength follow a taste, "" for the daemon's default: the next work opens the photo again."""
        if scorer != self._names["scorer"]:
            self.close()
            self._names["scorer"] = scorer

    def mark(self, place: Box) -> None:
        """Open the photo again with a face at a place, which the search has missed.

        ``on_opened`` is called as after ``open``. The faces that were found keep their numbers, and a marked
        one comes after them, unless it is one of them. A place without room for a face is an error, and is
        forgotten with it.
        """
        self.close()
        self._opening.mark(place)
        self.open()

    def render(
        self,
        looks: Looks,
        *,
        size: str = "full",
        preview_side: int = PREVIEW_SIDE,
        report: bool = False,
        refine: bool = False,
        shown: int | None = None,
    ) -> None:
        """Render these looks, by the number of the face; opens the photo first if it is not open.

        A render that is under way is dropped. The rest: as in ``messages.Render``.
        """
        self._drop_call()  # the daemon ends it with Superseded
        self._begin(RenderRequest(looks, size, preview_side, report, refine, shown))

    def cancel(self) -> None:
        """Stop the work; no callback is called for it any more."""
        self._cancel()

    def close(self) -> None:
        """Stop the work and let the daemon forget the photo; further work opens it again."""
        self.cancel()
        self._opening.close()

    def wait(self, cancel: Cancel | None = None, timeout: float | None = None) -> Rendered | None:
        """Process until the work ends; the answer to a render, None for an opening.

        cancel: polled, stops the work; timeout: seconds. Raises the work's error, Cancelled, or DaemonLost
        after the timeout.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while self._busy:
            self.client.process(_POLL_SECONDS)
            if cancel is not None and cancel.is_set():
                self._cancel_and_wait()
                check(cancel)
            if self._busy and deadline is not None and time.monotonic() > deadline:
                self.cancel()
                raise DaemonLost(f"The daemon did not answer within {timeout:g} s.", TRY_OR_RESTART)
        return self.result()

    def _begin(self, request: RenderRequest | None) -> None:
        self._busy = True
        self._request = request
        self._rendered = self._error = None
        self._retry = Retry()
        self._advance_after(0.0)

    def _advance_after(self, delay: float) -> None:
        if self._reconnect is not None and not self.client.is_connected:
            self._advance()  # an event loop processes no client that lost its connection
        else:
            self.client.after(delay, self._advance)

    def _advance(self) -> None:
        """Do the next step: connect, send the photo, or send the looks."""
        try:
            self.client.process()  # notices a lost connection; callbacks may begin other work
            if not self._busy or self._call or self._connecting or self._opening.is_under_way:
                return
            if not self.client.is_connected:
                self._opening.photo = None
                self._report_progress("connect")
                if self._reconnect is not None:
                    self._connecting = True
                    self._reconnect(self._on_connected)
                    return
                self.client.connect()
            photo = self._opening.photo
            if photo is None:
                self._opening.begin(self.client)
            elif self._lacks_pixels():
                if not self._rests():
                    self._opening.go_on(self.client)
            elif self._request is not None:
                self._send_looks(photo, self._request)
            else:
                self._end(None)
                self._call_on_done()
        except RetouchError as error:
            self._retry_or_fail(error)

    def _on_connected(self, result: "Client | RetouchError") -> None:
        self._connecting = False
        if isinstance(result, RetouchError):
            error = result
        elif result.is_connected:
            self.client = result
            self._advance()
            return
        else:
            error = stopped_at_once()
        if self._busy:
            self._retry_or_fail(error)

    def _lacks_pixels(self) -> bool:
        """Whether the next step needs pixels that the daemon does not have."""
        if not self._opening.tells_faces:
            return True
        request = self._request
        is_done = request is None or request.is_done(self._sketched)
        return self._opening.is_sketch and not is_done

    def _rests(self) -> bool:
        """Whether a slider may still move; the preview of the sketch has asked for a later look."""
        request = self._request
        return request is not None and request is self._sketched and time.monotonic() < self._rests_until

    def _on_opened(self, photo: RemotePhoto) -> None:
        self.faces, self.model, self.device = self._opening.numbers.faces, photo.model, photo.device
        self.seconds.update(photo.seconds)
        if self._request is None:
            self._end(None)
        else:
            self.client.after(0.0, self._advance)
        if self.on_opened is not None:
            self.on_opened(self)
        self._call_on_done()

    def _send_looks(self, photo: RemotePhoto, request: RenderRequest) -> None:
        self._report_progress("wait")
        is_sketch, numbers = self._opening.is_sketch, self._opening.numbers
        call = photo.render(
            numbers.sent(request.looks),
            size="preview" if is_sketch else request.size,
            preview_side=request.preview_side,
            report=request.report,
            refine=request.refine or is_sketch,  # of a sketch, what can be had sooner is all that is wanted
            shown=numbers.shown(request.shown),
        )
        self._call = call
        call.on_progress = self._report_progress
        call.on_preview = lambda rendered: self._on_preview(request, numbers.received(rendered))
        call.on_done = lambda _: self._on_answer(call, request, numbers)

    def _on_preview(self, request: RenderRequest, rendered: Rendered) -> None:
        if self._opening.is_sketch:
            call = self._drop_call()
            if call is not None and not call.done:
                call.cancel()
            self._sketched, self._rests_until = request, time.monotonic() + _REST_SECONDS
            self.client.after(_REST_SECONDS + PACKING_SECONDS, self._advance)
        self._report_preview(request.looks, rendered)

    def _on_answer(self, call: Call[Rendered], request: RenderRequest, numbers: FaceNumbers) -> None:
        if call is not self._call:
            return
        self._call = None
        if call.error is not None:
            self._retry_or_fail(call.error)
            return
        rendered = numbers.received(call.result())
        if self._opening.is_sketch:
            self._on_preview(request, rendered)
            return
        self._rendered = rendered
        self._patches.replace(rendered)
        self.seconds.update(rendered.seconds)
        self._end(None)
        if self.on_rendered is not None:
            self.on_rendered(request.looks, rendered)
        self._call_on_done()

    def _retry_or_fail(self, error: RetouchError) -> None:
        if isinstance(error, (DaemonLost, PhotoUnknown, DaemonStopping)):
            self._opening.photo = None
        delay = self._retry.delay(error)
        if delay is None and isinstance(error, DaemonAbsent) and self._retry.was_lost:
            self._end(DaemonAbsent(f"{connection_lost().message} {error.message}", error.advice))
        elif delay is None:
            self._end(error)
        else:
            self._advance_after(delay)

    def _end(self, error: RetouchError | None) -> None:
        self._busy = False
        self._request = None
        if error is None or isinstance(error, Superseded):
            return
        self._error = error
        self._opening.forget_refused(error)
        if self.on_error is not None:
            self.on_error(error)
        self._call_on_done()

    def _call_on_done(self) -> None:
        if self.done and self.on_done is not None:
            self.on_done(self)

    def _drop_call(self) -> "Call[Rendered] | None":
        """Stop listening to the render under way."""
        call, self._call = self._call, None
        if call is not None:
            call.on_progress = call.on_preview = None
        return call

    def _cancel(self) -> "Call[RemotePhoto] | Call[Rendered] | None":
        """Stop the work; the call that was cancelled."""
        rendering, opening = self._drop_call(), self._opening.stop()
        if rendering is not None:
            rendering.cancel()
        self._end(None)
        return rendering or opening

    def _cancel_and_wait(self) -> None:
        """Cancel, and give the daemon a moment to say that it stopped."""
        call = self._cancel()
        deadline = time.monotonic() + _CANCEL_SECONDS
        while call is not None and not call.done and time.monotonic() < deadline:
            self.client.process(_POLL_SECONDS)

    def _report_progress(self, stage: str, fraction: float = 0.0, remaining: "float | None" = None) -> None:
        if self.on_progress is not None:
            self.on_progress(stage, fraction, remaining)

    def _report_preview(self, looks: Looks, rendered: Rendered) -> None:
        patches = self._patches.add(looks, rendered)
        if self.on_preview is not None:
            self.on_preview(looks, patches)
