"""How much the skin under the eyes differs from the cheeks."""

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.figures.faces import Area, Picture, Points, lab

_EYES = (slice(36, 42), slice(42, 48))
_UNDER, _CHEEK = (0.2, 0.42), (0.75, 1.05)  # widths of the eye below its lower lid
_INSET = 0.18  # of the eye's width, at either corner
_LEAST_SKIN = 0.6  # share of either band that is skin


def under_eye_contrast(picture: Picture, landmarks: Points, skin: Area) -> float | None:
    """ΔE between the skin below the eyes and the cheeks, of the eye with more; None if neither is seen.

    Only what is darker than the cheek counts in L*.
    """
    colors = lab(picture)
    found = []
    for eye in _EYES:
        under, cheek = (_band(landmarks[eye], *band, picture.shape[0]) for band in (_UNDER, _CHEEK))
        if min(float(skin[area].mean()) if area.any() else 0.0 for area in (under, cheek)) < _LEAST_SKIN:
            continue
        light, red, yellow = np.median(colors[under & skin], 0) - np.median(colors[cheek & skin], 0)
        found.append(float(np.linalg.norm((min(light, 0.0), red, yellow))))
    return max(found, default=None)


def _band(eye: Points, top: float, bottom: float, size: int) -> NDArray[np.bool_]:
    """A band [S, S] below an eye [6, 2], parallel to it, that follows its lower lid."""
    first, last = (eye[0], eye[3]) if eye[0, 0] < eye[3, 0] else (eye[3], eye[0])
    across = last - first
    width = float(np.hypot(*across))
    down = np.array([-across[1], across[0]]) / max(width, 1e-6)
    lid = eye[[4, 5]] @ down
    start = float(lid.mean()) - float(first @ down)
    share = np.linspace(_INSET, 1.0 - _INSET, 12)[:, None]
    line = first + across * share + down * start
    shape = np.concatenate([line + down * top * width, (line + down * bottom * width)[::-1]])
    mask = np.zeros((size, size), np.uint8)
    cv2.fillPoly(mask, [np.rint(shape).astype(np.int32)], 1)
    return np.asarray(mask > 0)
