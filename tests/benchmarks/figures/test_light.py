"""The figure of moved light, on synthetic pictures."""

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.figures.faces import lab
from benchmarks.figures.light import Light, light_moved
from tests.pipeline.synthetic_faces import landmarks

_SKIN = np.zeros((256, 256), np.bool_)
_SKIN[40:220, 50:206] = True


def lit(change: NDArray[np.float64]) -> NDArray[np.float32]:
    """A grey picture whose L* is 60 plus a change [256, 256], to about a thousandth."""
    levels = np.linspace(0.0, 1.0, 4001, dtype=np.float32)
    lightness = lab(np.repeat(levels[None, :, None], 3, 2))[0, :, 0]
    grey = np.interp(60.0 + change, lightness, levels).astype(np.float32)
    return np.repeat(grey[..., None], 3, 2)


def moved(change: NDArray[np.float64], degrees: float = 0.0) -> Light:
    points = landmarks((128.0, 128.0), 60.0, degrees)
    return light_moved(lit(np.zeros((256, 256))), lit(change), points, _SKIN)


_Y, _X = np.mgrid[0:256, 0:256].astype(np.float64)
_POINTS = landmarks((128.0, 128.0), 60.0)
_WIDTH, _HEIGHT = np.ptp(_POINTS, axis=0)


def test_a_darker_left_side_is_a_slope_across() -> None:
    light = moved(6.0 * (_X - _POINTS[:, 0].mean()) / _WIDTH)
    assert light.across == pytest.approx(6.0, abs=0.1)
    assert light.down == pytest.approx(0.0, abs=0.1)


def test_a_darker_chin_is_a_slope_down() -> None:
    light = moved(-4.0 * (_Y - 128.0) / _HEIGHT)
    assert light.down == pytest.approx(-4.0, abs=0.1)
    assert light.across == pytest.approx(0.0, abs=0.1)


def test_across_means_as_the_eyes_lie() -> None:
    light = moved(6.0 * (_Y - 128.0) / _WIDTH, degrees=-90.0)
    assert abs(light.across) == pytest.approx(6.0, abs=0.2)
    assert light.down == pytest.approx(0.0, abs=0.2)


def test_a_darker_skin_is_in_the_mean() -> None:
    light = moved(np.full((256, 256), -1.5))
    assert light.mean == pytest.approx(-1.5, abs=0.05)
    assert light.across == pytest.approx(0.0, abs=0.02)


def test_nothing_is_said_of_a_face_without_skin() -> None:
    picture = lit(np.zeros((256, 256)))
    assert light_moved(picture, picture + 0.1, _POINTS, np.zeros_like(_SKIN)) == Light(0.0, 0.0, 0.0)
