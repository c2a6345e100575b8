"""Frequency separation: spots and pores stay as asked, form stays, and nothing happens off the skin."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.skin import SkinLayers, finest_share

_SIZE = 512
_WHOLE = np.ones((_SIZE, _SIZE), np.float32)


def shaded() -> NDArray[np.float32]:
    """An evenly lit cheek that darkens to one side [512, 512, 3]."""
    ramp = np.linspace(0.75, 0.45, _SIZE, dtype=np.float32)[None, :, None]
    return np.asarray(np.broadcast_to(ramp * np.array([1.0, 0.8, 0.7], np.float32), (_SIZE, _SIZE, 3)).copy())


def with_spot(radius: float, depth: float) -> NDArray[np.float32]:
    """The cheek with a soft dark spot in its middle."""
    y, x = np.mgrid[0:_SIZE, 0:_SIZE] - _SIZE / 2.0
    spot = np.exp(-(x**2 + y**2) / (2.0 * radius**2))
    return np.asarray(shaded() - depth * spot[..., None], np.float32)


def grain() -> NDArray[np.float32]:
    """Pores: noise of one pixel."""
    noise = np.random.default_rng(0).standard_normal((_SIZE, _SIZE, 1)).astype(np.float32)
    return 0.02 * noise


def test_without_strength_nothing_changes() -> None:
    layers = SkinLayers.of(with_spot(3.0, 0.05) + grain(), _WHOLE)
    assert not layers.change(0.0, 0.0).any()
    assert not layers.change(0.0, 1.0).any()


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_with_all_its_texture_the_skin_keeps_even_its_spots(strength: float) -> None:
    assert not SkinLayers.of(with_spot(2.5, 0.05) + grain(), _WHOLE).change(strength, 1.0).any()


def test_form_and_shading_stay() -> None:
    crop = shaded()
    changed = crop + SkinLayers.of(crop, _WHOLE).change(1.0, 0.0)
    assert np.abs(changed - crop)[16:-16, 16:-16].max() < 0.004


def test_a_strong_edge_is_form_and_stays() -> None:
    crop = shaded()
    crop[:, _SIZE // 2 :] -= 0.35
    changed = crop + SkinLayers.of(crop, _WHOLE).change(1.0, 0.7)
    before = crop[100, _SIZE // 2 - 1, 1] - crop[100, _SIZE // 2, 1]
    after = changed[100, _SIZE // 2 - 1, 1] - changed[100, _SIZE // 2, 1]
    assert after > 0.85 * before


def test_texture_decides_how_much_of_the_pores_stays() -> None:
    crop = shaded() + grain()
    layers = SkinLayers.of(crop, _WHOLE)

    def fineness(texture: float) -> float:
        changed = crop + layers.change(1.0, texture)
        return float(cv2.Laplacian(np.asarray(changed[32:-32, 32:-32, 1]), cv2.CV_32F).std())

    original = float(cv2.Laplacian(np.asarray(crop[32:-32, 32:-32, 1]), cv2.CV_32F).std())
    smooth, half, all_of_it = (fineness(texture) / original for texture in (0.0, 0.5, 1.0))
    assert smooth < 0.5
    assert smooth < half < all_of_it
    assert all_of_it == pytest.approx(1.0)


def test_grain_too_coarse_for_pores_goes_with_the_texture_too() -> None:
    coarse = np.asarray(cv2.GaussianBlur(grain(), (0, 0), 2.0), np.float32)[..., None]
    layers = SkinLayers.of(shaded() + coarse, _WHOLE)

    def kept(texture: float) -> float:
        area = (slice(60, 180), slice(60, 180), 1)
        return float((layers.change(1.0, texture)[area] + coarse[60:180, 60:180, 0]).std() / coarse.std())

    assert kept(0.0) < 0.6
    assert kept(0.0) < kept(0.5) < kept(1.0)


def test_off_the_skin_nothing_changes() -> None:
    mask = _WHOLE.copy()
    mask[:, : _SIZE // 2] = 0.0
    change = SkinLayers.of(with_spot(3.0, 0.05) + grain(), mask).change(1.0, 0.0)
    assert not change[:, : _SIZE // 2].any()
    assert change[:, _SIZE // 2 :].any()


@pytest.mark.parametrize(("strength", "texture"), [(0.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
def test_the_finest_detail_is_taken_only_where_both_sliders_say_so(strength: float, texture: float) -> None:
    assert finest_share(strength, texture) == 0.0
    assert 0.0 < finest_share(0.5, 0.5) < finest_share(1.0, 0.0) <= 1.0
