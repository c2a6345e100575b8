"""The open photos of a worker, and their patches with the pixels of the wire."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from daemon import pixel_conversion
from retouchml.client.answers import WirePatch
from retouchml.client.pixel_format import PixelFormat
from retouchml.own_parts import STANDARD
from retouchml.results import Box

if TYPE_CHECKING:
    from pipeline.patch import Patch
    from pipeline.photo import Photo
    from pipeline.preview import PreviewPatch

SECONDS_OF_CLOSED = 300.0
"""How long a photo that was closed can be opened again without work, if no other one is opened."""
_RIM = 0.03  # around a place whose own pixels are asked for, of its longer side


@dataclass
class WorkerPhoto:
    """A photo in the worker: as it was sent, and as a backend opened it.

    pixels: [H, W, C] of the wire; icc: their colour profile, b"" for sRGB; at: places of faces that the
    search may miss; scorer: whose taste strength follows; photo: None until a backend has opened it;
    exact: the boxes in which the pixels are the photograph's own, None for everywhere;
    asked_device: the device at first, which ``device`` follows; fell_back: whether it is on the CPU because
    that one's memory was short, which it may no longer be when the photo is opened again
    """

    pixels: NDArray[Any]
    picture: PixelFormat
    model: str
    device: str
    icc: bytes = b""
    photo: "Photo | None" = None
    at: Sequence[Box] = ()
    scorer: str = ""
    exact: Sequence[Box] | None = None
    asked_device: str = ""
    fell_back: bool = False

    def __post_init__(self) -> None:
        self.asked_device = self.asked_device or self.device

    def is_like(self, other: "WorkerPhoto") -> bool:
        """Whether another is the same photo, opened in the same way.

        One with a scorer of the user's own is not: that may have been trained again.
        """
        own = other.scorer not in ("", STANDARD)
        return (
            not own
            and not self.fell_back
            and self._way == other._way
            and np.array_equal(self.pixels, other.pixels)
        )

    @property
    def _way(self) -> tuple[object, ...]:
        exact = None if self.exact is None else tuple(self.exact)
        own = self.icc, tuple(self.at), self.scorer or STANDARD
        return self.picture, self.model, self.asked_device, exact, *own

    def lacking(self, boxes: Sequence[Box]) -> tuple[Box, ...]:
        """Those of which not all pixels are the photograph's own, with a rim.

        A face is seen a little beside its place as long as its own pixels are not there. Without a rim, a
        place that has moved by a pixel when they are would cost all of the photograph.
        """
        if self.exact is None:
            return ()
        lacking = (box for box in boxes if not any(_contains(own, box) for own in self.exact))
        return tuple(_with_rim(box, self.picture) for box in lacking)

    @cached_property
    def without_curve(self) -> PixelFormat:
        """The picture's format; the profile alone says what values mean, if there is one to heed."""
        from pipeline.working_space import profile_for

        profile = profile_for(self.icc, self.pixels)
        return replace(self.picture, encoding="srgb") if profile else self.picture


def _with_rim(box: Box, picture: PixelFormat) -> Box:
    x, y, width, height = box
    rim = round(_RIM * max(width, height))
    left, top = max(0, x - rim), max(0, y - rim)
    right, bottom = min(picture.width, x + width + rim), min(picture.height, y + height + rim)
    return left, top, right - left, bottom - top


def _contains(outer: Box, inner: Box) -> bool:
    return all(
        outer[axis] <= inner[axis] and inner[axis] + inner[axis + 2] <= outer[axis] + outer[axis + 2]
        for axis in (0, 1)
    )


@dataclass(frozen=True)
class ConvertedPatch:
    """A patch with the wire's pixels [h, w, C]; box: the rectangle of the photo that it covers."""

    face: int
    box: Box
    pixels: NDArray[Any]
    picture: PixelFormat

    def reduced(self, side: int) -> "ConvertedPatch":
        """The patch with a longest side of ``side`` pixels at most."""
        pixels, picture = pixel_conversion.reduced(self.pixels, self.picture, side)
        return ConvertedPatch(self.face, self.box, pixels, picture)

    def to_wire(self) -> WirePatch:
        """The patch of an answer."""
        pixels = np.ascontiguousarray(self.pixels).data.cast("B")
        return WirePatch(self.face, self.box, self.picture, pixels)


class WorkerPhotos:
    """Open photos by name, and the one that was closed last: an editor often opens the same one again."""

    def __init__(self) -> None:
        self._open: dict[str, WorkerPhoto] = {}
        self._closed: WorkerPhoto | None = None
        self._closed_at = 0.0

    def __getitem__(self, name: str) -> WorkerPhoto:
        return self._open[name]

    def get(self, name: str) -> WorkerPhoto | None:
        """The open photo of a name; None if there is none."""
        return self._open.get(name)

    def __iter__(self) -> Iterator[WorkerPhoto]:
        return iter(self._open.values())

    def take(self, name: str, photo: WorkerPhoto) -> None:
        """Keep a photo; if it is like the one that was closed last, that one takes its place."""
        closed, self._closed = self._closed, None
        if closed is None or closed.photo is None or not closed.is_like(photo):
            self._open[name] = photo
            return
        self._open[name] = closed
        closed.photo.seconds.update(dict.fromkeys(closed.photo.seconds, 0.0))

    def close(self, name: str) -> None:
        """Close a photo, and free the one that was closed before."""
        closed = self._open.pop(name, None)
        if closed is not None:
            self._closed, self._closed_at = closed, time.monotonic()

    def seconds_of_closed(self) -> float | None:
        """How long the one that was closed last may stay from now on, at least 0; None if there is none."""
        if self._closed is None:
            return None
        return max(0.0, self._closed_at + SECONDS_OF_CLOSED - time.monotonic())

    def forget_closed(self) -> None:
        """Free the one that was closed last."""
        self._closed = None


def convert(patch: "Patch | PreviewPatch", entry: WorkerPhoto) -> ConvertedPatch:
    """A patch of a photo in the format of the wire."""
    x, y, width, height = (int(each) for each in patch.box)
    original = entry.pixels[y : y + height, x : x + width]
    if patch.pixels.shape[:2] != (height, width):
        rows, columns = (
            (np.arange(count) + 0.5) * length // count
            for count, length in zip(patch.pixels.shape[:2], (height, width), strict=True)
        )
        original = original[rows.astype(int)[:, None], columns.astype(int)]
    pixels, picture = pixel_conversion.from_pipeline(patch.pixels, original, entry.without_curve)
    picture = replace(picture, encoding=entry.picture.encoding)
    return ConvertedPatch(patch.face, (x, y, width, height), pixels, picture)
