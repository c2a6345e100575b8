"""The figure of the teeth's colour, on synthetic pictures."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.figures.faces import lab
from benchmarks.figures.teeth import pale_between_lips, teeth_whitened, teeth_yellower
from tests.pipeline.synthetic_faces import landmarks, texture

_POINTS = landmarks((256.0, 270.0), 112.0)
# An open mouth: the inner lips are an oval.
_POINTS[60:68, 1] = _POINTS[60:68, 1].mean() + (_POINTS[60:68, 1] - _POINTS[60:68, 1].mean()) * 6.0
_WHITE, _YELLOW, _LIP = (0.80, 0.77, 0.70), (0.80, 0.77, 0.62), (0.6, 0.25, 0.25)


def smiling(teeth: tuple[float, float, float]) -> NDArray[np.float32]:
    picture = texture(512, 512)
    mouth = np.rint(_POINTS[60:68]).astype(np.int32)
    cv2.fillPoly(picture, [mouth], _LIP)
    middle = int(_POINTS[60:68, 1].mean())
    teeth_part = np.zeros((512, 512), np.uint8)
    cv2.fillPoly(teeth_part, [mouth], 1)
    teeth_part[middle:] = 0
    picture[teeth_part > 0] = teeth
    return picture


def test_yellower_teeth_rise_by_the_difference_of_their_colours() -> None:
    white, yellow = (lab(np.full((1, 1, 3), color, np.float32))[0, 0, 2] for color in (_WHITE, _YELLOW))
    rise = teeth_yellower(smiling(_WHITE), smiling(_YELLOW), _POINTS, _POINTS)
    assert rise == pytest.approx(float(yellow - white), abs=0.05)
    assert teeth_yellower(smiling(_WHITE), smiling(_WHITE), _POINTS, _POINTS) == 0.0


def test_whiter_teeth_lose_a_share_of_their_yellow() -> None:
    white, yellow = (lab(np.full((1, 1, 3), color, np.float32))[0, 0, 2] for color in (_WHITE, _YELLOW))
    share = teeth_whitened(smiling(_YELLOW), smiling(_WHITE), _POINTS)
    assert share == pytest.approx(float((yellow - white) / yellow), abs=0.02)
    assert teeth_whitened(smiling(_YELLOW), smiling(_YELLOW), _POINTS) == 0.0
    assert teeth_whitened(smiling((0.8, 0.8, 0.8)), smiling(_WHITE), _POINTS) is None
    assert teeth_whitened(smiling(_LIP), smiling(_LIP), _POINTS) is None


def test_a_mouth_without_teeth_says_nothing() -> None:
    assert teeth_yellower(smiling(_LIP), smiling(_LIP), _POINTS, _POINTS) is None


def test_only_what_is_pale_counts() -> None:
    shown = pale_between_lips(smiling(_WHITE), _POINTS)
    y, _ = np.nonzero(shown)
    assert y.max() < int(_POINTS[60:68, 1].mean())
