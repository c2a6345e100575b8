"""Displaced features keep their detail, also where the photo's pixels are larger than the crop's."""

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline import resharpening
from pipeline.flow import displaced
from pipeline.resharpening import resharpened

_SIZE = 256
_FEATURES = np.zeros((_SIZE, _SIZE), np.float32)
_FEATURES[64:192, 64:192] = 1.0
_HALF_A_PIXEL = np.full((_SIZE, _SIZE, 2), 0.5, np.float32)


def picture(side: int) -> NDArray[np.float32]:
    """A photo of fine detail, as soft as photos are at the scale of their pixels."""
    noise = np.random.default_rng(3).uniform(0.3, 0.7, (side, side, 3)).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 0.8), np.float32)


def energy(image: NDArray[np.float32]) -> float:
    return float(cv2.Laplacian(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.CV_32F)[70:186, 70:186].var())


def test_nothing_is_added_where_nothing_moves() -> None:
    crop = picture(_SIZE)
    still = np.zeros_like(_HALF_A_PIXEL)
    assert not resharpened(crop, np.zeros_like(crop), still, _FEATURES, 1.0).any()


def test_a_single_pixel_of_features_is_not_sharpened() -> None:
    features = np.zeros((_SIZE, _SIZE), np.float32)
    features[128, 128] = 1.0
    crop = picture(_SIZE)
    assert not resharpened(crop, np.zeros_like(crop), _HALF_A_PIXEL, features, 1.0).any()


def test_displaced_features_keep_their_detail() -> None:
    crop = picture(_SIZE)
    moved = displaced(crop, _HALF_A_PIXEL)
    assert energy(moved) < 0.9 * energy(crop)
    added = resharpened(crop, np.zeros_like(crop), _HALF_A_PIXEL, _FEATURES, 1.0)
    assert energy(moved + added) == pytest.approx(energy(crop), rel=0.05)


def test_only_the_part_that_features_reach_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    crop, features = picture(_SIZE), np.zeros((_SIZE, _SIZE), np.float32)
    features[20:60, 150:230] = 1.0
    flow = np.full((_SIZE, _SIZE, 2), (7.5, -3.5), np.float32)
    seen: list[tuple[int, ...]] = []
    plain = resharpening._added

    def added(crop: NDArray[np.float32], *others: Any) -> NDArray[np.float32]:
        seen.append(crop.shape)
        return plain(crop, *others)

    monkeypatch.setattr(resharpening, "_added", added)
    here = resharpened(crop, np.zeros_like(crop), flow, features, 1.0)
    assert seen[0][0] * seen[0][1] < 0.3 * _SIZE**2
    everywhere = plain(crop, np.zeros_like(crop), flow, features, 1.0)
    assert here.any()
    assert np.abs(here - everywhere).max() < 1e-4


def test_without_features_nothing_is_added() -> None:
    crop = picture(_SIZE)
    assert not resharpened(crop, np.zeros_like(crop), _HALF_A_PIXEL, 0.0 * _FEATURES, 1.0).any()


def test_a_small_face_keeps_the_detail_of_its_photo_not_only_of_its_enlarged_crop() -> None:
    scale = 0.5
    photo = picture(round(_SIZE * scale))

    def enlarged(image: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.resize(image, (_SIZE, _SIZE), interpolation=cv2.INTER_CUBIC), np.float32)

    def reduced(image: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.resize(image, photo.shape[:2], interpolation=cv2.INTER_CUBIC), np.float32)

    crop, flow = enlarged(photo), 2.0 * _HALF_A_PIXEL
    moved = displaced(photo, reduced(flow) * np.float32(scale))

    def kept(scale: float) -> float:
        """What the photo keeps of its detail."""
        added = resharpened(crop, np.zeros_like(crop), flow, _FEATURES, scale)
        return energy(enlarged(moved + reduced(added))) / energy(crop)

    assert kept(1.0) < 0.9
    assert 1.0 <= kept(scale) < 1.1
