"""What the figures share: the size of a face, its colours in CIE Lab, and its bare skin."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.masks import face_masks

Picture = NDArray[np.float32]
Points = NDArray[np.float64]
Area = NDArray[np.bool_]

_BARE = 0.8  # of the skin mask


def face_size(landmarks: Points) -> float:
    """The longer side, in pixels, of the box around all landmarks."""
    return float(np.ptp(landmarks, axis=0).max())


def lab(picture: Picture) -> Picture:
    """CIE Lab [S, S, 3] of an sRGB picture: L* 0 to 100, a* and b* around 0."""
    return np.asarray(cv2.cvtColor(np.clip(picture, 0.0, 1.0), cv2.COLOR_RGB2Lab), np.float32)


def bare_skin(picture: Picture, landmarks: Points) -> Area:
    """Where [S, S] a picture shows bare skin of the face."""
    inside = np.full(picture.shape[:2], np.inf, np.float32)
    return np.asarray(face_masks(picture, landmarks, inside).skin > _BARE)
