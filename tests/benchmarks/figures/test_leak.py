"""The figure of colour that leaks in along the jaw, on synthetic pictures."""

import numpy as np
import pytest

from benchmarks.figures.faces import face_size, lab
from benchmarks.figures.leak import jaw_band, leak
from tests.pipeline.synthetic_faces import landmarks, texture

_POINTS = landmarks((256.0, 270.0), 112.0)


def test_an_unchanged_face_leaks_nothing() -> None:
    picture = texture(512, 512)
    assert leak(picture, picture, _POINTS) == 0.0


def test_a_green_band_along_the_jaw_is_seen_and_one_outside_is_not() -> None:
    before = texture(512, 512)
    band = jaw_band(_POINTS, 512)
    green = before.copy()
    green[band] += np.array([-0.06, 0.06, -0.02], np.float32)
    shift = (lab(green) - lab(before))[..., 1:][band].mean(0)
    assert leak(before, green, _POINTS) == pytest.approx(float(np.hypot(*shift)), rel=0.15)
    outside = before.copy()
    outside[: int(_POINTS[27, 1])] = (0.1, 0.9, 0.2)
    assert leak(before, outside, _POINTS) < 0.5


def test_a_change_of_lightness_alone_is_hardly_a_leak() -> None:
    grey = np.full((512, 512, 3), 0.5, np.float32)
    assert leak(grey, grey + np.float32(0.1), _POINTS) < 0.1


def test_a_fine_speckle_of_colour_is_no_leak() -> None:
    before = texture(512, 512)
    noise = np.random.default_rng(1).normal(0.0, 0.02, before.shape).astype(np.float32)
    assert leak(before, before + noise, _POINTS) < 1.0


def test_the_band_lies_inside_the_jaw_and_keeps_its_distance() -> None:
    band = jaw_band(_POINTS, 512)
    y, x = np.nonzero(band)
    size = face_size(_POINTS)
    nearest = np.hypot(x[:, None] - _POINTS[:17, 0], y[:, None] - _POINTS[:17, 1]).min(1)
    assert nearest.min() >= 0.015 * size
    assert y.max() < _POINTS[8, 1]
    assert band[:, int(_POINTS[8, 0])].any()
