"""Portraits composited before saturated backgrounds: does a background's colour leak into a face?"""

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.figures.faces import Picture, Points
from pipeline.head import cut_out
from pipeline.masks import outline

# name → sRGB in [0, 1]
SATURATED: dict[str, tuple[float, float, float]] = {
    "red": (0.85, 0.08, 0.10),
    "orange": (0.95, 0.50, 0.05),
    "yellow": (0.95, 0.88, 0.10),
    "green": (0.08, 0.65, 0.15),
    "teal": (0.05, 0.60, 0.60),
    "blue": (0.10, 0.18, 0.85),
    "magenta": (0.80, 0.10, 0.70),
}
_WORK = 320  # pixels; the head is cut out at this side
_ROUNDS = 4  # of GrabCut


def head(picture: Picture, landmarks: Points) -> Picture:
    """How far [S, S], 0 to 1, each pixel belongs to the head, its hair and the body.

    By ``cut_out``, from the outline of the face and the columns above and beside it.
    """
    size = picture.shape[0]
    scale = _WORK / size
    points = (landmarks + 0.5) * scale - 0.5
    small = cv2.resize(picture, (_WORK, _WORK), interpolation=cv2.INTER_AREA)
    face = outline(points, _WORK)
    span = float(np.ptp(points[:17, 0]))
    distance = cv2.distanceTransform(1 - face, cv2.DIST_L2, 5)
    labels = np.full((_WORK, _WORK), cv2.GC_PR_BGD, np.uint8)
    labels[distance < 0.35 * span] = cv2.GC_PR_FGD
    labels[distance > 0.9 * span] = cv2.GC_BGD
    chin = points[8]
    rows = np.arange(_WORK)[:, None]
    columns = np.arange(_WORK)[None, :]
    below = (rows > chin[1]) & (np.abs(columns - chin[0]) < 0.25 * span + 0.8 * (rows - chin[1]))
    labels[below] = cv2.GC_PR_FGD
    labels[(rows > chin[1] + 0.1 * span) & (np.abs(columns - chin[0]) < 0.2 * span)] = cv2.GC_FGD
    labels[cv2.dilate(face, np.ones((3, 3), np.uint8)) > 0] = cv2.GC_FGD
    found = cut_out(np.asarray(small, np.float32), labels, _ROUNDS)
    closed = cv2.morphologyEx(found, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    soft = cv2.GaussianBlur(closed.astype(np.float32), (0, 0), 1.0)
    return np.asarray(cv2.resize(soft, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)


def before_background(
    picture: Picture, cut: Picture, background: tuple[float, float, float] | Picture
) -> NDArray[np.float32]:
    """The picture before an even colour or another picture; cut: its ``head``."""
    weight = cut[..., None]
    return np.asarray(picture * weight + np.asarray(background, np.float32) * (1.0 - weight), np.float32)
