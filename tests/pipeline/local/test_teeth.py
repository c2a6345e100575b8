"""Whiter teeth: less yellow, never grey, and nothing else changes."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.local.teeth import Teeth
from pipeline.masks import face_masks
from pipeline.regions import FaceRegions, face_regions
from tests.pipeline.synthetic_faces import Points, open_mouthed, painted

_SIZE = 512


@pytest.fixture(scope="module")
def points() -> Points:
    return open_mouthed(_SIZE)


@pytest.fixture(scope="module")
def crop(points: Points) -> NDArray[np.float32]:
    return painted(points, _SIZE)


@pytest.fixture(scope="module")
def regions(crop: NDArray[np.float32], points: Points) -> FaceRegions:
    masks = face_masks(crop, points, np.full((_SIZE, _SIZE), 500.0, np.float32))
    return face_regions(crop, points, None, masks)


def lab_of_teeth(picture: NDArray[np.float32], regions: FaceRegions) -> NDArray[np.float32]:
    lab = cv2.cvtColor(np.clip(picture, 0.0, 1.0), cv2.COLOR_RGB2Lab)
    return np.asarray(np.median(lab[regions.teeth > 0.9], axis=0), np.float32)


def test_teeth_lose_yellow_and_get_a_little_lighter(crop: NDArray[np.float32], regions: FaceRegions) -> None:
    teeth = Teeth.of(crop, regions, _SIZE)
    before = lab_of_teeth(crop, regions)
    half, full = (lab_of_teeth(crop + teeth.change(value), regions) for value in (0.6, 1.0))
    assert before[2] > 10.0
    assert full[2] < half[2] < 0.8 * before[2]
    assert full[2] > 3.0  # not grey
    assert before[0] + 0.5 < full[0] < before[0] + 6.0


def test_nothing_but_teeth_changes(crop: NDArray[np.float32], regions: FaceRegions) -> None:
    change = Teeth.of(crop, regions, _SIZE).change(1.0)
    assert not change[regions.teeth == 0.0].any()
    assert np.abs(change[regions.teeth > 0.5]).max() > 0.02


def test_at_zero_nothing_changes(crop: NDArray[np.float32], regions: FaceRegions) -> None:
    assert not Teeth.of(crop, regions, _SIZE).change(0.0).any()


def test_white_teeth_do_not_glow(crop: NDArray[np.float32], regions: FaceRegions) -> None:
    white = np.where(regions.teeth[..., None] > 0.0, np.float32(0.97), crop)
    changed = white + Teeth.of(np.asarray(white, np.float32), regions, _SIZE).change(1.0)
    assert changed[regions.teeth > 0.0].max() < 0.985


def test_in_warm_light_teeth_stay_warmer(crop: NDArray[np.float32], regions: FaceRegions) -> None:
    warm = np.clip(crop * np.array([1.05, 0.95, 0.72], np.float32), 0.0, 1.0)
    whitest = [
        lab_of_teeth(each + Teeth.of(each, regions, _SIZE).change(1.0), regions) for each in (crop, warm)
    ]
    assert lab_of_teeth(warm, regions)[2] > whitest[1][2] + 5.0
    assert whitest[1][2] > whitest[0][2] + 1.5


def test_pale_teeth_in_the_warmest_light_get_whiter(crop: NDArray[np.float32], regions: FaceRegions) -> None:
    lab = np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2Lab))
    lab[..., 1:] += 12.0
    lab[regions.teeth > 0.0] = (82.0, 5.0, 9.0)
    warm = np.asarray(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), np.float32)
    after = lab_of_teeth(warm + Teeth.of(warm, regions, _SIZE).change(0.6), regions)
    assert after[2] < 0.8 * lab_of_teeth(warm, regions)[2]


def test_teeth_of_one_colour_keep_a_part_of_it(crop: NDArray[np.float32], regions: FaceRegions) -> None:
    lab = np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2Lab))
    lab[regions.teeth > 0.0] = (78.0, 12.0, 14.0)
    pink = np.asarray(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), np.float32)
    after = lab_of_teeth(pink + Teeth.of(pink, regions, _SIZE).change(1.0), regions)
    assert after[1] > 0.27 * 12.0
    assert after[2] > 0.27 * 14.0


def test_what_differs_from_tooth_to_tooth_stays(crop: NDArray[np.float32], regions: FaceRegions) -> None:
    lab = np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2Lab))
    columns = np.arange(_SIZE) // 2 % 2 == 0
    lab[regions.teeth > 0.0] = (78.0, 4.0, 20.0)
    lab[..., 2] += np.where((regions.teeth > 0.0) & columns[None], 3.0, 0.0)
    striped = np.asarray(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), np.float32)
    changed = cv2.cvtColor(striped + Teeth.of(striped, regions, _SIZE).change(1.0), cv2.COLOR_RGB2Lab)
    inside = regions.teeth > 0.9
    stripes = [
        picture[inside & columns][:, 2].mean() - picture[inside & ~columns][:, 2].mean()
        for picture in (lab, changed)
    ]
    assert stripes[1] > 0.8 * stripes[0]


def test_no_tooth_gets_bluer_than_neutral(crop: NDArray[np.float32], regions: FaceRegions) -> None:
    lab = np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2Lab))
    lab[regions.teeth > 0.0] = (80.0, 1.0, 14.0)
    cold = (regions.teeth > 0.0) & (np.arange(_SIZE)[None] % 6 < 2)
    lab[cold] = (80.0, 0.0, -3.0)
    mixed = np.asarray(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), np.float32)
    changed = cv2.cvtColor(mixed + Teeth.of(mixed, regions, _SIZE).change(1.0), cv2.COLOR_RGB2Lab)
    assert changed[cold & (regions.teeth > 0.9)][:, 2].min() > -3.5


def test_teeth_that_blur_mixes_with_lips_are_held_back(points: Points) -> None:
    crop = painted(points, _SIZE)
    masks = face_masks(crop, points, np.full((_SIZE, _SIZE), 500.0, np.float32))
    sharp = face_regions(crop, points, None, masks).teeth
    mixed = np.asarray(cv2.GaussianBlur(crop, (0, 0), 0.03 * _SIZE), np.float32)
    soft = face_regions(mixed, points, None, masks).teeth
    assert sharp.max() > 0.9
    assert soft.max() < 0.6
