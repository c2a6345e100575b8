"""Patches as arrays, and how they are laid on a photograph: the same functions in process and at a client."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retouchml.errors import PictureUnsupported
from retouchml.results import Box

_FULL_SCALE = {np.dtype(np.uint8): 255.0, np.dtype(np.uint16): 65535.0, np.dtype(np.float32): 1.0}


@dataclass(frozen=True)
class Patch:
    """The retouched pixels around one face.

    Alpha is full where the retouch may have changed something and zero elsewhere; there is nothing between,
    since the change itself fades out.
    """

    face: int  # number of the face in the photo
    x: int  # of the top left corner in the photo
    y: int
    pixels: NDArray[np.generic]  # [h, w, 4] RGBA, straight alpha, the photo's depth

    @property
    def box(self) -> Box:
        """The rectangle in the photo."""
        return self.x, self.y, self.pixels.shape[1], self.pixels.shape[0]

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Whether each pixel [h, w] belongs to the patch: its alpha is full."""
        return np.asarray(self.pixels[..., 3] != 0, np.bool_)


def full_scale(dtype: np.dtype[np.generic]) -> float:
    """The value of white. Raises PictureUnsupported for a depth that is not handled."""
    try:
        return _FULL_SCALE[np.dtype(dtype)]
    except KeyError:
        raise PictureUnsupported(
            f"Pixels of type {dtype} are not handled.", "Use 8 or 16 bit integers, or 32 bit floats."
        ) from None


def as_channels(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    """[H, W] or [H, W, C] → [H, W, C]. Raises PictureUnsupported for another shape."""
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 2, 3, 4) or 0 in pixels.shape:
        raise PictureUnsupported(
            f"An array of shape {pixels.shape} is no picture.",
            "Pass [H, W], or [H, W, C] with 1 to 4 channels.",
        )
    full_scale(pixels.dtype)
    return pixels


def paint(photo: NDArray[np.generic], patch: Patch, corner: tuple[int, int] = (0, 0)) -> None:
    """Put a patch onto a photo [H, W, C], or onto the part of it that begins at ``corner`` (x, y), in place.

    Alpha stays. Pixels of the patch outside the part are ignored.
    """
    x, y, width, height = patch.box
    x, y = x - corner[0], y - corner[1]
    columns, rows = (
        slice(max(0, -x), max(0, photo.shape[1] - x)),
        slice(max(0, -y), max(0, photo.shape[0] - y)),
    )
    target = photo[max(0, y) : max(0, y + height), max(0, x) : max(0, x + width)]
    channels = 3 if photo.shape[2] >= 3 else 1
    inside = patch.inside[rows, columns]
    target[..., :channels][inside] = patch.pixels[rows, columns, :channels][inside]


def painted(photo: NDArray[np.generic], patches: Sequence[Patch]) -> NDArray[np.generic]:
    """A copy of a photo [H, W, C] with patches on it; alpha is kept."""
    result = photo.copy()
    for patch in patches:
        paint(result, patch)
    return result


def layer_of(photo: NDArray[np.generic], patches: Sequence[Patch]) -> NDArray[np.generic]:
    """Patches on a transparent canvas [H, W, 4] of the size and depth of a photo [H, W, C]."""
    result = np.zeros((*photo.shape[:2], 4), photo.dtype)
    white = full_scale(photo.dtype)
    for patch in patches:
        paint(result, patch)
        x, y, width, height = patch.box
        result[y : y + height, x : x + width, 3][patch.inside] = white
    return result
