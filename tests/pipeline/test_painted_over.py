"""A bar or a scribble of one colour over a face is not skin, whatever its colour; a wall hides nothing."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.masks import face_masks, hidden_face, skin_likelihood
from tests.pipeline.synthetic_faces import landmarks, texture

_SIZE = 256
_POINTS = landmarks((128.0, 145.0), 56.0)
_DEEP = np.full((_SIZE, _SIZE), 500.0, np.float32)


def with_bar(color: tuple[float, float, float], left: int = 120) -> NDArray[np.float32]:
    """A face of skin whose right half is painted over."""
    crop = texture(_SIZE, _SIZE).copy()
    crop[:, left:] = color
    return crop


@pytest.mark.parametrize("color", [(1, 1, 1), (0, 0, 0), (0.5, 0.5, 0.5), (0.1, 0.8, 0.3), (0.9, 0.1, 0.1)])
def test_a_bar_of_any_colour_is_hidden_and_no_skin(color: tuple[float, float, float]) -> None:
    crop = with_bar(color)
    hidden = hidden_face(crop, _POINTS)
    assert hidden[:, 124:].all()
    assert not hidden[:, :112].any()
    assert skin_likelihood(crop, _POINTS)[:, 124:].max() == 0.0
    masks = face_masks(crop, _POINTS, _DEEP)
    for mask in (masks.tone, masks.skin, masks.motion, masks.features):
        assert mask[:, 130:].max() < 0.01
    # the half that shows keeps its masks
    assert masks.skin[:, :110].max() > 0.9


def test_a_plain_wall_beside_the_face_hides_nothing() -> None:
    assert not hidden_face(with_bar((1.0, 1.0, 1.0), left=205), _POINTS).any()


def test_a_drawn_face_of_plain_skin_is_not_hidden() -> None:
    crop = texture(_SIZE, _SIZE).copy()
    crop[150:190, 90:170] = np.median(crop.reshape(-1, 3), axis=0)
    assert not hidden_face(crop, _POINTS).any()


def test_a_small_clipped_highlight_is_not_hidden() -> None:
    crop = texture(_SIZE, _SIZE).copy()
    crop[150:158, 120:130] = 1.0
    assert not hidden_face(crop, _POINTS).any()
