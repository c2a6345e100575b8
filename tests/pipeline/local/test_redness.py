"""Red blotches come closer to the skin around; blush stays in part, and so do form, light and the mean."""

import cv2
import numpy as np
import pytest

from pipeline.local.redness import Redness
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


def with_red(color: tuple[float, float, float], radius: float, shift: tuple[float, float, float]) -> Picture:
    glow = cv2.GaussianBlur(disc(SIZE, _AT, radius), (0, 0), radius / 3.0)[..., None]
    return np.asarray(skin_lab(color) + glow * np.array(shift, np.float32), np.float32)


def redness(lab: Picture, radius: float) -> float:
    inside, around = disc(SIZE, _AT, 0.5 * radius) > 0.5, disc(SIZE, (80.0, 80.0), 20.0) > 0.5
    return float(lab[inside][:, 1].mean() - lab[around][:, 1].mean())


@pytest.mark.parametrize("color", [LIGHT, DARK])
def test_a_blotch_loses_most_of_its_red(color: tuple[float, float, float]) -> None:
    lab = with_red(color, 14.0, (-3.0, 7.0, 1.0))
    crop = to_rgb(lab)
    after = to_lab(crop + Redness.of(crop, regions(), SIZE).change(1.0))
    assert redness(after, 14.0) < 0.5 * redness(lab, 14.0)
    inside = disc(SIZE, _AT, 7.0) > 0.5
    assert after[inside][:, 0].mean() > lab[inside][:, 0].mean() + 0.5


def test_of_a_blush_as_wide_as_a_cheek_most_stays() -> None:
    lab = with_red(LIGHT, 60.0, (-2.0, 7.0, 0.0))
    crop = to_rgb(lab)
    after = to_lab(crop + Redness.of(crop, regions(), SIZE).change(1.0))
    assert 0.85 < redness(after, 60.0) / redness(lab, 60.0) < 0.98


def test_form_is_left() -> None:
    lab = with_red(LIGHT, 40.0, (-12.0, 0.0, 0.0))
    crop = to_rgb(lab)
    change = to_lab(crop + Redness.of(crop, regions(), SIZE).change(1.0)) - to_lab(crop)
    assert np.abs(change[..., 0]).max() < 1.0


def test_the_mean_colour_stays_and_so_do_beard_and_what_is_no_skin() -> None:
    crop = to_rgb(with_red(LIGHT, 20.0, (-3.0, 8.0, 1.0)))
    skin = np.ones((SIZE, SIZE), np.float32)
    skin[:, 400:] = 0.0
    change = Redness.of(crop, regions(skin=skin), SIZE).change(1.0)
    assert change[:, :390].any()
    assert not change[:, 400:].any()
    shift = (to_lab(crop + change) - to_lab(crop))[:, :400].mean((0, 1))
    assert np.abs(shift).max() < 0.3
    assert not Redness.of(crop, regions(hair=np.ones_like(skin)), SIZE).change(1.0).any()


def test_grain_is_neither_taken_nor_amplified() -> None:
    crop = to_rgb(with_red(LIGHT, 14.0, (-3.0, 7.0, 1.0)))
    after = crop + Redness.of(crop, regions(), SIZE).change(1.0)
    fine = [
        float(cv2.Laplacian(np.ascontiguousarray(each[..., 1]), cv2.CV_32F).std()) for each in (crop, after)
    ]
    assert fine[1] == pytest.approx(fine[0], rel=0.03)


@pytest.mark.parametrize("color", [(-3.0, 1.0, 2.5), (-2.0, 5.0, 2.0)])
def test_freckles_and_small_spots_keep_their_colour(color: tuple[float, float, float]) -> None:
    usual = skin_lab(LIGHT, grain=0.4)
    lab = usual.copy()
    add_disc(lab, _AT, 2.5, color)
    crop, inside = to_rgb(lab), disc(SIZE, _AT, 1.5) > 0.5
    after = to_lab(crop + Redness.of(crop, regions(), SIZE).change(1.0))
    painted, left = ((each - usual)[inside].mean(0)[1:] for each in (lab, after))
    assert np.hypot(*left) > 0.85 * np.hypot(*painted)
