"""Views of a photograph for the networks that look at faces: a reduced copy, or an upright frame around one.

Each is 8-bit RGB as a display shows it, and shrunk without aliasing.
"""

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.display import Display, plain
from pipeline.pixels import as_channels


@dataclass(frozen=True)
class Detection:
    """A square face box, as a detector gives it, perhaps turned."""

    center: tuple[float, float]  # (x, y) in pixels
    side: float  # pixels
    angle: float  # radians that the face is turned clockwise
    confidence: float  # of the detector, higher is better

    def moved_down(self, share: float) -> "Detection":
        """The box moved down along the face, by a share of its side."""
        x, y = self.center
        down = share * self.side
        return replace(self, center=(x - math.sin(self.angle) * down, y + math.cos(self.angle) * down))


def reduced(
    pixels: NDArray[np.generic], side: int, display: Display = plain
) -> tuple[NDArray[np.uint8], float]:
    """An 8-bit RGB copy [h, w, 3] no longer than ``side``, and the photo pixels per pixel of it."""
    height, width = pixels.shape[:2]
    scale = max(1.0, max(height, width) / side)
    if scale > 1.0:
        size = (max(1, round(width / scale)), max(1, round(height / scale)))
        pixels = as_channels(cv2.resize(np.ascontiguousarray(pixels), size, interpolation=cv2.INTER_AREA))
    return display(pixels), scale


def rotation_of(detection: Detection, step: float, frame: int) -> NDArray[np.float64]:
    """[2, 3] map from a frame centred on the face and turned with it to the photo."""
    cosine, sine = step * math.cos(detection.angle), step * math.sin(detection.angle)
    linear = np.array([[cosine, -sine], [sine, cosine]])
    offset = np.array(detection.center) - linear @ np.full(2, (frame - 1) / 2.0)
    return np.hstack([linear, offset[:, None]])


def view_of(
    pixels: NDArray[np.generic],
    matrix: NDArray[np.float64],
    frame: int,
    display: Display = plain,
    outside: int | None = None,
) -> NDArray[np.uint8]:
    """The part of a photo in a frame: 8-bit RGB [frame, frame, 3].

    outside: the grey beyond the photo; None: its edge is repeated
    """
    image, local = _region(pixels, matrix, frame, display)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    border = cv2.BORDER_REPLICATE if outside is None else cv2.BORDER_CONSTANT
    view = cv2.warpAffine(
        image, local, (frame, frame), flags=flags, borderMode=border, borderValue=[outside or 0] * 3
    )
    return np.ascontiguousarray(view, np.uint8)


def _region(
    pixels: NDArray[np.generic], matrix: NDArray[np.float64], frame: int, display: Display
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The part of the photo under a frame, shrunk to about its scale, and the map from frame to part."""
    height, width = pixels.shape[:2]
    corners = np.array([[0, 0], [frame, 0], [0, frame], [frame, frame]]) @ matrix[:, :2].T + matrix[:, 2]
    left, top = np.clip(np.floor(corners.min(0)).astype(int) - 2, 0, (width - 1, height - 1))
    right, bottom = np.clip(np.ceil(corners.max(0)).astype(int) + 3, (left + 1, top + 1), (width, height))
    region = pixels[top:bottom, left:right]
    factor = max(1, int(np.hypot(*matrix[:, 0])))
    small = (max(1, region.shape[1] // factor), max(1, region.shape[0] // factor))
    if factor > 1:
        region = as_channels(cv2.resize(np.ascontiguousarray(region), small, interpolation=cv2.INTER_AREA))
    ratio = np.array([(right - left) / small[0], (bottom - top) / small[1]]) if factor > 1 else np.ones(2)
    linear = matrix[:, :2] / ratio[:, None]
    offset = (matrix[:, 2] - (left, top) + 0.5) / ratio - 0.5
    return display(region), np.hstack([linear, offset[:, None]])
