"""Paint on the face: eye shadow, liner, coloured lids, face paint.

Make-up that is meant to be seen differs from skin in hue, or is more saturated or darker than this face's
skin can be. Shade changes the skin's chroma by a factor, and blood reddens it; both stay skin.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.masks import Mask
from pipeline.regions.contours import Contours
from pipeline.regions.geometry import blurred, curve, disc, smoothstep

_SIDE = 256  # pixels; side of the reduced crop, fine enough for lids
_GRAIN = 0.005  # of the side; blur of the colours that are judged
_SHADE, _RICHEST = 0.2, 1.3  # factors by which shade and light change the chroma of skin
_OTHER = (8.0, 13.0)  # distance from these colours in a* and b*: of skin, of paint
_BLOOD = 0.6  # share of a distance that counts if it lies towards red
_DARK = (0.62, 0.42)  # L* by that of skin: shade, liner
_REACH = 0.75  # of the eye's width; radius around the lids within which red and dark colours are paint
_EDGE = 0.012  # of the side; the edge of paint is mixed with skin


def paint_of(lab: NDArray[np.float32], contours: Contours, skin: NDArray[np.float32]) -> Mask:
    """The paint [S, S] on a face.

    lab: the crop in CIE Lab; skin: the median Lab [3] of this face's skin. Away from the eyes only colours
    that skin never has, as blue and green, are paint: a red spot is none, nor is a shadow.
    """
    size = lab.shape[0]
    side = min(size, _SIDE)
    small = cv2.resize(lab, (side, side), interpolation=cv2.INTER_AREA)
    smooth = blurred(small, _GRAIN * side)
    chroma = float(np.hypot(skin[1], skin[2]))
    axis = skin[1:] / max(chroma, 1e-6)
    along = np.clip(smooth[..., 1:] @ axis, _SHADE * chroma, _RICHEST * chroma)
    offset = smooth[..., 1:] - along[..., None] * axis
    cold = np.hypot(np.minimum(offset[..., 0], 0.0), np.minimum(offset[..., 1], 0.0))
    warm = np.hypot(np.maximum(offset[..., 0], 0.0) * _BLOOD, np.maximum(offset[..., 1], 0.0))
    near = _near_eyes(contours, side, side / size)
    dark = smoothstep(smooth[..., 0] / max(float(skin[0]), 1.0), *_DARK)
    paint = np.maximum(smoothstep(cold, *_OTHER), near * np.maximum(smoothstep(warm, *_OTHER), dark))
    grown = blurred(cv2.dilate(paint, disc(_EDGE * side)), 0.5 * _EDGE * side)
    return np.asarray(cv2.resize(grown, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)


def _near_eyes(contours: Contours, side: int, scale: float) -> Mask:
    """1 around the lids, fading outwards."""
    mask = np.zeros((side, side), np.uint8)
    for eye in contours.eyes:
        for lid in (eye.upper, eye.lower):
            line = np.rint((curve(lid, closed=False) + 0.5) * scale - 0.5).astype(np.int32)
            cv2.polylines(mask, [line], False, 1)
    width = max(eye.width for eye in contours.eyes) * scale
    distance = cv2.distanceTransform(1 - mask, cv2.DIST_L2, 5)
    return smoothstep(distance, _REACH * width, 0.5 * _REACH * width)
