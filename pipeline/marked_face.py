"""A face where the user says that there is one, though the search did not find it.

The detectors look closely at the place, at several turns, and are believed however unsure they are. Where
they see nothing, the mark itself is taken for the face's box. Landmarks are placed as on any other face, and
``pipeline.face_quality`` holds back what is not trusted there.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.display import Display
from pipeline.views import Detection, rotation_of, view_of
from retouchml.errors import UsageError
from retouchml.results import Box

_SMALLEST = 16  # pixels of a mark
_FRAME, _FACE = 256, 104.0  # pixels of the view, and of the mark in it
_TURNS = tuple(math.radians(turn) for turn in (0, 45, -45, 90, -90, 135, -135, 180))
_UPRIGHT_BONUS = 0.1  # of the confidence: faces stand upright more often than not
# A person marks the head, of which dlib's square has this share.
_SHARE, _DOWN = 0.8, 0.05
_AWAY = 0.6  # of the mark's side: how far a detection's centre may be
_SMALLER, _LARGER = 0.35, 1.8  # sides of a detection, in those of the mark

Look = Callable[[NDArray[np.uint8]], Sequence[Detection]]
"""A detector: the faces in a view [H, W, 3], however unsure."""


def mark_of(box: Box, width: int, height: int) -> Detection:
    """The square that a mark stands for, on a photo of that size. Raises UsageError."""
    left, top = max(box[0], 0), max(box[1], 0)
    right, bottom = min(box[0] + box[2], width), min(box[1] + box[3], height)
    if min(right - left, bottom - top) < _SMALLEST:
        raise UsageError(
            f"There is no room for a face at {','.join(map(str, box))}.",
            f"Mark a place in the picture of {_SMALLEST} pixels at least.",
        )
    side = _SHARE * math.sqrt((right - left) * (bottom - top))
    center = ((left + right) / 2.0, (top + bottom) / 2.0)
    return Detection(center, side, 0.0, 0.0).moved_down(_DOWN)


def detection_at(
    pixels: NDArray[np.generic], mark: Detection, display: Display, looks: Sequence[Look]
) -> Detection:
    """The face that one of the detectors sees at a mark of a photo [H, W, C]; the mark if none does.

    looks: the first one that sees anything decides
    """
    for look in looks:
        seen = [face for turn in _TURNS for face in _seen(pixels, replace(mark, angle=turn), display, look)]
        if seen:
            return max(seen, key=lambda face: face.confidence + _UPRIGHT_BONUS * (face.angle == 0.0))
    return mark


def _seen(pixels: NDArray[np.generic], mark: Detection, display: Display, look: Look) -> list[Detection]:
    """What stands upright in a view that is turned with the mark, in pixels of the photo."""
    step = mark.side / _FACE
    matrix = rotation_of(mark, step, _FRAME)
    found = []
    for face in look(view_of(pixels, matrix, _FRAME, display)):
        x, y = matrix[:, :2] @ np.array(face.center) + matrix[:, 2]
        side = face.side * step
        near = math.dist((x, y), mark.center) < _AWAY * mark.side
        if near and _SMALLER * mark.side < side < _LARGER * mark.side:
            found.append(Detection((float(x), float(y)), side, mark.angle, face.confidence))
    return found
