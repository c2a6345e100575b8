"""Which parts of a photo the search for faces and the work on them read at its own resolution.

All else is seen in a halved copy alone, so that a client on a slow network need not send it.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.align import ffhq_alignment
from pipeline.views import Detection
from retouchml.results import Box

# From the centre of a face that was seen, in its sides: the frames in which networks look at it, moved and
# turned as they may be (``quick_search``, ``mesh``, ``landmarks``); those of a turned face are turned, too.
_UPRIGHT, _TURNED = 1.5, 1.8
_MARGIN = 0.06  # around a crop, of its side


def halved(pixels: NDArray[np.generic], side: int) -> tuple[NDArray[np.generic], int]:
    """A photo [H, W, C], halved as long as it is twice as long as ``side``, and how many pixels are now one.

    A pixel is the mean of four, rounded, halves up; an odd last row or column is left out. A client that
    sends pixels so halved sends all that is read of them (``retouchml.client.packed_rows``). Only photos of
    whole numbers are halved.
    """
    if pixels.dtype not in (np.uint8, np.uint16):
        return pixels, 1
    if pixels.shape[2] == 2:  # the second is alpha, which nobody looks at
        pixels = np.ascontiguousarray(pixels[..., :1])
    times = 1
    while max(pixels.shape[:2]) // 2 >= side and min(pixels.shape[:2]) >= 2:
        height, width, channels = (pixels.shape[0] // 2, pixels.shape[1] // 2, pixels.shape[2])
        even: NDArray[Any] = pixels[: 2 * height, : 2 * width]
        small = cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA)
        pixels = small.reshape(height, width, channels)
        times *= 2
    return pixels, times


def around(seen: Detection, pixels: NDArray[np.generic]) -> Box:
    """The part of a photo [H, W, C] around what may be a face."""
    x, y = seen.center
    reach = seen.side * (_UPRIGHT if seen.angle == 0.0 else _TURNED)
    return _cut(x - reach, y - reach, x + reach, y + reach, pixels)


def around_crop(landmarks: NDArray[np.float64], pixels: NDArray[np.generic]) -> Box:
    """The part of a photo [H, W, C] in which a face with landmarks [68, 2] is retouched."""
    alignment = ffhq_alignment(landmarks, 1)
    corners = alignment.to_photo(np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]))
    margin = _MARGIN * alignment.side + 4.0
    (left, top), (right, bottom) = corners.min(0) - margin, corners.max(0) + margin
    return _cut(left, top, right, bottom, pixels)


def whole(pixels: NDArray[np.generic]) -> Box:
    """All of a photo [H, W, C]."""
    return 0, 0, pixels.shape[1], pixels.shape[0]


def _cut(left: float, top: float, right: float, bottom: float, pixels: NDArray[np.generic]) -> Box:
    height, width = pixels.shape[:2]
    x, y = int(np.clip(np.floor(left), 0, width - 1)), int(np.clip(np.floor(top), 0, height - 1))
    x_end, y_end = int(np.clip(np.ceil(right), x + 1, width)), int(np.clip(np.ceil(bottom), y + 1, height))
    return x, y, x_end - x, y_end - y
