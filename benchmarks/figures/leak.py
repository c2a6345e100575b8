"""How much the colour of the face changes along the jaw, where a generator's background can leak in."""

import cv2
import numpy as np

from benchmarks.figures.faces import Area, Picture, Points, face_size, lab

_JAW = slice(0, 17)
_BAND = (0.02, 0.10)  # of the face's size, inwards from the jaw
_BLUR = 0.012  # of the face's size
_PERCENTILE = 95.0


def leak(before: Picture, after: Picture, landmarks: Points) -> float:
    """95th percentile of the change of chroma (a*, b*) in the band inside the jaw, blurred; 0 is none."""
    band = jaw_band(landmarks, before.shape[0])
    if not band.any():
        return 0.0
    change = lab(after)[..., 1:] - lab(before)[..., 1:]
    blurred = cv2.GaussianBlur(change, (0, 0), max(0.3, _BLUR * face_size(landmarks)))
    return float(np.percentile(np.hypot(blurred[..., 0], blurred[..., 1])[band], _PERCENTILE))


def jaw_band(landmarks: Points, size: int) -> Area:
    """The band [size, size] that lies 2 to 10 % of the face's size inside its jaw."""
    hull = np.zeros((size, size), np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.rint(landmarks[_JAW]).astype(np.int32)), 1)
    line = np.ones((size, size), np.uint8)
    cv2.polylines(line, [np.rint(landmarks[_JAW]).astype(np.int32)], False, 0)
    distance = cv2.distanceTransform(line, cv2.DIST_L2, 5) / face_size(landmarks)
    return np.asarray((hull > 0) & (distance >= _BAND[0]) & (distance <= _BAND[1]))
