"""Dark circles come closer to the cheek, with their texture."""

import cv2
import numpy as np
import pytest

from pipeline.local.under_eyes import UnderEyes
from tests.pipeline.local.skin_pictures import DARK, LIGHT, SIZE, Picture, regions, skin_lab, to_lab, to_rgb


def crescent() -> Picture:
    """A crescent [S, S] below where an eye would be."""
    mask = np.zeros((SIZE, SIZE), np.float32)
    cv2.ellipse(mask, (200, 210), (40, 24), 0, 0, 180, 1.0, -1)
    cv2.ellipse(mask, (200, 210), (42, 9), 0, 0, 180, 0.0, -1)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), 3.0), np.float32)


def contrast(lab: Picture) -> Picture:
    """By how much [3] the crescent differs from the cheek below it."""
    cheek = lab[240:270, 160:240].mean((0, 1))
    return np.asarray(lab[crescent() > 0.8].mean(0) - cheek, np.float32)


@pytest.mark.parametrize("color", [LIGHT, DARK])
@pytest.mark.parametrize("shift", [(-7.0, 2.0, -5.0), (-4.0, 5.0, -2.0)])
def test_the_contrast_is_halved_at_one(
    color: tuple[float, float, float], shift: tuple[float, float, float]
) -> None:
    lab = np.asarray(skin_lab(color) + crescent()[..., None] * np.array(shift, np.float32))
    crop = to_rgb(lab)
    change = UnderEyes.of(crop, regions(under_eyes=crescent()), SIZE)
    before, half, whole = (contrast(to_lab(crop + change.change(value))) for value in (0.0, 0.5, 1.0))
    assert np.linalg.norm(whole) < 0.5 * np.linalg.norm(before)
    assert whole[0] < 0.5  # it does not become a light patch
    assert np.linalg.norm(whole) < np.linalg.norm(half) < np.linalg.norm(before)


def test_a_cheek_in_hard_light_is_no_aim() -> None:
    lab = np.asarray(skin_lab() + crescent()[..., None] * np.array((-6.0, 1.0, -3.0), np.float32))
    lit = np.zeros((SIZE, SIZE), np.float32)
    cv2.ellipse(lit, (200, 262), (46, 20), 0, 0, 360, 1.0, -1)
    lab[..., 0] += 20.0 * cv2.GaussianBlur(lit, (0, 0), 5.0)
    crop = to_rgb(lab)
    after = to_lab(crop + UnderEyes.of(crop, regions(under_eyes=crescent()), SIZE).change(1.0))
    inside, usual = crescent() > 0.8, np.median(skin_lab()[..., 0])
    # As light as skin around, not as what the lamp lights.
    assert to_lab(crop)[inside][:, 0].mean() + 2.0 < after[inside][:, 0].mean() < usual + 6.0


def test_texture_stays_and_nothing_else_changes() -> None:
    lab = np.asarray(skin_lab() + crescent()[..., None] * np.array((-7.0, 2.0, -5.0), np.float32))
    crop = to_rgb(lab)
    change = UnderEyes.of(crop, regions(under_eyes=crescent()), SIZE).change(1.0)
    near = cv2.dilate((crescent() > 0.01).astype(np.uint8), np.ones((41, 41), np.uint8)) > 0
    assert not change[~near].any()
    inside = crescent() > 0.9
    fine = [
        cv2.Laplacian(np.ascontiguousarray(to_lab(each)[..., 0]), cv2.CV_32F)[inside].std()
        for each in (crop, crop + change)
    ]
    assert fine[1] == pytest.approx(fine[0], rel=0.06)


def test_even_skin_is_left() -> None:
    crop = to_rgb(skin_lab())
    change = UnderEyes.of(crop, regions(under_eyes=crescent()), SIZE).change(1.0)
    assert np.abs(to_lab(crop + change) - to_lab(crop)).max() < 1.2


def test_without_the_region_nothing_changes() -> None:
    assert not UnderEyes.of(to_rgb(skin_lab()), regions(), SIZE).change(1.0).any()
