"""Areas of a face that are painted over: one plain colour, as a bar or a scribble that hides a part of it.

A photograph has grain or shading everywhere else, even in a highlight of skin that is not clipped.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.float32]

_PLAIN = 1.5 / 255.0  # the largest difference of neighbouring pixels within a plain area
_LEAST = 0.004  # of the crop's area; a smaller plain area is a highlight, or a block of JPEG
_WITHIN = 0.02  # of the face's area; a plain background reaches less far into its outline
_UNLIKE = 15.0  # CIE Lab; a plain area closer to the skin's colour is drawn skin


def painted_over(
    crop: NDArray[np.float32], face: NDArray[np.uint8], skin_sample: NDArray[np.uint8]
) -> NDArray[np.bool_]:
    """Where [S, S] a crop [S, S, 3] in [0, 1] shows one plain colour in place of a face.

    face: its outline, filled; skin_sample: where almost everybody has skin; both [S, S], 0 elsewhere.
    A plain background that ends at the outline hides nothing of the face. Without grain in the sample,
    nothing is painted over.
    """
    square = np.ones((3, 3), np.uint8)
    red, green, blue = cv2.split(cv2.dilate(crop, square) - cv2.erode(crop, square))
    plain = (np.maximum(np.maximum(red, green), blue) <= _PLAIN).astype(np.uint8)
    count, labels, measures, _ = cv2.connectedComponentsWithStats(plain, connectivity=4)
    large = measures[:, cv2.CC_STAT_AREA] >= _LEAST * plain.size
    large &= np.bincount(labels[face > 0], minlength=count) >= _WITHIN * np.count_nonzero(face)
    large[0] = False
    known = (skin_sample > 0) & (plain == 0)
    if not large.any() or np.count_nonzero(known) < 50:
        return np.zeros(plain.shape, np.bool_)
    lab = cv2.cvtColor(crop, cv2.COLOR_RGB2Lab)
    skin = np.median(lab[known], axis=0)
    hidden = np.zeros(count, np.bool_)
    for label in np.flatnonzero(large):
        color = np.median(lab[labels == label], axis=0)
        hidden[label] = float(np.linalg.norm(color - skin)) > _UNLIKE
    # its border, which resampling has mixed with skin, is painted over, too
    border = max(3, round(0.012 * plain.shape[0]) | 1)
    grown = cv2.dilate(
        hidden[labels].astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (border, border))
    )
    return np.asarray(grown > 0)
