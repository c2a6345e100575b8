"""How far the shape sliders may move the photograph: little where lines behind the head would bend.

A jaw takes along what lies beside it. An even wall shows nothing of that; a door frame or a bookshelf does.
So the bound at the outline of the face depends on the structure of what is seen in the rim around it. Above
the forehead lies the head itself, and below the chin the neck: these may move.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.masks import FaceMasks, Mask
from pipeline.regions.geometry import smoothstep

Points = NDArray[np.float64]

BOUND = 0.038  # of the crop's side; the largest motion
RIM_BOUND = 0.012  # the same at the outline and beyond, before a background that has structure
_SIDE = 256  # pixels; structure is told at this size at most
MARGIN = 0.015  # of the crop's side; the face's own edge is no structure
_POOL = 0.04  # of the crop's side; standard deviation of the neighbourhood
_EVEN, _STRUCTURED = 0.008, 0.025  # root mean square of the grey's change per pixel
_UP, _DOWN = (0.6, 0.9), (0.8, 0.95)  # cosine to the face's axis, from the nose
_SHARPNESS = 4.0


def shape_bound(photo: NDArray[np.float32], landmarks: Points, masks: FaceMasks, size: int) -> Mask:
    """The bound [H, W] of the motion in a window of a crop, in shares of the crop's side.

    photo: [H, W, 3] in [0, 1]; landmarks: [68, 2] in pixels of the window; masks: [H, W] each; size: side of
    the whole crop
    """
    held = _structure(photo, masks, size) * (1.0 - _head_behind(landmarks, photo.shape[:2]))
    return np.asarray(BOUND - (BOUND - RIM_BOUND) * held * (1.0 - masks.inner), np.float32)


def bounded(flow: NDArray[np.float32], bound: float | Mask) -> NDArray[np.float32]:
    """The flow [H, W, 2] with its lengths below ``bound``; what is a little shorter hardly changes."""
    length = np.hypot(flow[..., 0], flow[..., 1])
    factor = (1.0 + (length / bound) ** _SHARPNESS) ** (-1.0 / _SHARPNESS)
    return np.asarray(flow * factor[..., None], np.float32)


def _structure(photo: NDArray[np.float32], masks: FaceMasks, size: int) -> Mask:
    """How much [H, W], 0 to 1, what is seen in the rim around the face is structured, near each pixel."""
    height, width = photo.shape[:2]
    factor = min(1.0, _SIDE / size)
    shape = max(2, round(width * factor)), max(2, round(height * factor))
    side = size * factor
    grey = cv2.resize(photo.mean(axis=2), shape, interpolation=cv2.INTER_AREA)
    reach = 2 * max(1, round(MARGIN * side)) + 1
    face = cv2.resize((masks.inner > 0).astype(np.uint8), shape, interpolation=cv2.INTER_NEAREST)
    near = cv2.dilate(face, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    rim = cv2.resize(masks.motion, shape, interpolation=cv2.INTER_AREA) * (near == 0)
    found = structure(np.asarray(grey, np.float32), np.asarray(rim, np.float32), side)
    return np.asarray(cv2.resize(found, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def structure(grey: Mask, rim: Mask, side: float) -> Mask:
    """How much [h, w], 0 to 1, a picture is structured near each pixel, as far as ``rim`` counts it.

    grey: [h, w] in [0, 1], about 256 pixels for a crop; side: of the whole crop in its pixels
    """
    across, down = (cv2.Sobel(grey, cv2.CV_32F, *axis, scale=0.125) for axis in ((1, 0), (0, 1)))
    total = cv2.GaussianBlur(rim * (across**2 + down**2), (0, 0), _POOL * side)
    change = np.sqrt(total / (cv2.GaussianBlur(rim, (0, 0), _POOL * side) + 1e-6))
    return smoothstep(change, _EVEN, _STRUCTURED)


def _head_behind(landmarks: Points, shape: tuple[int, int]) -> Mask:
    """How much [H, W], 0 to 1, pixels lie above the face or below it, where the head and the neck are."""
    eyes = landmarks[36:42].mean(0), landmarks[42:48].mean(0)
    across = (eyes[1] - eyes[0]) / np.hypot(*(eyes[1] - eyes[0]))
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    x, y = x - landmarks[30, 0], y - landmarks[30, 1]
    cosine = (across[0] * y - across[1] * x) / np.maximum(np.hypot(x, y), 1.0)  # 1 towards the chin
    return np.maximum(smoothstep(-cosine, *_UP), smoothstep(cosine, *_DOWN))
