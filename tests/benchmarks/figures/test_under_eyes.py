"""The figure of dark circles, on a synthetic face."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.figures.under_eyes import under_eye_contrast
from tests.pipeline.synthetic_faces import landmarks

_SIZE = 256
_POINTS = landmarks((128.0, 128.0), 60.0)
_SKIN = np.ones((_SIZE, _SIZE), np.bool_)


def face(darker: float, redder: float = 0.0, left_too: bool = True) -> NDArray[np.float32]:
    """Even skin that is darker below the eyes."""
    colors = np.full((_SIZE, _SIZE, 3), (68.0, 14.0, 18.0), np.float32)
    for eye in (_POINTS[36:42], _POINTS[42:48])[0 if left_too else 1 :]:
        x, y, width = eye[:, 0].mean(), eye[:, 1].max(), np.ptp(eye[:, 0])
        box = np.s_[int(y) : int(y + 0.55 * width), int(x - 0.6 * width) : int(x + 0.6 * width)]
        colors[box] += (-darker, redder, 0.0)
    return np.asarray(cv2.cvtColor(colors, cv2.COLOR_Lab2RGB), np.float32)


@pytest.mark.parametrize(("darker", "redder"), [(8.0, 0.0), (0.0, 6.0), (6.0, 8.0)])
def test_the_contrast_is_that_of_the_darker_skin(darker: float, redder: float) -> None:
    contrast = under_eye_contrast(face(darker, redder), _POINTS, _SKIN)
    assert contrast == pytest.approx(float(np.hypot(darker, redder)), abs=0.2)


def test_half_of_the_contrast_is_half_of_the_figure() -> None:
    whole, half = (under_eye_contrast(face(darker), _POINTS, _SKIN) for darker in (8.0, 4.0))
    assert whole is not None
    assert half == pytest.approx(0.5 * whole, abs=0.1)


def test_lighter_skin_below_the_eyes_is_no_dark_circle() -> None:
    assert under_eye_contrast(face(-8.0), _POINTS, _SKIN) == pytest.approx(0.0, abs=0.1)


def test_the_eye_with_more_counts_and_covered_eyes_do_not() -> None:
    assert under_eye_contrast(face(8.0, left_too=False), _POINTS, _SKIN) == pytest.approx(8.0, abs=0.2)
    covered = _SKIN.copy()
    covered[:, 128:] = False
    assert under_eye_contrast(face(8.0, left_too=False), _POINTS, covered) == pytest.approx(0.0, abs=0.1)
    assert under_eye_contrast(face(8.0), _POINTS, ~_SKIN) is None
