"""Healed spots leave no trace, moles stay to the bit, and the grain goes on through what was healed."""

import cv2
import numpy as np
import pytest

from pipeline.local.healed_spots import SpottedSkin
from tests.pipeline.local.skin_pictures import (
    DARK,
    LIGHT,
    SIZE,
    add_disc,
    disc,
    regions,
    skin_lab,
    to_lab,
    to_rgb,
)

_PIMPLE, _MOLE = (-5.0, 9.0, 2.0), (-17.0, 2.0, 1.0)
_SPOT, _BROWN = (180.0, 200.0), (330.0, 300.0)


@pytest.mark.parametrize("color", [LIGHT, DARK])
@pytest.mark.parametrize("radius", [3.0, 5.0, 8.0])
def test_a_spot_takes_the_colour_and_the_grain_of_the_skin_around(
    color: tuple[float, float, float], radius: float
) -> None:
    clean = skin_lab(color)
    lab = clean.copy()
    add_disc(lab, _SPOT, radius, _PIMPLE)
    crop = to_rgb(lab)
    after = to_lab(crop + SpottedSkin.of(crop, regions(), SIZE).without_blemishes().change(1.0))
    inside = disc(SIZE, _SPOT, radius) > 0.9
    left = np.abs((after - skin_lab(color, grain=0.0))[inside].mean(0))
    assert left.max() < 0.8
    # Few pixels have grain of their own in a small spot.
    usual = clean[disc(SIZE, _SPOT, 24.0) > 0.5][:, 0].std()
    assert 0.65 < after[inside][:, 0].std() / usual < 1.4


def test_half_the_value_eases_half_of_a_spot() -> None:
    lab = skin_lab()
    add_disc(lab, _SPOT, 4.0, _PIMPLE)
    blemishes = SpottedSkin.of(to_rgb(lab), regions(), SIZE).without_blemishes()
    assert np.allclose(blemishes.change(0.5), 0.5 * blemishes.change(1.0))
    assert not blemishes.change(0.0).any()


def test_blemishes_leave_a_mole_to_the_bit_and_marks_take_it() -> None:
    lab = skin_lab()
    add_disc(lab, _BROWN, 4.0, _MOLE)
    add_disc(lab, (_BROWN[0] + 17.0, _BROWN[1]), 4.0, _PIMPLE)
    crop = to_rgb(lab)
    mole = disc(SIZE, _BROWN, 3.5) > 0.5
    healing = SpottedSkin.of(crop, regions(), SIZE).without_blemishes().change(1.0)
    assert healing.any()
    assert np.abs(healing[mole]).max() < 1e-3
    after = to_lab(crop + SpottedSkin.of(crop, regions(), SIZE).without_marks().change(1.0))
    usual = to_lab(to_rgb(skin_lab()))
    assert abs(float((after - usual)[mole][:, 0].mean())) < 1.0


def test_nothing_changes_away_from_spots_nor_off_the_skin() -> None:
    lab = skin_lab()
    add_disc(lab, _SPOT, 4.0, _PIMPLE)
    add_disc(lab, _BROWN, 4.0, _PIMPLE)
    skin = np.ones((SIZE, SIZE), np.float32)
    skin[:, 280:] = 0.0
    change = SpottedSkin.of(to_rgb(lab), regions(skin=skin), SIZE).without_blemishes().change(1.0)
    assert not change[:, 280:].any()
    near = disc(SIZE, _SPOT, 16.0) > 0.0
    assert change[near].any()
    assert not change[~near].any()


def test_a_spot_on_a_slope_takes_the_shading_that_goes_through_it() -> None:
    lab = skin_lab(grain=0.2)
    ridge = np.abs(np.arange(SIZE, dtype=np.float32) - _SPOT[0] - 9.0)
    lab[..., 0] += np.maximum(10.0 - 0.5 * ridge, 0.0)
    spotted = lab.copy()
    add_disc(spotted, _SPOT, 4.0, _PIMPLE)
    crop = to_rgb(spotted)
    after = to_lab(crop + SpottedSkin.of(crop, regions(), SIZE).without_blemishes().change(1.0))
    assert np.abs((after - lab)[disc(SIZE, _SPOT, 4.0) > 0.5][:, 0]).max() < 2.0


def test_a_spot_that_does_not_look_like_skin_is_healed_whole() -> None:
    lab = skin_lab()
    add_disc(lab, _SPOT, 4.0, (-14.0, 22.0, 8.0))
    hole = disc(SIZE, _SPOT, 4.5)
    crop = to_rgb(lab)
    after = to_lab(
        crop + SpottedSkin.of(crop, regions(skin=1.0 - hole), SIZE).without_blemishes().change(1.0)
    )
    left = (after - skin_lab(grain=0.0))[disc(SIZE, _SPOT, 4.0) > 0.5].mean(0)
    assert np.abs(left).max() < 1.5


def test_spots_in_a_beard_are_left() -> None:
    lab = skin_lab()
    add_disc(lab, _SPOT, 4.0, _PIMPLE)
    beard = np.ones((SIZE, SIZE), np.float32)
    assert not SpottedSkin.of(to_rgb(lab), regions(hair=beard), SIZE).without_blemishes().change(1.0).any()


def test_a_spot_on_coarse_skin_keeps_its_own_grain_though_the_skin_beside_it_is_smooth() -> None:
    smooth, coarse = skin_lab(grain=0.3), skin_lab(grain=1.6)
    near = np.clip(disc(SIZE, _SPOT, 17.0), 0.0, 1.0)[..., None]
    clean = np.asarray(smooth + (coarse - smooth) * near, np.float32)
    lab = clean.copy()
    add_disc(lab, _SPOT, 5.0, (-1.0, 9.0, 2.0))
    crop = to_rgb(lab)
    after = to_lab(crop + SpottedSkin.of(crop, regions(), SIZE).without_blemishes().change(1.0))
    inside = disc(SIZE, _SPOT, 4.0) > 0.9
    kept, usual = (
        float(cv2.Laplacian(np.ascontiguousarray(each[..., 0]), cv2.CV_32F)[inside].std())
        for each in (after, clean)
    )
    assert kept > 0.5 * usual
