"""The daemon as a backend: what the command line uses in place of models in its own process.

Pictures go to the daemon, patches come back. They are laid on the photograph here, by the same functions as
in process, so that the result is the same to the bit.
"""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from retouchml.cli.backend import Backend, BackendFactory, BackendPhoto
from retouchml.client import protocol
from retouchml.client.answers import WirePatch
from retouchml.client.client import Client
from retouchml.client.photo_session import PhotoSession
from retouchml.client.pixel_format import CHANNELS_OF, DTYPE_OF, PixelFormat
from retouchml.client.retry import Retry
from retouchml.errors import (
    Busy,
    DaemonAbsent,
    LimitExceeded,
    ProtocolError,
    RetouchError,
    UsageError,
    VersionMismatch,
)
from retouchml.look import Look
from retouchml.progress import Cancel, Progress
from retouchml.results import Face, FaceReport

if TYPE_CHECKING:
    import numpy.typing as npt

    from pipeline.patch import Patch

_TYPE_OF = {dtype.lstrip("|<"): type_ for type_, dtype in DTYPE_OF.items()}
_ORDERS = {CHANNELS_OF[order]: order for order in ("Y", "YA", "RGB", "RGBA")}

Result = TypeVar("Result")
Warn = Callable[[str], None]


def connect(
    model: str, device: str, warn: Warn, local: BackendFactory, *, start_options: Sequence[str] = ()
) -> "DaemonBackend | None":
    """The daemon as a backend, started if none runs; None if it cannot be used, with the reason to ``warn``.

    device: as ``--device`` takes it; ``auto`` is the daemon's own device. local: makes the backend for
    photographs that the daemon cannot take. Raises Refused, Busy, ModelError, DeviceError, and DaemonLost
    if a daemon does not answer.
    """
    client = Client(
        start=True,
        name="retouchml",
        interpreter=[sys.executable],
        start_options=start_options,
        same_version=True,
    )
    try:
        reason = _reason_against(client)
        if not reason:
            return DaemonBackend(client, model, "" if device == "auto" else device, warn, local)
        client.close()
    except BaseException:
        client.close()
        raise
    warn(f"{reason} The work is done in this process.")
    return None


def _reason_against(client: Client) -> str:
    """Why the daemon cannot be used, after connecting; "" if it can."""
    try:
        _with_retry(client.connect)
    except (DaemonAbsent, VersionMismatch, UsageError) as error:  # UsageError: the socket's path is too long
        return error.explain()
    return ""


class DaemonBackend:
    """The daemon as a ``Backend``. It holds one photo at a time: the next ``open`` closes the one before."""

    def __init__(self, client: Client, model: str, device: str, warn: Warn, local: BackendFactory) -> None:
        """Load the model in the daemon. device: "" for the daemon's own."""
        self._client = client
        self._device = device
        self._warn = warn
        self._make_local = local
        self._local: Backend | None = None
        self._photo: DaemonPhoto | None = None
        answer = _with_retry(lambda: client.edits(model, device).result())
        self.model, self.device = answer.model, answer.device

    def open(
        self,
        pixels: "npt.NDArray[Any]",
        *,
        icc: bytes = b"",
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> BackendPhoto:
        """The photo, held by the daemon, or by this process if it exceeds a limit of the protocol."""
        if self._photo is not None:
            self._photo.close()
            self._photo = None
        try:
            photo = DaemonPhoto(self._client, pixels, self.model, self._device, icc)
            photo.open(progress, cancel)
        except LimitExceeded as error:
            return self._local_backend(error.message).open(pixels, icc=icc, progress=progress, cancel=cancel)
        self.device = photo.device or self.device
        self._photo = photo
        if len(photo.faces) > protocol.LOOKS:
            reason = f"{len(photo.faces)} faces are more than the daemon retouches at once."
            return self._local_backend(reason).open(pixels, icc=icc, progress=progress, cancel=cancel)
        return photo

    def close(self) -> None:
        """Disconnect; the daemon frees the photo."""
        if self._photo is not None:
            self._photo.close()
        self._client.close()

    def _local_backend(self, reason: str) -> Backend:
        self._warn(f"{reason} The work is done in this process.")
        if self._local is None:
            self._local = self._make_local(self.model, self._device or "auto")
        return self._local


class DaemonPhoto:
    """A photograph at the daemon as a ``BackendPhoto``."""

    def __init__(
        self, client: Client, pixels: "npt.NDArray[Any]", model: str, device: str, icc: bytes = b""
    ) -> None:
        """pixels: [H, W(, C)], not written to; icc: their colour profile, at most ``protocol.ICC_BYTES``.

        Raises PictureUnsupported or LimitExceeded.
        """
        import numpy as np

        from pipeline.pixels import as_channels

        self._shape = pixels.shape
        self._channels = np.ascontiguousarray(as_channels(pixels))
        height, width, channels = self._channels.shape
        kind = _TYPE_OF[self._channels.dtype.str.lstrip("|<")]
        picture = PixelFormat(width, height, kind, _ORDERS[channels])
        data = self._channels.data.cast("B")
        self._session = PhotoSession(client, picture, data, icc=icc, model=model, device=device)
        self._reports: dict[int, FaceReport] = {}

    @property
    def faces(self) -> tuple[Face, ...]:
        """The faces that the daemon found."""
        return self._session.faces

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds of each step."""
        return self._session.seconds

    @property
    def device(self) -> str:
        """The device that does the work."""
        return self._session.device

    def open(self, progress: Progress | None, cancel: Cancel | None) -> None:
        """Upload it and find its faces."""
        self._session.on_progress = progress
        self._session.open()
        with _busy_advice():
            self._session.wait(cancel)

    def render(
        self, looks: Mapping[int, Look], *, progress: Progress | None = None, cancel: Cancel | None = None
    ) -> "list[Patch]":
        """Patches, as ``pipeline.patch`` makes them."""
        self._session.on_progress = progress
        self._session.render(looks, report=True)
        with _busy_advice():
            rendered = self._session.wait(cancel)
        assert rendered is not None
        self._reports = {report.face: report for report in rendered.report}
        return [_patch_from(patch) for patch in rendered.patches]

    def apply(self, patches: "Sequence[Patch]") -> "npt.NDArray[Any]":
        """The photograph with the patches on it."""
        from pipeline.patch import painted

        return painted(self._channels, patches).reshape(self._shape)

    def layer(self, patches: "Sequence[Patch]") -> "npt.NDArray[Any]":
        """The patches alone, RGBA [H, W, 4]."""
        from pipeline.patch import layer_of

        return layer_of(self._channels, patches)

    def report(self, patches: "Sequence[Patch]") -> list[FaceReport]:
        """Figures on each patch of the last render."""
        return [self._reports[patch.face] for patch in patches]

    def close(self) -> None:
        """Let the daemon forget it."""
        self._session.close()


def _with_retry(work: Callable[[], Result]) -> Result:
    """The result of ``work``, repeated as ``Retry`` says."""
    retry = Retry()
    while True:
        try:
            with _busy_advice():
                return work()
        except RetouchError as error:
            delay = retry.delay(error)
            if delay is None:
                raise
        time.sleep(delay)


@contextmanager
def _busy_advice() -> Iterator[None]:
    """A block whose Busy error also advises ``--no-daemon``."""
    try:
        yield
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
