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
