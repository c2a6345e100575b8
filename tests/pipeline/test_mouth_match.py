"""A generator's mouth in the photograph's colours, and as sharp as it."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.mouth_match import color_match, sharp_as
from pipeline.tone import lab

Picture = NDArray[np.float32]
_SHAPE, _SIZE = (128, 256), 512
_SKIN, _LIPS, _TEETH, _DARK = (0.78, 0.6, 0.5), (0.66, 0.36, 0.36), (0.82, 0.78, 0.7), (0.1, 0.06, 0.06)
_PART = (slice(32, 96), slice(48, 208))


def mouth(color: tuple[float, float, float], *, skin: tuple[float, float, float] = _SKIN) -> Picture:
    """Closed lips of a colour."""
    picture = np.asarray(np.array(skin, np.float32) * np.ones((*_SHAPE, 1), np.float32))
    cv2.ellipse(picture, (128, 64), (70, 26), 0, 0, 360, color, -1)
    return picture


def masks() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Skin and mouth."""
    lips = (mouth((0.0, 0.0, 0.0)).sum(2) == 0.0).astype(np.float32)
    return np.asarray(1.0 - cv2.dilate(lips, np.ones((5, 5)))), lips


def matched(photo: Picture, before: Picture, after: Picture) -> Picture:
    skin, lips = masks()
    part = np.ascontiguousarray(after[_PART])
    whole = after.copy()
    whole[_PART] = part + color_match(photo, before, part, _PART, skin, lips, _SIZE)
    return whole


def opened(middle: tuple[float, float, float]) -> Picture:
    """Lips with something between them."""
    picture = mouth(_LIPS)
    cv2.ellipse(picture, (128, 64), (50, 12), 0, 0, 360, middle, -1)
    return picture


@pytest.mark.parametrize("middle", [_TEETH, _DARK])
def test_the_photograph_s_lipstick_tints_lips_and_neither_teeth_nor_the_dark(
    middle: tuple[float, float, float],
) -> None:
    lipstick = (0.7, 0.1, 0.2)
    result = matched(mouth(lipstick), mouth(_LIPS), opened(middle))
    assert np.abs(result[84, 128] - lipstick).max() < 0.3 * np.abs(np.subtract(_LIPS, lipstick)).max()
    assert np.abs(result[64, 128] - middle).max() < 0.03


def test_teeth_take_the_light_of_the_skin_where_the_photograph_shows_none() -> None:
    photo = mouth(_LIPS, skin=(0.78 * 0.9, 0.6 * 0.9, 0.5 * 0.85))
    result = matched(photo, mouth(_LIPS), opened(_TEETH))
    share = result[64, 128] / _TEETH
    assert (share > 0.85).all()
    assert (share < 0.95).all()
    assert share[2] < share[1] - 0.01


def test_teeth_of_the_photograph_give_those_of_the_result_their_colour() -> None:
    yellow = opened((0.75, 0.68, 0.5))
    result = matched(yellow, opened(_TEETH), opened(_TEETH))
    assert result[64, 128] == pytest.approx(np.array((0.75, 0.68, 0.5)), abs=0.05)


def test_a_grey_photograph_gets_a_grey_mouth() -> None:
    photo, before, after = (
        np.repeat(cv2.cvtColor(mouth(_LIPS), cv2.COLOR_RGB2GRAY)[..., None], 3, 2),
        mouth(_LIPS),
        opened(_TEETH),
    )
    result = matched(photo, before, after)[_PART]
    assert np.ptp(result, axis=2).max() < 0.01
    assert result[32, 80].mean() > result[52, 80].mean() + 0.2  # teeth and lip are told apart all the same


@pytest.mark.parametrize("part", ["thin lips", "no skin"])
def test_a_mouth_whose_colours_are_not_known_takes_the_light_around_it(part: str) -> None:
    skin, lips = masks()
    lips, skin = (lips * np.float32(0.6), skin) if part == "thin lips" else (lips, skin * np.float32(0.0))
    dark = np.asarray(mouth(_LIPS) * np.float32(0.5))
    after = np.ascontiguousarray(opened(_TEETH)[_PART])
    added = color_match(dark, mouth(_LIPS), after, _PART, skin, lips, _SIZE)
    lip = after + added
    assert lip[52, 80] == pytest.approx(0.5 * np.array(_LIPS), abs=0.06)


def test_no_cold_speck_stays_between_teeth() -> None:
    after = opened(_TEETH)
    cv2.circle(after, (160, 64), 6, (0.2, 0.35, 0.75), -1)
    assert lab(after)[64, 160, 2] < -35.0
    result = matched(mouth(_LIPS), mouth(_LIPS), after)
    assert lab(result)[64, 160, 2] > -12.0
    assert np.abs(result[64, 110] - _TEETH).max() < 0.03


def test_glints_on_lips_do_not_make_the_generator_s_grain_stronger() -> None:
    noise = np.random.default_rng(0).standard_normal((*_SHAPE, 3)).astype(np.float32)
    before = np.asarray(mouth(_LIPS) + 0.01 * noise)
    photo = before.copy()
    photo[50:80:12, 90:170:16] = 1.0
    part = np.ascontiguousarray(before[_PART])
    assert np.abs(sharp_as(photo, before, part, masks()[1], _SIZE) - part).max() < 0.015


@pytest.mark.parametrize(("blur", "low", "high"), [(0.0, 1.15, 1.6), (1.0, 0.97, 1.03), (3.0, 0.5, 0.9)])
def test_teeth_are_as_sharp_as_the_photograph(blur: float, low: float, high: float) -> None:
    noise = np.random.default_rng(0).standard_normal((*_SHAPE, 3)).astype(np.float32)
    texture = mouth(_LIPS) + 0.05 * noise
    before = np.asarray(cv2.GaussianBlur(texture, (0, 0), 1.0), np.float32)
    photo = texture if blur == 0.0 else np.asarray(cv2.GaussianBlur(texture, (0, 0), blur), np.float32)
    _, lips = masks()
    part = np.ascontiguousarray(before[_PART])
    sharp = sharp_as(photo, before, part, lips, _SIZE)

    def detail(picture: Picture) -> float:
        return float((picture - cv2.GaussianBlur(picture, (0, 0), 1.0))[16:48, 40:120].std())

    assert low < detail(sharp) / detail(part) < high
    assert sharp.mean() == pytest.approx(part.mean(), abs=1e-3)
