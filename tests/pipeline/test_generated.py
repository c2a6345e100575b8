"""Where a generator's picture shows a face."""

import numpy as np
import pytest

from pipeline.generated import GeneratedFace
from pipeline.masks import Points, outline
from pipeline.window import Window
from tests.pipeline.synthetic_faces import landmarks, open_mouthed, painted, texture


@pytest.mark.parametrize("size", [192, 512])
def test_it_shows_the_bare_face_and_neither_hair_nor_background(size: int) -> None:
    unit = size / 256.0
    points = landmarks((128.0 * unit, 135.0 * unit), 56.0 * unit)
    picture = np.full((size, size, 3), (0.1, 0.6, 0.2), np.float32)
    face = outline(points, size) > 0
    picture[face] = texture(size, size)[face]

    def find(small: np.ndarray) -> Points:
        return landmarks(
            (128.0 * small.shape[0] / 256, 135.0 * small.shape[0] / 256), 56.0 * small.shape[0] / 256
        )

    generated = GeneratedFace.of(picture, find)
    assert generated.shown.shape == (size, size)
    assert not generated.shown[~face & (np.arange(size)[:, None] > points[8, 1] + 4 * unit)].any()
    nose = np.rint(points[30]).astype(int)
    assert generated.shown[nose[1], nose[0]] > 0.9
    part = generated.within(Window(16, 32, 96, 112))
    assert generated.lips is not None
    assert generated.lips == pytest.approx(points[48:68], abs=1.0)
    assert part.lips is not None
    assert part.lips == pytest.approx(generated.lips - (16, 32))
    half = part.shrunk(2).lips
    assert half is not None
    assert half == pytest.approx((part.lips + 0.5) / 2.0 - 0.5)
    assert np.array_equal(part.picture, picture[32:112, 16:96])
    assert np.array_equal(part.shown, generated.shown[32:112, 16:96])


def test_teeth_are_told_where_they_are_asked_for() -> None:
    points = open_mouthed(512)
    picture = painted(points, 512)

    def find(small: np.ndarray) -> Points:
        return np.asarray((points + 0.5) * (small.shape[0] / 512) - 0.5)

    assert GeneratedFace.of(picture, find).teeth is None
    teeth = GeneratedFace.of(picture, find, with_teeth=True).teeth
    assert teeth is not None
    seen = teeth > 0.5
    assert seen.sum() > 500
    x, y = points[48:60].min(0), points[48:60].max(0)
    rows, columns = np.nonzero(seen)
    assert x[0] < columns.min() < columns.max() < y[0]
    assert x[1] < rows.min() < rows.max() < y[1]
