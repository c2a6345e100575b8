"""The shape sliders: a smooth displacement of the photograph around the face's own landmarks.

The latent space has no directions of its own for the width of a jaw or the length of a nose, so these are
moved directly: each slider pushes some landmarks and pins others, and the motion between is their mean by
Gaussian distance (a normalised convolution, Knutsson and Westin, 1993), which folds nowhere as long as a push
is short against its reach. It needs no generator.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.masks import Mask
from pipeline.shape_bound import bounded
from retouchml.look import Look
from retouchml.sliders import GAZE, ROLL, SHAPE, in_group

Points = NDArray[np.float64]
Vectors = NDArray[np.float64]

_STEP = 8  # crop pixels between those at which the motion is computed
_SHARPNESS = 4.0  # of the change from a lone Gaussian to a mean of several

_JAW = tuple(range(17))
_EYES_AND_BROWS = tuple(range(17, 27)) + tuple(range(36, 48))
_NOSE, _MOUTH = tuple(range(27, 36)), tuple(range(48, 60))
_LEFT_EYE, _RIGHT_EYE = tuple(range(36, 42)), tuple(range(42, 48))
_UPPER_LIP, _LOWER_LIP = (49, 50, 51, 52, 53), (55, 56, 57, 58, 59)
_INNER_LIPS = tuple(range(60, 68))


@dataclass(frozen=True)
class Frame:
    """The axes of a face in its crop, from landmarks [68, 2] in pixels."""

    landmarks: Points
    across: Vectors  # [2] of length 1, from the eye on the left of the picture to the other
    down: Vectors  # [2] of length 1, towards the chin
    unit: float  # pixels between the centres of the eyes

    @classmethod
    def of(cls, landmarks: Points) -> "Frame":
        """The frame of landmarks [68, 2]."""
        left, right = landmarks[36:42].mean(0), landmarks[42:48].mean(0)
        unit = float(np.hypot(*(right - left)))
        across = (right - left) / unit
        return cls(landmarks, across, np.array([-across[1], across[0]]), unit)

    def from_midline(self, points: Points) -> Vectors:
        """Signed distances [K] of points from the line down the nose, positive to the right, in units.

        The line goes through the bridge and the chin, so that it follows a turned head.
        """
        top, bottom = self.landmarks[27], self.landmarks[8]
        along = (bottom - top) / np.hypot(*(bottom - top))
        offset = points - top
        return np.asarray((along[1] * offset[:, 0] - along[0] * offset[:, 1]) / self.unit)


@dataclass(frozen=True)
class Push:
    """Points that a slider at 1 moves, in crop pixels, and points that it holds."""

    points: Points  # [K, 2]
    vectors: Vectors  # [K, 2]
    pins: Points  # [P, 2]
    reach: float  # standard deviation of the Gaussians


def _outward(frame: Frame, indices: tuple[int, ...], amount: float) -> tuple[Points, Vectors]:
    """Landmarks pushed away from the midline, each by its own distance from it times ``amount``."""
    points = frame.landmarks[list(indices)]
    return points, frame.from_midline(points)[:, None] * amount * frame.unit * frame.across


def _along(frame: Frame, amounts: Mapping[int, float]) -> tuple[Points, Vectors]:
    """Landmarks pushed down the face by amounts in units."""
    points = frame.landmarks[list(amounts)]
    return points, np.array(list(amounts.values()))[:, None] * frame.unit * frame.down


def _face_width(frame: Frame) -> Push:
    points, vectors = _outward(frame, tuple(i for i in _JAW if i != 8), 0.10)
    return Push(points, vectors, frame.landmarks[[*_EYES_AND_BROWS, *_NOSE, *_MOUTH]], 0.34 * frame.unit)


def _jaw(frame: Frame) -> Push:
    points, vectors = _outward(frame, (3, 4, 5, 6, 10, 11, 12, 13), 0.14)
    pins = frame.landmarks[[0, 1, 15, 16, 8, *_MOUTH, *_NOSE]]
    return Push(points, vectors, pins, 0.28 * frame.unit)


def _chin(frame: Frame) -> Push:
    points, vectors = _along(frame, {6: 0.06, 7: 0.12, 8: 0.15, 9: 0.12, 10: 0.06})
    pins = frame.landmarks[[3, 4, 12, 13, *_LOWER_LIP, 48, 54]]
    return Push(points, vectors, pins, 0.30 * frame.unit)


def _cheekbones(frame: Frame) -> Push:
    landmarks = frame.landmarks
    # On the bone, between the outline and the wing of the nose, and the hollow below it.
    bone = np.array([landmarks[1] * 0.6 + landmarks[31] * 0.4, landmarks[15] * 0.6 + landmarks[35] * 0.4])
    hollow = np.array([landmarks[4] * 0.6 + landmarks[48] * 0.4, landmarks[12] * 0.6 + landmarks[54] * 0.4])
    sides = np.sign(frame.from_midline(bone))[:, None] * frame.unit * frame.across
    edge, widened = _outward(frame, (1, 2, 14, 15), 0.06)
    points = np.concatenate([bone, hollow, edge])
    up = -frame.unit * frame.down
    vectors = np.concatenate([sides * 0.07 + up * 0.09, -sides * 0.07, widened])
    pins = landmarks[[*_EYES_AND_BROWS, *_NOSE, *_MOUTH, 8]]
    return Push(points, vectors, pins, 0.28 * frame.unit)


def _nose_width(frame: Frame) -> Push:
    points = frame.landmarks[[31, 35, 32, 34]]
    base = frame.landmarks[33]
    side = ((points - base) @ frame.across)[:, None] * frame.across
    vectors = side * np.array([0.30, 0.30, 0.25, 0.25])[:, None]
    pins = frame.landmarks[[27, 28, 33, 39, 42, *_UPPER_LIP]]
    return Push(points, vectors, pins, 0.13 * frame.unit)


def _nose_length(frame: Frame) -> Push:
    amounts = {28: 0.02, 29: 0.05, 30: 0.09, 31: 0.08, 32: 0.09, 33: 0.09, 34: 0.09, 35: 0.08}
    points, vectors = _along(frame, amounts)
    return Push(points, vectors, frame.landmarks[[27, 39, 42, *_UPPER_LIP]], 0.15 * frame.unit)


def _eye_size(frame: Frame) -> Push:
    points, vectors, centers = [], [], []
    for eye in (_LEFT_EYE, _RIGHT_EYE):
        contour = frame.landmarks[list(eye)]
        center = contour.mean(0)
        points.append(contour)
        vectors.append((contour - center) * 0.22)
        centers.append(center)
    pins = np.concatenate([np.array(centers), frame.landmarks[17:27], frame.landmarks[27:31]])
    return Push(np.concatenate(points), np.concatenate(vectors), pins, 0.13 * frame.unit)


def _lip_fullness(frame: Frame) -> Push:
    landmarks = frame.landmarks
    outer = landmarks[[*_UPPER_LIP, *_LOWER_LIP]]
    # Each lip grows away from the line at which the two meet.
    meeting = landmarks[[60, 61, 62, 63, 64, 64, 65, 66, 67, 60]]
    vectors = ((outer - meeting) @ frame.down)[:, None] * frame.down * 0.45
    pins = landmarks[[*_INNER_LIPS, 48, 54, 31, 33, 35, 7, 8, 9]]
    return Push(outer, vectors, pins, 0.12 * frame.unit)


def _forehead(frame: Frame) -> Push:
    brows = frame.landmarks[17:27]
    middle = brows[3:7].mean(0)
    # Along an arch as high above the brows as a hairline is.
    hairline = brows * 0.9 + middle * 0.1 - frame.down * 0.62 * frame.unit
    up = -frame.down * 0.22 * frame.unit
    pins = np.concatenate([brows, frame.landmarks[list(_EYES_AND_BROWS)], frame.landmarks[[0, 16]]])
    return Push(hairline, np.broadcast_to(up, hairline.shape), pins, 0.32 * frame.unit)


_PUSHES: dict[str, Callable[[Frame], Push]] = {
    "face_width": _face_width,
    "jaw": _jaw,
    "chin": _chin,
    "cheekbones": _cheekbones,
    "nose_width": _nose_width,
    "nose_length": _nose_length,
    "eye_size": _eye_size,
    "lip_fullness": _lip_fullness,
    "forehead": _forehead,
}


def shapes(look: Look) -> bool:
    """Whether a look sets a shape slider."""
    return any(look.value(slider.name) for slider in in_group(SHAPE))


def reshapes(look: Look) -> bool:
    """Whether a look displaces the photograph's own pixels without the generator."""
    return shapes(look) or bool(look.value(GAZE)) or moves_head(look)


