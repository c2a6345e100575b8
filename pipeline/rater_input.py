"""The raters' input: an aligned chip of a face, and the shape of its landmarks."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.align import Alignment, ffhq_alignment

CHIP = 112  # pixels
_SHARE = 0.66  # of the FFHQ square's side
_DOWN = 0.075  # of the FFHQ square's side; how far the centre lies below that of the square


def chip_alignment(landmarks: NDArray[np.float64], size: int = CHIP) -> Alignment:
    """The square around the bare face, brows to chin, within the FFHQ square of landmarks [68, 2]."""
    outer = ffhq_alignment(landmarks, size)
    linear = outer.matrix[:, :2] * _SHARE
    middle = np.full(2, (size - 1) / 2.0)
    center = outer.to_photo((middle + np.array([0.0, _DOWN * size]))[None])[0]
    return Alignment(np.hstack([linear, (center - linear @ middle)[:, None]]), size)


def face_chip(picture: NDArray[np.generic], landmarks: NDArray[np.float64]) -> NDArray[np.float32]:
    """Chip [112, 112, 3] in [0, 1] of the face at ``landmarks`` in a picture [H, W, C] of any depth."""
    return chip_alignment(landmarks).cut(picture)


def shape_features(landmarks: NDArray[np.float64]) -> NDArray[np.float32]:
    """Landmarks [68, 2] → [136] without place, size and tilt: eyes level, 1 apart, around the origin."""
    left, right = landmarks[36:42].mean(0), landmarks[42:48].mean(0)
    x, y = right - left
    norm = x * x + y * y
    upright = np.array([[x, y], [-y, x]]) / norm
    return np.asarray((landmarks - (left + right) / 2.0) @ upright.T, np.float32).ravel()


def mirrored(chip: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mirror image of a chip."""
    return np.asarray(cv2.flip(chip, 1), np.float32)
