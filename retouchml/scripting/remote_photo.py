"""A photograph at the daemon, as arrays: pictures go there, patches come back and are laid on it here."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import numpy.typing as npt

from retouchml.client.answers import WirePatch
from retouchml.client.client import Client
from retouchml.client.photo_session import PhotoSession
from retouchml.client.pixel_format import CHANNELS_OF, DTYPE_OF, PixelFormat
from retouchml.errors import ProtocolError
from retouchml.look import Look
from retouchml.progress import Cancel, Progress
from retouchml.results import Box, Face, FaceReport
from retouchml.scripting.patches import Patch, as_channels, layer_of, painted

_TYPE_OF = {dtype.lstrip("|<"): type_ for type_, dtype in DTYPE_OF.items()}
_ORDERS = {CHANNELS_OF[order]: order for order in ("Y", "YA", "RGB", "RGBA")}

Guard = Callable[[], AbstractContextManager[None]]


class DaemonPhoto:
    """A photograph at the daemon as a ``BackendPhoto``."""

    def __init__(
        self,
        client: Client,
        pixels: npt.NDArray[Any],
        model: str,
        device: str,
        icc: bytes = b"",
        guard: Guard = nullcontext,
        *,
        at: Sequence[Box] = (),
        scorer: str = "",
    ) -> None:
        """pixels: [H, W(, C)], not written to; icc: their colour profile, at most ``protocol.ICC_BYTES``.

        at: places of faces that the search may miss; scorer: "" for the daemon's own; guard: a block around
        each wait for the daemon, which may say more in an error

        Raises PictureUnsupported or LimitExceeded.
        """
        self._guard = guard
        self._shape = pixels.shape
        self._channels = np.ascontiguousarray(as_channels(pixels))
        height, width, channels = self._channels.shape
        kind = _TYPE_OF[self._channels.dtype.str.lstrip("|<")]
        picture = PixelFormat(width, height, kind, _ORDERS[channels])
        data = self._channels.data.cast("B")
        self._session = PhotoSession(
            client, picture, data, icc=icc, at=at, model=model, device=device, scorer=scorer, spares=True
        )
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
        with self._guard():
            self._session.wait(cancel)

    def render(
        self, looks: Mapping[int, Look], *, progress: Progress | None = None, cancel: Cancel | None = None
    ) -> list[Patch]:
        """Patches, as ``paint`` takes them."""
        self._session.on_progress = progress
        self._session.render(looks, report=True)
        with self._guard():
            rendered = self._session.wait(cancel)
        assert rendered is not None
        self._reports = {report.face: report for report in rendered.report}
        return [_patch_from(patch) for patch in rendered.patches]

    def apply(self, patches: Sequence[Patch]) -> npt.NDArray[Any]:
        """The photograph with the patches on it."""
        return painted(self._channels, patches).reshape(self._shape)

    def layer(self, patches: Sequence[Patch]) -> npt.NDArray[Any]:
        """The patches alone, RGBA [H, W, 4]."""
        return layer_of(self._channels, patches)

    def report(self, patches: Sequence[Patch]) -> list[FaceReport]:
        """Figures on each patch of the last render."""
        return [self._reports[patch.face] for patch in patches]

    def close(self) -> None:
        """Let the daemon forget it."""
        self._session.close()


def _patch_from(wire: WirePatch) -> Patch:
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
