"""Highlights come back towards the skin around: less light, more colour, with their form."""

import cv2
import numpy as np
import pytest

from pipeline.local.shine import Shine
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

_AT, _RADIUS = (250.0, 240.0), 26.0


def with_highlight(color: tuple[float, float, float], lighter: float = 18.0, paler: float = 0.5) -> Picture:
    """Skin with a soft highlight that has a share of the skin's colour."""
    lab = skin_lab(color)
    glow = cv2.GaussianBlur(disc(SIZE, _AT, _RADIUS), (0, 0), 8.0)[..., None]
    lab[..., :1] += lighter * glow
    lab[..., 1:] *= 1.0 - paler * glow
    return lab


def shiny_area(lab: Picture, usual: Picture) -> float:
    light, chroma = lab[..., 0] - usual[..., 0], np.hypot(lab[..., 1], lab[..., 2])
    return float(((light > 5.0) & (chroma < 0.9 * np.hypot(usual[..., 1], usual[..., 2]))).sum())


@pytest.mark.parametrize("color", [LIGHT, DARK])
def test_the_area_that_shines_is_less_than_half_at_one(color: tuple[float, float, float]) -> None:
    lab, usual = with_highlight(color), skin_lab(color)
    crop = to_rgb(lab)
    after = to_lab(crop + Shine.of(crop, regions(), SIZE).change(1.0))
    assert shiny_area(after, usual) < 0.5 * shiny_area(lab, usual)


@pytest.mark.parametrize("color", [LIGHT, DARK])
def test_a_highlight_gets_colour_and_stays_a_highlight(color: tuple[float, float, float]) -> None:
    lab = with_highlight(color)
    crop = to_rgb(lab)
    after = to_lab(crop + Shine.of(crop, regions(), SIZE).change(1.0))
    middle, around = disc(SIZE, _AT, 6.0) > 0.5, disc(SIZE, (250.0, 400.0), 20.0) > 0.5
    assert np.hypot(*after[middle][:, 1:].mean(0)) > np.hypot(*lab[middle][:, 1:].mean(0)) + 2.0
    # Never darker than what surrounds it, and never greyer.
    lighter = after[middle][:, 0].mean() - after[around][:, 0].mean()
    assert 2.0 < lighter < 0.75 * (lab[middle][:, 0].mean() - lab[around][:, 0].mean())
    assert after[middle][:, 0].std() > 0.8 * lab[middle][:, 0].std()


def test_light_that_forms_is_left() -> None:
    lab = with_highlight(LIGHT, lighter=10.0, paler=0.0)
    # Light on skin that does not shine makes its colour stronger as well.
    lab[..., 1:] *= (lab[..., :1] / skin_lab(LIGHT)[..., :1]) ** 1.2
    crop = to_rgb(lab)
    change = to_lab(crop + Shine.of(crop, regions(), SIZE).change(1.0)) - to_lab(crop)
    assert np.abs(change[..., 0]).max() < 1.0


def test_a_broad_glow_keeps_more_of_its_light_than_a_small_highlight() -> None:
    kept = []
    for radius, soft in ((12.0, 5.0), (40.0, 15.0)):
        lab = skin_lab(LIGHT)
        glow = cv2.GaussianBlur(disc(SIZE, _AT, radius), (0, 0), soft)[..., None]
        lab[..., :1] += 16.0 * glow
        lab[..., 1:] *= 1.0 - 0.4 * glow
        crop = to_rgb(lab)
        change = to_lab(crop + Shine.of(crop, regions(), SIZE).change(1.0)) - to_lab(crop)
        middle = disc(SIZE, _AT, 4.0) > 0.5
        kept.append(1.0 + change[middle][:, 0].mean() / 16.0)
    small, broad = kept
    assert broad > small + 0.1
    assert broad > 0.68


def test_a_grey_picture_keeps_its_highlights() -> None:
    lab = with_highlight(LIGHT)
    lab[..., 1:] = 0.0
    crop = to_rgb(lab)
    assert np.abs(Shine.of(crop, regions(), SIZE).change(1.0)).max() < 1e-3


def test_the_mean_of_the_skin_stays_and_nothing_changes_outside() -> None:
    crop = to_rgb(with_highlight(LIGHT))
    skin = np.ones((SIZE, SIZE), np.float32)
    skin[:, 400:] = 0.0
    change = Shine.of(crop, regions(skin=skin), SIZE).change(1.0)
    assert not change[:, 406:].any()
    shift = (to_lab(crop + change) - to_lab(crop))[:, :400].mean((0, 1))
    assert np.abs(shift).max() < 0.3


def test_a_highlight_that_is_white_gets_its_colour_from_around() -> None:
    lab = with_highlight(LIGHT, lighter=35.0, paler=1.0)
    crop = to_rgb(lab)
    white = crop.min(axis=2) > 0.97
    assert white.any()
    skin = np.where(white, 0.0, 1.0).astype(np.float32)  # a model of skin colours leaves it out
    after = to_lab(crop + Shine.of(crop, regions(skin=skin), SIZE).change(1.0))
    assert np.hypot(*after[white][:, 1:].mean(0)) > 8.0


def test_a_white_collar_beside_the_neck_stays_white() -> None:
    lab = skin_lab(LIGHT)
    lab[420:] = (96.0, 0.0, -2.0)
    skin = np.ones((SIZE, SIZE), np.float32)
    skin[460:] = 0.0  # a mask that reaches too far
    crop = to_rgb(lab)
    change = Shine.of(crop, regions(skin=skin), SIZE).change(1.0)
    assert np.abs((to_lab(crop + change) - to_lab(crop))[440:]).max() < 0.5


def test_where_everything_is_white_nothing_shines() -> None:
    crop = np.ones((SIZE, SIZE, 3), np.float32)
    assert np.abs(Shine.of(crop, regions(), SIZE).change(1.0)).max() < 1e-3


def test_a_cheek_in_the_sun_keeps_its_colour_and_the_light_its_slope() -> None:
    lab = skin_lab(LIGHT)
    sun = cv2.GaussianBlur(disc(SIZE, (380.0, 256.0), 110.0), (0, 0), 15.0)[..., None]
    lab[..., :1] += 12.0 * sun
    lab[..., 1:] *= 1.0 - 0.5 * sun
    crop = to_rgb(lab)
    change = to_lab(crop + Shine.of(crop, regions(), SIZE).change(1.0)) - to_lab(crop)
    middle = disc(SIZE, (380.0, 256.0), 60.0) > 0.5
    assert np.hypot(*change[middle][:, 1:].mean(0)) < 3.5
    slope = np.polyfit(np.arange(SIZE), change[..., 0].mean(0), 1)[0] * SIZE
    assert abs(slope) < 0.5


def test_freckles_in_a_highlight_keep_their_contrast() -> None:
    usual = with_highlight(LIGHT)
    lab = usual.copy()
    places = [(_AT[0] + dx, _AT[1] + dy) for dx, dy in ((0.0, 0.0), (-13.0, 6.0), (11.0, -9.0), (4.0, 15.0))]
    for place in places:
        add_disc(lab, place, 2.5, (-5.0, 1.5, 2.5))
    inside = np.max([disc(SIZE, place, 1.5) for place in places], axis=0) > 0.5
    before, after = (
        to_lab(crop + Shine.of(crop, regions(), SIZE).change(1.0)) for crop in (to_rgb(usual), to_rgb(lab))
    )
    painted, left = (each[inside].mean(0) for each in (lab - usual, after - before))
    assert left[0] < 0.92 * painted[0]
    assert np.hypot(*left[1:]) > 0.9 * np.hypot(*painted[1:])
