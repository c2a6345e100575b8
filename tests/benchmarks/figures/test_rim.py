"""The figure of bent lines, on synthetic pictures."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.figures.faces import face_size
from benchmarks.figures.rim import bend, beyond, gratings
from tests.pipeline.synthetic_faces import landmarks

_POINTS = landmarks((256.0, 256.0), 100.0)
_EVERYWHERE = np.ones((512, 512), np.bool_)


def shifted(picture: NDArray[np.float32], x: float, y: float) -> NDArray[np.float32]:
    matrix = np.array([[1.0, 0.0, x], [0.0, 1.0, y]])
    moved = cv2.warpAffine(picture, matrix, (512, 512), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, np.float32)


@pytest.mark.parametrize(("x", "y"), [(2.0, 0.0), (0.0, -3.0)])
def test_lines_that_move_across_themselves_are_seen(x: float, y: float) -> None:
    before = gratings(512, _POINTS)
    inner = _EVERYWHERE.copy()
    inner[:40] = inner[-40:] = inner[:, :40] = inner[:, -40:] = False
    expected = 100.0 * max(abs(x), abs(y)) / face_size(_POINTS)
    assert bend(before, shifted(before, x, y), _POINTS, inner) == pytest.approx(expected, rel=0.1)


def test_lines_that_stay_do_not_bend_and_what_is_not_behind_does_not_count() -> None:
    before = gratings(512, _POINTS)
    assert bend(before, before, _POINTS, _EVERYWHERE) < 1e-6
    after = before.copy()
    after[:, 300:] = shifted(before, 4.0, 0.0)[:, 300:]
    left = np.arange(512)[None, :] < np.full((512, 1), 200)
    assert bend(before, after, _POINTS, left) < 0.05
    assert bend(before, after, _POINTS, np.zeros_like(_EVERYWHERE)) == 0.0


def test_the_border_of_the_head_is_left_out() -> None:
    cut = np.zeros((512, 512), np.float32)
    cut[200:300, 200:300] = 1.0
    behind = beyond(cut, _POINTS)
    assert not behind[198, 250]
    assert behind[100, 100]
