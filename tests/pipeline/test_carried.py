"""What covers a face keeps its form while the face below it moves."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.carried import carried_between, covering
from pipeline.generated import GeneratedFace
from pipeline.masks import face_masks
from tests.pipeline.synthetic_faces import landmarks, texture

_SIZE = 256
_POINTS = landmarks((128.0, 135.0), 56.0)
_CROP = texture(_SIZE, _SIZE)
_MASKS = face_masks(_CROP, _POINTS, np.full((_SIZE, _SIZE), 500.0, np.float32))
_NONE = np.zeros((_SIZE, _SIZE), np.float32)


def flow_with(held: NDArray[np.float32] | None) -> NDArray[np.float32]:
    """The motion [S, S] in pixels when all of a face moves by two."""
    shift = np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 0.0]])
    moved = cv2.warpAffine(_CROP, shift, (_SIZE, _SIZE), borderMode=cv2.BORDER_REFLECT)
    before, after = (
        GeneratedFace(picture, _MASKS.tone) for picture in (_CROP, np.asarray(moved, np.float32))
    )
    carried = carried_between(_CROP, before, after, _MASKS, _SIZE, held=held)
    return np.asarray(np.hypot(carried.flow[..., 0], carried.flow[..., 1]))


def test_glasses_stay_where_they_are_and_the_cheek_moves() -> None:
    glasses = _NONE.copy()
    y, x = np.rint(_POINTS[36:48].mean(0)).astype(int)[::-1]
    glasses[y + 8 : y + 12, x - 45 : x + 45] = 1.0  # the lower rim
    held = covering(glasses, _NONE, _MASKS, _SIZE)
    free, still = flow_with(None), flow_with(held)
    rim = glasses > 0.0
    assert free[rim].mean() > 1.0
    assert still[rim].max() < 0.15 * free[rim].mean()
    cheek = tuple(np.rint((_POINTS[3] + _POINTS[31]) / 2.0).astype(int)[::-1])
    assert still[cheek] == free[cheek]
    assert free[cheek] > 1.0


def test_a_fringe_is_held_and_hair_at_the_outline_is_not() -> None:
    hair = np.ones((_SIZE, _SIZE), np.float32)
    held = covering(_NONE, hair, _MASKS, _SIZE)
    assert held[_MASKS.inner > 0.99].min() > 0.9
    assert held[_MASKS.face == 0.0].max() < 0.1
