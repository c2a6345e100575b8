"""Teeth and lips: between and within the contours of the mouth, told by colour.

Teeth are pale: less red than this face's skin and lips, and not dark. Gums and tongue are as red as the lips.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.masks import Mask, Points
from pipeline.regions.contours import Contours
from pipeline.regions.geometry import Box, blurred, disc, grown, polygon, smoothstep

_LEAST_GAP = 0.006  # of the crop's side; an inner contour that is lower belongs to a closed mouth
_LEAST_TEETH = 1.2e-4  # of the crop's area; fewer pale pixels are no teeth


def mouth_regions(
    lab: NDArray[np.float32], contours: Contours, skin_color: NDArray[np.float32]
) -> tuple[Mask, Mask]:
    """The masks [S, S] of teeth and lips.

    lab: the crop in CIE Lab; skin_color: the median Lab [3] of this face's skin
    """
    size = lab.shape[0]
    teeth, lips = np.zeros((size, size), np.float32), np.zeros((size, size), np.float32)
    outer, inner = contours.outer_lips, contours.inner_lips
    box = Box.around(outer, 0.03 * size, lab.shape)
    if box.empty:
        return teeth, lips
    part = box.of(lab)
    within = polygon(box.local(grown(outer, 1.02)), box.shape)
    opening = polygon(box.local(inner), box.shape)
    parted = _gap(inner) > _LEAST_GAP * size
    if parted:
        box.of(teeth)[:] = _teeth(part, within, opening, skin_color, size)
    gap = np.maximum(opening if parted else 0.0, box.of(teeth))
    box.of(lips)[:] = blurred(within * (1.0 - gap), 0.003 * size) * within
    return teeth, lips


def _gap(inner: Points) -> float:
    """Height of the opening between the lips."""
    (_, _), (width, height), _ = cv2.minAreaRect(inner.astype(np.float32))
    return float(min(width, height))


def _teeth(
    lab: NDArray[np.float32], within: Mask, opening: Mask, skin: NDArray[np.float32], size: int
) -> Mask:
    smooth = blurred(lab, 0.0015 * size)
    light, red, yellow = smooth[..., 0], smooth[..., 1], smooth[..., 2]
    pale = smoothstep(red, skin[1] + 2.0, skin[1] - 4.0) * smoothstep(light, 0.45 * skin[0], 0.62 * skin[0])
    pale = pale * smoothstep(yellow, skin[2] + 14.0, skin[2] + 6.0) * within
    near = cv2.dilate(opening, disc(0.006 * size))
    _, labels = cv2.connectedComponents((pale > 0.5).astype(np.uint8))
    # Teeth reach into the opening; a highlight on a lip does not.
    counts = np.bincount(labels[opening > 0.5], minlength=labels.max() + 1)
    kept = counts > _LEAST_TEETH / 4.0 * size * size
    kept[0] = False
    found = kept[labels] & (near > 0.5)
    if found.sum() < _LEAST_TEETH * size * size:
        return np.zeros_like(opening)
    whole = cv2.morphologyEx(found.astype(np.float32), cv2.MORPH_CLOSE, disc(0.004 * size))
    return np.asarray(blurred(whole, 0.0015 * size) * np.minimum(1.0, 2.0 * pale), np.float32)
