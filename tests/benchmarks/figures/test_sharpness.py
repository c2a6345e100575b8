"""Sharpness of features, on synthetic pictures."""

import cv2
import numpy as np
import pytest

from benchmarks.figures.sharpness import grain, sharpness
from pipeline.masks import feature_mask
from tests.pipeline.synthetic_faces import landmarks, texture


def test_sharpness_falls_with_blur_of_the_features_and_not_with_that_of_the_skin() -> None:
    points = landmarks((256.0, 256.0), 120.0)
    crop = texture(512, 512)
    blurred = [np.asarray(cv2.GaussianBlur(crop, (0, 0), sigma), np.float32) for sigma in (0.7, 1.5)]
    sharp, soft, softest = (sharpness(picture, points) for picture in (crop, *blurred))
    assert sharp > 2.0 * soft > 4.0 * softest > 0.0
    features = (feature_mask(points, 512) > 0.0)[..., None]
    assert sharpness(np.where(features, crop, blurred[1]), points) == pytest.approx(sharp, rel=0.05)


def test_grain_is_that_of_the_skin_and_not_of_the_features() -> None:
    points = landmarks((256.0, 256.0), 120.0)
    crop = texture(512, 512)
    blurred = np.asarray(cv2.GaussianBlur(crop, (0, 0), 1.5), np.float32)
    features = (feature_mask(points, 512) > 0.0)[..., None]
    assert grain(blurred, points) < 0.3 * grain(crop, points)
    assert grain(np.where(features, blurred, crop), points) == pytest.approx(grain(crop, points), rel=0.15)
