"""The daemon as an engine: what the command line uses in place of models in its own process.

Pictures go to the daemon, patches come back; they are laid on the photograph here, by the same functions as
in process, so that the result is the same to the bit.
"""

import contextlib
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from retouchml import __version__
from retouchml.backend import Backend
from retouchml.client import protocol
from retouchml.client.answers import Rendered, WirePatch
from retouchml.client.client import Call, Client, RemotePhoto
from retouchml.client.pixel_format import CHANNELS_OF, DTYPE_OF, PixelFormat
from retouchml.errors import (
    Busy,
    Cancelled,
    DaemonAbsent,
    DaemonGone,
    DaemonStopping,
    LimitExceeded,
    PhotoUnknown,
    ProtocolError,
    RetouchError,
    UsageError,
    VersionMismatch,
)
from retouchml.local_backend import local_engine
from retouchml.look import Look
from retouchml.progress import Cancel, Progress
from retouchml.results import Face, FaceReport

if TYPE_CHECKING:
    import numpy.typing as npt

    from pipeline.patch import Patch

_POLL_SECONDS = 0.05
_SECONDS_TO_CANCEL = 1.0
_SECONDS_TO_LEAVE = 8.0  # it promises to need 5
_SECONDS_BETWEEN_ATTEMPTS = 0.2
_TYPE_OF = {dtype.lstrip("|<"): type_ for type_, dtype in DTYPE_OF.items()}
_ORDERS = {CHANNELS_OF[order]: order for order in ("Y", "YA", "RGB", "RGBA")}

Result = TypeVar("Result")
Say = Callable[[str], None]


def connect(model: str, device: str, say: Say, *, start_options: Sequence[str] = ()) -> "RemoteEngine | None":
    """The daemon as an engine, started where none runs; None where it cannot serve, and ``say`` is told why.

    device: as ``--device`` takes it; ``auto`` is whatever the daemon was told to use. Raises Refused, Busy,
    ModelError, DeviceError, and DaemonGone for a daemon that does not answer.
    """
    client = Client(start=True, name="retouchml", interpreter=[sys.executable], start_options=start_options)
    try:
        reason = _why_not(client)
        if not reason:
            return RemoteEngine(client, model, "" if device == "auto" else device, say)
        client.close()
    except BaseException:
        client.close()
        raise
    say(f"{reason} The work is done in this process.")
    return None


def _why_not(client: Client) -> str:
    try:
        _persistently(client.connect)
    except (DaemonAbsent, VersionMismatch, UsageError) as error:  # UsageError: no room for the socket's path
        return error.explain()
    software = client.welcome.software if client.welcome else ""
    if software != __version__:
        return (
            f"The daemon that runs is version {software}, this is {__version__}: "
            "`retouchml daemon restart` brings it up to date."
        )
    return ""


