"""Heads cut out and put before another background."""

import cv2
import numpy as np

from benchmarks.figures.backgrounds import SATURATED, before_background, head
from pipeline.masks import outline
from tests.pipeline.synthetic_faces import landmarks, texture

_POINTS = landmarks((256.0, 256.0), 90.0)


def test_the_head_with_its_hair_is_kept_and_the_wall_is_not() -> None:
    wall = np.full((512, 512, 3), (0.75, 0.78, 0.8), np.float32)
    wall += np.random.default_rng(0).normal(0.0, 0.01, wall.shape).astype(np.float32)
    picture = wall.copy()
    cv2.ellipse(picture, (256, 230), (150, 170), 0, 0, 360, (0.15, 0.1, 0.08), -1)  # hair
    face = outline(_POINTS, 512) > 0
    picture[face] = texture(512, 512)[face]
    cut = head(picture, _POINTS)
    assert cut[face].min() > 0.9
    assert cut[80:90, 240:270].mean() > 0.8  # hair
    assert cut[:20].max() < 0.1
    red = before_background(picture, cut, SATURATED["red"])
    assert np.abs(red - picture)[face].max() < 0.1
    assert np.allclose(red[:20], SATURATED["red"], atol=0.05)


def test_the_backgrounds_are_seven_and_saturated() -> None:
    assert len(SATURATED) == 7
    assert all(max(color) - min(color) > 0.5 for color in SATURATED.values())
