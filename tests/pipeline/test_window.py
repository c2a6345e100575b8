"""The window of a crop: around all that may change, on the grid, and its change is that of the whole crop."""

import cv2
import numpy as np
import pytest

from pipeline.align import Alignment
from pipeline.change import change_between
from pipeline.generated import GeneratedFace
from pipeline.masks import face_masks
from pipeline.skin import SkinLayers
from pipeline.window import Window
from tests.pipeline.synthetic_faces import landmarks, texture


def support(size: int, left: int, top: int, right: int, bottom: int) -> np.ndarray:
    """1 in a rectangle of a crop."""
    result = np.zeros((size, size), np.uint8)
    result[top:bottom, left:right] = 1
    return result


@pytest.mark.parametrize("size", [256, 320, 704, 1024])
@pytest.mark.parametrize("box", [(0.2, 0.3, 0.8, 0.9), (0.0, 0.0, 1.0, 1.0), (0.5, 0.01, 0.51, 0.02)])
def test_it_holds_the_support_with_a_margin_and_keeps_to_the_grid(
    size: int, box: tuple[float, float, float, float]
) -> None:
    left, top, right, bottom = (round(value * size) for value in box)
    window = Window.around(support(size, left, top, right, bottom), size)
    for low, high, first, last in (
        (window.left, window.right, left, right),
        (window.top, window.bottom, top, bottom),
    ):
        assert low % 16 == 0
        assert high % 16 == 0
        assert low == 0 or low <= first - size // 16
        assert high == size or high >= last + size // 16
        assert 0 <= low < high <= size
        assert high - low >= size // 8


def test_where_nothing_may_change_it_is_the_whole_crop() -> None:
    assert Window.around(np.zeros((240, 256), np.uint8), 256) == Window(0, 0, 256, 240)


def test_its_alignment_leads_to_the_same_pixels_of_the_photo() -> None:
    whole = Alignment(np.array([[1.1, -0.2, 40.0], [0.2, 1.1, 30.0]]), 256)
    part = whole.from_corner(32, 48)
    points = np.array([[0.0, 0.0], [100.0, 60.0]])
    assert np.allclose(part.to_photo(points), whole.to_photo(points + (32, 48)))
    assert part.side == whole.side


def test_the_change_in_it_is_that_of_the_whole_crop() -> None:
    size = 512
    points = landmarks((256.0, 270.0), 100.0)
    crop = texture(size, size)
    before = np.asarray(cv2.GaussianBlur(crop, (0, 0), 2.0), np.float32)
    matrix = np.array([[1.02, 0.0, -5.0], [0.0, 0.99, 3.0]])
    after = np.asarray(cv2.warpAffine(before, matrix, (size, size), borderMode=cv2.BORDER_REFLECT_101))
    after = np.clip(after + np.float32(0.03), 0.0, 1.0)
    masks = face_masks(crop, points, np.full((size, size), 500.0, np.float32))
    skin = SkinLayers.of(crop, masks.skin)
    generated = GeneratedFace(before, masks.tone), GeneratedFace(after, masks.tone)
    whole = change_between(crop, generated[0], generated[1], masks, skin, 0.7, 0.5, size, lips_part=True)
    changed = ((masks.motion > 0) | (masks.tone > 0) | (masks.mouth > 0)).astype(np.uint8)
    window = Window.around(changed, size)
    assert (window.right - window.left) * (window.bottom - window.top) < 0.9 * size**2
    small = window.of(crop)
    part = change_between(
        small,
        generated[0].within(window),
        generated[1].within(window),
        window.of_masks(masks),
        skin.within(window),
        0.7,
        0.5,
        size,
        lips_part=True,
    )
    here = window.of(changed) > 0
    assert np.abs(whole.flow).max() > 2.0
    # optical flow begins from a pyramid of what it is shown
    astray = np.abs(part.flow - window.of(whole.flow))[here]
    assert astray.mean() < 0.06
    assert astray.max() < 0.6
    apart = np.abs(part.applied(small) - window.of(whole.applied(crop)))[here]
    assert apart.mean() < 1e-3
    assert np.quantile(apart, 0.999) < 0.02
