"""``Retoucher`` over the daemon: what ``from retouchml import Retoucher`` gives without the engine here."""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt

from retouchml.client import protocol
from retouchml.client.client import Client
from retouchml.client.retry import repeated
from retouchml.errors import LimitExceeded, RetouchError
from retouchml.look import Look, check_looks
from retouchml.progress import Cancel, Progress
from retouchml.results import Box, Edit, Face, FaceReport
from retouchml.scripting.patches import Patch
from retouchml.scripting.remote_photo import DaemonPhoto
from retouchml.settings import DEFAULT_DEVICE, DEFAULT_MODEL
from retouchml.sliders import EDITS


class Retoucher:
    """The daemon's networks. It starts the daemon if none runs, and can be used in a ``with`` block.

    The engine's own class (``pipeline.retoucher``) offers the same names, and more: its photos can also be
    prepared and refined.
    """

    def __init__(self, model: str = DEFAULT_MODEL, device: str = DEFAULT_DEVICE) -> None:
        """Connect, and load the model in the daemon.

        Raises DaemonAbsent if RetouchML is not set up, VersionMismatch, ModelMissing, ModelCorrupt or
        DeviceError.
        """
        self._client = Client(start=True, name="retouchml (script)", same_version=True)
        self._device = "" if device == "auto" else device
        try:
            answer = repeated(lambda: self._client.edits(model, self._device).result())
        except BaseException:
            self._client.close()
            raise
        self.model, self.device = answer.model, answer.device

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The sliders that a look holds by name."""
        return tuple(slider.as_edit() for slider in EDITS)

    def open(
        self,
        pixels: npt.NDArray[Any],
        *,
        icc: bytes = b"",
        at: Sequence[Box] = (),
        scorer: str = "",
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> "Photo":
        """Find the faces of a photo [H, W] or [H, W, C]: uint8, uint16 or float32, straight alpha.

        icc: its colour profile, b"" for sRGB; at: places (x, y, width, height) of faces that the search may
        miss; those that it finds come first; scorer: the name of the user's own taste that strength follows,
        "" for the daemon's own

        Raises PictureUnsupported for another kind of array, LimitExceeded and Cancelled.
        """
        photo = DaemonPhoto(self._client, pixels, self.model, self._device, icc, at=at, scorer=scorer)
        try:
            photo.open(progress, cancel)
        except BaseException:
            photo.close()
            raise
        self.device = photo.device or self.device
        return Photo(photo)

    def close(self) -> None:
        """Disconnect; the daemon frees the photos."""
        self._client.close()

    def __enter__(self) -> "Retoucher":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


class Photo:
    """An open photograph with its faces."""

    def __init__(self, photo: DaemonPhoto) -> None:
        self._photo = photo

    @property
    def faces(self) -> tuple[Face, ...]:
        """The faces that were found."""
        return self._photo.faces

    @property
    def seconds(self) -> Mapping[str, float]:
        """Seconds that each step took, by its name."""
        return self._photo.seconds

    def render(
        self, looks: Mapping[int, Look], *, progress: Progress | None = None, cancel: Cancel | None = None
    ) -> list[Patch]:
        """Patches that give the faces of these numbers these looks; an untouched look has no patch.

        Raises UsageError for a missing face or edit, LimitExceeded for too many at once, and Cancelled.
        """
        if len(looks) > protocol.LOOKS:
            raise LimitExceeded(
                f"{len(looks)} faces are more than the daemon retouches at once, {protocol.LOOKS}.",
                "Render them in parts; patches can be laid on together.",
            )
        check_looks(looks, self.faces)
        return self._photo.render(looks, progress=progress, cancel=cancel)

    def apply(self, patches: Sequence[Patch]) -> npt.NDArray[Any]:
        """The photograph with the patches on it, of the shape and type that was opened."""
        return self._photo.apply(patches)

    def layer(self, patches: Sequence[Patch]) -> npt.NDArray[Any]:
        """The patches alone, RGBA [H, W, 4] in the photograph's type, transparent elsewhere."""
        return self._photo.layer(patches)

    def report(self, patches: Sequence[Patch]) -> Sequence[FaceReport]:
        """Scores and distances of the patches' faces, of the last ``render``."""
        return self._photo.report(patches)

    def close(self) -> None:
        """Let the daemon forget it."""
        with contextlib.suppress(RetouchError):
            self._photo.close()