class RemoteEngine:
    """Fulfils ``engine.Engine``. It holds one photo at a time: opening the next lets go of the one before."""

    def __init__(self, client: Client, model: str, device: str, say: Say) -> None:
        """device: "" for the daemon's own. Loads the model there."""
        self._client = client
        self._device = device
        self._say = say
        self._local: Backend | None = None
        self._photo: RemoteEnginePhoto | None = None
        answer = _persistently(lambda: client.edits(model, device).result())
        self.model, self.device, self.edits = answer.model, answer.device, answer.edits

    def open(
        self,
        pixels: "npt.NDArray[Any]",
        *,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> Any:
        """The photo, held by the daemon; by this process where it is more than the wire can carry."""
        if self._photo is not None:
            self._photo.close()
            self._photo = None
        try:
            photo = RemoteEnginePhoto(self._client, pixels, self.model, self._device)
            photo.open(progress, cancel)
        except LimitExceeded as error:
            return self._in_process(error).open(pixels, progress=progress, cancel=cancel)
        self.device = photo.device or self.device
        self._photo = photo
        if len(photo.faces) > protocol.LOOKS:
            crowd = LimitExceeded(f"{len(photo.faces)} faces are more than the daemon retouches at once.")
            return self._in_process(crowd).open(pixels, progress=progress, cancel=cancel)
        return photo

    def close(self) -> None:
        """Leave; the daemon lets go of the photo."""
        if self._photo is not None:
            self._photo.close()
        self._client.close()

    def _in_process(self, reason: RetouchError) -> Backend:
        self._say(f"{reason.message} The work is done in this process.")
        if self._local is None:
            self._local = local_engine(self.model, self._device or "auto")
        return self._local


class RemoteEnginePhoto:
    """Fulfils ``engine.Photo``. It is opened anew, once, where its daemon was lost."""

    def __init__(self, client: Client, pixels: "npt.NDArray[Any]", model: str, device: str) -> None:
        """pixels: [H, W(, C)], not written to. Raises PictureUnsupported or LimitExceeded."""
        import numpy as np

        from pipeline.pixels import as_channels

        self._client = client
        self._pixels = pixels
        self._channels = np.ascontiguousarray(as_channels(pixels))
        height, width, channels = self._channels.shape
        kind = _TYPE_OF[self._channels.dtype.str.lstrip("|<")]
        self._format = PixelFormat(width, height, kind, _ORDERS[channels])
        self._model, self.device = model, device
        self._remote: RemotePhoto | None = None
        self._reports: dict[int, FaceReport] = {}
        self.faces: tuple[Face, ...] = ()
        self.seconds: dict[str, float] = {}

    def open(self, progress: Progress | None, cancel: Cancel | None) -> RemotePhoto:
        """Upload it where the daemon does not have it; finds the faces."""
        if self._remote is None:
            data = self._channels.data.cast("B")
            self._remote = _persistently(lambda: self._opened(data, progress, cancel))
        return self._remote

    def render(
        self, looks: Mapping[int, Look], *, progress: Progress | None = None, cancel: Cancel | None = None
    ) -> "list[Patch]":
        """Patches, as ``pipeline.patch`` makes them."""

        def work() -> Rendered:
            try:
                call = self.open(progress, cancel).render(looks, report=True)
                return _finished(self._client, call, progress, cancel)
            except (DaemonGone, DaemonStopping, PhotoUnknown):
                self._remote = None
                raise

        rendered = _persistently(work)
        self.seconds.update(rendered.seconds)
        self._reports = {report.face: report for report in rendered.report}
        return [_patch_from(patch) for patch in rendered.patches]

    def apply(self, patches: "Sequence[Patch]") -> "npt.NDArray[Any]":
        """The photograph with the patches on it."""
        from pipeline.patch import painted

        return painted(self._channels, patches).reshape(self._pixels.shape)

    def layer(self, patches: "Sequence[Patch]") -> "npt.NDArray[Any]":
        """The patches alone, RGBA [H, W, 4]."""
        from pipeline.patch import layer_of

        return layer_of(self._channels, patches)

    def report(self, patches: "Sequence[Patch]") -> list[FaceReport]:
        """Figures on each patch of the last render."""
        return [self._reports[patch.face] for patch in patches]

    def close(self) -> None:
        """Let the daemon forget it."""
        if self._remote is not None:
            self._remote.close()
            self._remote = None

    def _opened(self, data: memoryview, progress: Progress | None, cancel: Cancel | None) -> RemotePhoto:
        call = self._client.open(self._format, data, model=self._model, device=self.device)
        remote = _finished(self._client, call, progress, cancel)
        self.device = remote.device
        self.seconds.update(remote.seconds)
        self.faces = remote.faces
        return remote


def _finished(client: Client, call: Call[Result], progress: Progress | None, cancel: Cancel | None) -> Result:
    """The call's result. Raises its error, and Cancelled soon after ``cancel`` is set."""
    call.on_progress = progress
    while not call.done:
        client.process(_POLL_SECONDS)
        if cancel is not None and cancel.is_set():
            call.cancel()
            with contextlib.suppress(RetouchError):
                call.result(_SECONDS_TO_CANCEL)
            raise Cancelled("Stopped on request; nothing was changed.")
    return call.result()


def _persistently(work: Callable[[], Result]) -> Result:
    """What ``work`` gives; tried again once where the daemon was lost, and until one that leaves is gone."""
    deadline = time.monotonic() + _SECONDS_TO_LEAVE
    was_lost = False
    while True:
        try:
            return work()
        except DaemonStopping:
            if time.monotonic() > deadline:
                raise
            time.sleep(_SECONDS_BETWEEN_ATTEMPTS)
        except (DaemonGone, PhotoUnknown):
            if was_lost:
                raise
            was_lost = True
        except Busy as error:
            raise Busy(error.message, f"{error.advice} `--no-daemon` does without it.") from error


def _patch_from(wire: WirePatch) -> "Patch":
    import numpy as np

    from pipeline.patch import Patch

    picture = wire.picture
    if wire.box[2:] != (picture.width, picture.height):
        raise ProtocolError("The daemon sent a patch that is not of full size.")
    dtype = np.dtype(DTYPE_OF[picture.type])
    shape = (picture.height, picture.width, picture.channels)
    strides = (picture.stride, picture.pixel_bytes, dtype.itemsize)
    pixels: npt.NDArray[Any] = np.ndarray(shape, dtype, wire.pixels, strides=strides)
    if picture.channels == 2:  # YA: the pipeline's patches are RGBA whatever the photo
        pixels = pixels[..., [0, 0, 0, 1]]
    return Patch(wire.face, wire.box[0], wire.box[1], pixels)