def moves_head(look: Look) -> bool:
    """Whether a look tilts or turns the head, and so displaces more of the photograph than any other."""
    return bool(look.value(ROLL)) or any(look.turn)


class FaceShape:
    """The shape sliders of one face, in a window of its crop."""

    def __init__(self, landmarks: Points, mask: Mask, bound: float | Mask, size: int) -> None:
        """landmarks: [68, 2] in pixels of the window; mask: [H, W] where the photo may move.

        bound: the largest motion, in shares of ``size``; size: side of the whole crop
        """
        self._frame = Frame.of(landmarks)
        self._mask = mask
        self._bound = bound
        self._size = size
        self._fields: dict[str, NDArray[np.float32]] = {}

    def flow(self, look: Look) -> NDArray[np.float32]:
        """The backward flow [H, W, 2] in crop pixels for a look: smooth, bounded, zero where ``mask`` is."""
        height, width = self._mask.shape
        total = np.zeros((*self._coarse, 2), np.float32)
        for slider in in_group(SHAPE):
            value = look.value(slider.name)
            if value:
                total -= np.float32(value) * self._field(slider.name)
        fine = np.asarray(cv2.resize(total, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
        return np.asarray(bounded(fine, self._bound * self._size) * self._mask[..., None], np.float32)

    @property
    def _coarse(self) -> tuple[int, int]:
        height, width = self._mask.shape
        return max(2, round(height / _STEP)), max(2, round(width / _STEP))

    def _field(self, name: str) -> NDArray[np.float32]:
        """The displacement [h, w, 2] of a slider at 1, at reduced size."""
        if name not in self._fields:
            rows, columns = self._coarse
            height, width = self._mask.shape
            y, x = np.mgrid[0:rows, 0:columns]
            grid = np.stack([(x + 0.5) * width / columns - 0.5, (y + 0.5) * height / rows - 0.5], -1)
            self._fields[name] = _spread(_PUSHES[name](self._frame), grid)
        return self._fields[name]


def _spread(push: Push, grid: Points) -> NDArray[np.float32]:
    """The displacement at the points [h, w, 2] of a grid."""
    handles = np.concatenate([push.points, push.pins])
    vectors = np.concatenate([push.vectors, np.zeros_like(push.pins)])
    squared = ((grid[:, :, None] - handles) ** 2).sum(-1)
    weights = np.exp(-squared / (2.0 * push.reach**2))
    total = weights.sum(-1, keepdims=True)
    # The sum of a lone handle's Gaussian where handles are few, their mean where they are many.
    norm = (1.0 + total**_SHARPNESS) ** (1.0 / _SHARPNESS)
    return np.asarray((weights @ vectors) / norm, np.float32)
