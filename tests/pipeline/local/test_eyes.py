"""Cleaner whites and clearer irises, without a glow, and nothing else changes."""

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.local.eye_whites import EyeWhites
from pipeline.local.irises import Irises
from tests.pipeline.local.painted_face import SIZE, PaintedFace, to_lab


@pytest.fixture(scope="module")
def face() -> PaintedFace:
    return PaintedFace.make()


@pytest.mark.parametrize(("slider", "region"), [(EyeWhites, "eye_whites"), (Irises, "irises")])
def test_a_slider_of_the_eyes_changes_its_own_region(slider: Any, region: str, face: PaintedFace) -> None:
    made, mask = slider.of(face.crop, face.regions, SIZE), getattr(face.regions, region)
    assert not made.change(0.0).any()
    change = made.change(1.0)
    assert not change[mask == 0.0].any()
    assert np.abs(change[mask > 0.8]).mean() > 0.01


def test_whites_lose_red_and_yellow_and_get_a_little_lighter(face: PaintedFace) -> None:
    whites = face.regions.eye_whites
    changed = face.crop + EyeWhites.of(face.crop, face.regions, SIZE).change(1.0)
    before, after = (face.lab(picture, whites).mean(0) for picture in (face.crop, changed))
    assert 0.5 < after[1] < 0.85 * before[1]
    assert 0.0 < after[2] < 0.75 * before[2]
    assert before[0] + 1.0 < after[0] < before[0] + 6.5


def test_a_vein_fades_and_can_still_be_seen(face: PaintedFace) -> None:
    whites = face.regions.eye_whites
    y, x = np.argwhere(whites > 0.9)[len(np.argwhere(whites > 0.9)) // 2]
    crop = face.crop.copy()
    crop[y - 6 : y + 7, x] = (0.66, 0.45, 0.42)
    changed = crop + EyeWhites.of(crop, face.regions, SIZE).change(1.0)

    def depth(picture: NDArray[np.float32]) -> float:
        light = to_lab(picture)[..., 0]
        return float((light[y, x - 3] + light[y, x + 3]) / 2.0 - light[y, x])

    assert 0.3 * depth(crop) < depth(changed) < 0.85 * depth(crop)


def test_a_shaded_white_stays_shaded(face: PaintedFace) -> None:
    shade = np.linspace(0.45, 1.0, SIZE, dtype=np.float32)[:, None, None]
    crop = np.asarray(face.crop * shade, np.float32)
    changed = crop + EyeWhites.of(crop, face.regions, SIZE).change(1.0)
    before, after = (face.lab(picture, face.regions.eye_whites)[:, 0] for picture in (crop, changed))
    assert after.std() > 0.8 * before.std()


def test_in_warm_light_clean_whites_are_warmer(face: PaintedFace) -> None:
    whites = face.regions.eye_whites
    warm = np.asarray(np.clip(face.crop * np.array([1.05, 0.9, 0.6], np.float32), 0.0, 1.0), np.float32)
    before, after = (
        face.lab(picture, whites)[:, 2].mean()
        for picture in (warm, warm + EyeWhites.of(warm, face.regions, SIZE).change(1.0))
    )
    assert after < before - 4.0
    # towards 2, as in neutral light, they would lose 0.6 of the way and look blue
    assert after > 2.0 + 0.4 * (before - 2.0) + 1.5


def patterned(face: PaintedFace) -> NDArray[np.float32]:
    """The face whose irises have spokes, and a catchlight each."""
    crop = face.crop.copy()
    _, labels, _, centers = cv2.connectedComponentsWithStats((face.regions.irises > 0.5).astype(np.uint8))
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    for number, (cx, cy) in enumerate(centers[1:], 1):
        spokes = 0.06 * np.sin(9.0 * np.arctan2(y - cy, x - cx))[..., None]
        crop = np.where((labels == number)[..., None], crop + spokes, crop)
        near = np.hypot(x - cx - 2.0, y - cy + 3.0) < 2.0
        crop[near] = 0.95
    return np.asarray(np.clip(crop, 0.0, 1.0), np.float32)


def test_an_iris_gains_contrast_and_keeps_its_hue_and_catchlight(face: PaintedFace) -> None:
    crop, iris = patterned(face), face.regions.irises
    changed = crop + Irises.of(crop, face.regions, SIZE).change(1.0)
    before, after = to_lab(crop), to_lab(changed)
    bright, plain = (before[..., 0] > 85.0) & (iris > 0.5), (iris > 0.9) & (before[..., 0] < 45.0)
    assert bright.sum() > 8
    assert np.abs(after - before)[bright].max() < 2.5
    assert after[plain][:, 0].std() > 1.15 * before[plain][:, 0].std()
    assert 0.5 < (after - before)[plain][:, 0].mean() < 6.0
    hue = [np.arctan2(*lab[plain][:, :0:-1].mean(0)) for lab in (before, after)]
    assert abs(hue[1] - hue[0]) < 0.06


def test_an_eye_that_a_flash_made_red_stays_and_a_brown_one_does_not(face: PaintedFace) -> None:
    iris = face.regions.irises

    def moved(color: tuple[float, float, float]) -> float:
        crop = patterned(face)
        crop = np.where((iris > 0.0)[..., None], 0.1 * crop + 0.9 * np.array(color, np.float32), crop)
        change = Irises.of(np.asarray(crop, np.float32), face.regions, SIZE).change(1.0)
        return float(np.abs(change[iris > 0.9]).mean())

    assert moved((0.75, 0.35, 0.25)) == 0.0
    assert moved((0.36, 0.22, 0.15)) > 0.01
