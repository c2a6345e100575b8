"""A patch of another colour within skin belongs to it; what lies on skin does not."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.local.redness import Redness
from pipeline.masks import face_masks
from pipeline.regions import FaceRegions, face_regions
from tests.pipeline.synthetic_faces import landmarks

_SIZE = 512
_POINTS = landmarks((0.5 * _SIZE, 0.55 * _SIZE), 0.22 * _SIZE)
_CENTER = (0.46, 0.22)  # of the side: a place on the forehead


def _face(shift: tuple[float, float, float], soft: float = 8.0) -> NDArray[np.float32]:
    """Even skin with a patch that differs by ``shift`` of L*, a*, b*; soft: blur of its rim in pixels."""
    lab = np.zeros((_SIZE, _SIZE, 3), np.float32)
    lab[:] = (66.0, 18.0, 20.0)
    patch = np.zeros((_SIZE, _SIZE), np.float32)
    x, y = (round(share * _SIZE) for share in _CENTER)
    cv2.ellipse(patch, (x, y), (18, 14), 0.0, 0.0, 360.0, 1.0, -1)
    lab += cv2.GaussianBlur(patch, (0, 0), soft)[..., None] * np.array(shift, np.float32)
    grain = np.random.default_rng(4).standard_normal((_SIZE, _SIZE, 1)).astype(np.float32)
    return np.clip(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB) + 0.005 * grain, 0.0, 1.0)


def _regions(crop: NDArray[np.float32]) -> FaceRegions:
    inside = np.full((_SIZE, _SIZE), float(_SIZE), np.float32)
    return face_regions(crop, _POINTS, None, face_masks(crop, _POINTS, inside))


def _at_center(mask: NDArray[np.float32]) -> float:
    x, y = (round(share * _SIZE) for share in _CENTER)
    return float(mask[y, x])


def test_a_patch_of_warm_light_is_skin() -> None:
    assert _at_center(_regions(_face((0.0, 6.0, 34.0))).skin) > 0.95


def test_its_colour_comes_closer_to_the_skin_around() -> None:
    crop = _face((0.0, 6.0, 34.0))
    after = crop + Redness.of(crop, _regions(crop), _SIZE).change(1.0)
    x, y = (round(share * _SIZE) for share in _CENTER)
    before_b, after_b = (
        cv2.cvtColor(cv2.GaussianBlur(each, (0, 0), 3.0), cv2.COLOR_RGB2Lab)[y, x, 2]
        for each in (crop, after)
    )
    assert after_b < before_b - 2.0


@pytest.mark.parametrize(
    ("shift", "soft"),
    [
        pytest.param((-25.0, 6.0, 10.0), 2.0, id="a dark mark"),
        pytest.param((28.0, -16.0, -18.0), 6.0, id="glare"),
        pytest.param((0.0, -18.0, -45.0), 6.0, id="grey paint"),
        pytest.param((-12.0, 40.0, 30.0), 1.0, id="something red that lies on the skin"),
    ],
)
def test_what_is_no_skin_stays_out(shift: tuple[float, float, float], soft: float) -> None:
    assert _at_center(_regions(_face(shift, soft)).skin) < 0.6
