"""Weak differences of light between grain and form go in part; strong, coloured, fine or broad ones stay."""

import cv2
import numpy as np
import pytest

from pipeline.local.evenness import Evenness
from tests.pipeline.local.skin_pictures import (
    DARK,
    LIGHT,
    SIZE,
    Picture,
    add_disc,
    disc,
    regions,
    skin_lab,
    to_lab,
    to_rgb,
)

_AT = (250.0, 240.0)


def after(lab: Picture, value: float = 1.0) -> Picture:
    crop = to_rgb(lab)
    return to_lab(crop + Evenness.of(crop, regions(), SIZE).change(value))


def uneven(color: tuple[float, float, float], sigma: float, deviation: float, grain: float = 0.8) -> Picture:
    """Skin whose lightness is uneven at the scale of a blur."""
    noise = np.random.default_rng(1).standard_normal((SIZE, SIZE)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), sigma)
    lab = skin_lab(color, grain=grain)
    lab[..., 0] += deviation * smooth / smooth.std()
    return lab


def spread(lab: Picture, usual: Picture) -> float:
    """How uneven skin is, but for its grain."""
    difference = np.ascontiguousarray((lab - usual)[..., 0])
    return float(cv2.GaussianBlur(difference, (0, 0), 1.5)[60:-60, 60:-60].std())


@pytest.mark.parametrize("color", [LIGHT, DARK])
def test_an_uneven_surface_loses_a_quarter_at_one_and_less_below(color: tuple[float, float, float]) -> None:
    lab, usual = uneven(color, 3.0, 1.0), skin_lab(color, grain=0.0)
    before = spread(lab, usual)
    assert spread(after(lab), usual) < 0.75 * before
    assert spread(after(lab), usual) < spread(after(lab, 0.5), usual) < 0.9 * before


def test_form_is_left() -> None:
    lab, usual = uneven(LIGHT, 40.0, 3.0), skin_lab(LIGHT, grain=0.0)
    assert spread(after(lab), usual) == pytest.approx(spread(lab, usual), rel=0.05)


def test_grain_is_left() -> None:
    crop = to_rgb(skin_lab(LIGHT))
    changed = crop + Evenness.of(crop, regions(), SIZE).change(1.0)
    fine = [
        float(cv2.Laplacian(np.ascontiguousarray(each[..., 1]), cv2.CV_32F).std()) for each in (crop, changed)
    ]
    assert fine[1] > 0.9 * fine[0]


@pytest.mark.parametrize(("radius", "shift"), [(4.0, (-16.0, 1.0, 2.0)), (2.5, (-4.0, 2.5, 6.0))])
def test_moles_and_freckles_are_left(radius: float, shift: tuple[float, float, float]) -> None:
    lab = skin_lab(LIGHT, grain=0.0)
    add_disc(lab, _AT, radius, shift)
    inside = disc(SIZE, _AT, 0.5 * radius) > 0.5
    depth = (skin_lab(LIGHT, grain=0.0) - lab)[inside][:, 0].mean()
    left = (skin_lab(LIGHT, grain=0.0) - after(lab))[inside][:, 0].mean()
    assert left > 0.85 * depth


def test_the_mean_stays_and_so_do_beard_and_what_is_no_skin() -> None:
    crop = to_rgb(uneven(LIGHT, 3.0, 2.0))
    skin = np.ones((SIZE, SIZE), np.float32)
    skin[:, 400:] = 0.0
    change = Evenness.of(crop, regions(skin=skin), SIZE).change(1.0)
    assert change[:, :380].any()
    assert not change[:, 400:].any()
    shift = (to_lab(crop + change) - to_lab(crop))[:, :400].mean((0, 1))
    assert np.abs(shift).max() < 0.2
    assert not Evenness.of(crop, regions(hair=np.ones_like(skin)), SIZE).change(1.0).any()


def test_skin_without_grain_is_evened_less_so_that_it_does_not_look_like_wax() -> None:
    usual = skin_lab(LIGHT, grain=0.0)
    left = []
    for grain in (0.0, 0.8):
        lab = uneven(LIGHT, 5.0, 1.0, grain)
        left.append(spread(after(lab), usual) / spread(lab, usual))
    assert left[0] > 0.8
    assert left[0] - left[1] > 0.1


def test_nothing_finer_than_the_photograph_s_own_pixels_is_evened() -> None:
    crop = to_rgb(uneven(LIGHT, 3.0, 1.0))
    whole, enlarged = (np.abs(Evenness.of(crop, regions(), SIZE, s).change(1.0)).mean() for s in (1.0, 0.25))
    assert enlarged < 0.6 * whole


@pytest.mark.parametrize("color", [LIGHT, DARK])
@pytest.mark.parametrize("depth", [2.5, 4.0])
def test_faint_freckles_keep_their_contrast(color: tuple[float, float, float], depth: float) -> None:
    usual = skin_lab(color, grain=0.4)
    lab = usual.copy()
    places = [(90.0 + 60.0 * i, 100.0 + 70.0 * j) for i in range(6) for j in range(5)]
    for place in places:
        add_disc(lab, place, 2.5, (-depth, 0.3 * depth, 0.4 * depth))
    inside = np.max([disc(SIZE, place, 1.5) for place in places], axis=0) > 0.5
    left = (usual - after(lab))[inside][:, 0].mean()
    assert left > 0.9 * (usual - lab)[inside][:, 0].mean()
