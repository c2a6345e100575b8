"""Skin of another colour that skin encloses: a warm patch of light, a flush, a tan line.

A colour model of the skin leaves such a patch out, and what is done to the skin around would make it stand
out. It is about as light as the skin around, more coloured, and has no edges: unlike hair, glare, dark marks
and what lies on skin.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.masks import Mask, Points, outline
from pipeline.regions.geometry import disc

_SIDE = 256  # pixels; side of the reduced crop in which patches are found
_RING = 0.02  # of the crop's side; width of the skin around a patch that it is compared with
_LARGEST = 0.012  # of the crop's area; a larger part has a name of its own, such as a beard
_DARKER, _LIGHTER = 4.0, 7.0  # L* by which a patch may be darker or lighter than the skin around
_COLORED = 1.02  # chroma by that of the skin around; less is glare, a beard or a scar
_ENCLOSED = 0.95  # share of the ring that is skin
_BEYOND = 0.08  # of the crop's side; how far from the outline of the face a patch may reach
_EDGES = 1.8  # L* a pixel of the reduced crop; the steepest slope of light in a patch


def with_enclosed(
    skin: Mask,  # [S, S]
    crop: NDArray[np.float32],  # [S, S, 3] in [0, 1]
    landmarks: Points,  # [68, 2] in crop pixels
    features: Mask,  # [S, S] 1 in eyes, brows and lips, which are never filled
) -> Mask:
    """The skin with the patches of another colour that it encloses in the face, a mask [S, S], never less."""
    size = skin.shape[0]
    side = min(size, _SIDE)
    small, picture, covered = (
        np.asarray(cv2.resize(each, (side, side), interpolation=cv2.INTER_AREA), np.float32)
        for each in (skin, crop, features)
    )
    bare = small > 0.5
    near_face = cv2.dilate(outline((landmarks + 0.5) * (side / size) - 0.5, side), disc(_BEYOND * side)) > 0
    lab = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2Lab), (0, 0), 1.0)
    light, chroma = lab[..., 0], np.hypot(lab[..., 1], lab[..., 2])
    slope = np.hypot(cv2.Sobel(light, cv2.CV_32F, 1, 0), cv2.Sobel(light, cv2.CV_32F, 0, 1)) / 8.0
    count, labels, stats, _ = cv2.connectedComponentsWithStats((~bare).astype(np.uint8))
    filled = np.zeros((side, side), np.float32)
    margin = round(_RING * side) + 1
    for part in range(1, count):
        left, top, width, height, area = (int(v) for v in stats[part])
        if area > _LARGEST * side * side:
            continue
        box = np.s_[
            max(0, top - margin) : top + height + margin, max(0, left - margin) : left + width + margin
        ]
        patch = labels[box] == part
        around = (cv2.dilate(patch.astype(np.uint8), disc(_RING * side)) > 0) & ~patch
        if covered[box][patch].max() > 0.05 or not near_face[box][patch].all():
            continue
        if bare[box][around].mean() < _ENCLOSED or np.quantile(slope[box][patch], 0.9) > _EDGES:
            continue
        lighter = float(np.median(light[box][patch]) - np.median(light[box][around]))
        colored = float(np.median(chroma[box][patch]) / max(1.0, np.median(chroma[box][around])))
        if -_DARKER < lighter < _LIGHTER and colored > _COLORED:
            filled[box] = np.maximum(filled[box], patch)
    if not filled.any():
        return skin
    # The rim of a patch is half skin: it is filled as well.
    grown = cv2.GaussianBlur(cv2.dilate(filled, disc(_RING * side)), (0, 0), 0.5 * _RING * side)
    whole = cv2.resize(np.minimum(grown / 0.6, 1.0), (size, size), interpolation=cv2.INTER_LINEAR)
    near = cv2.dilate(cv2.resize(filled, (size, size), interpolation=cv2.INTER_NEAREST), disc(_RING * size))
    return np.asarray(np.maximum(skin, np.minimum(whole, near)), np.float32)
