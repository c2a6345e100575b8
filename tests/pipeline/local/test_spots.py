"""Spots are told from grain, lines and hairs; and blemishes from moles and freckles."""

import cv2
import numpy as np
import pytest

from pipeline.local.spots import Candidates, Spots, Traits, find_spots, is_spot
from tests.pipeline.local.skin_pictures import DARK, LIGHT, SIZE, Picture, add_disc, disc, skin_lab, to_rgb

_SKIN = np.ones((SIZE, SIZE), np.float32)
_PIMPLE, _MOLE, _FRECKLE = (-4.0, 7.0, 2.0), (-17.0, 2.0, 1.0), (-6.0, 1.2, 2.0)
_PLACES = [(120.0, 130.0), (300.0, 110.0), (210.0, 260.0), (380.0, 330.0)]


def found_in(lab: Picture) -> Spots:
    return find_spots(to_rgb(lab), _SKIN, SIZE)


def nearest(spots: Spots, place: tuple[float, float]) -> tuple[float, int]:
    distances = np.hypot(*(spots.centers - place).T)
    return float(distances.min(initial=np.inf)), int(distances.argmin()) if len(distances) else -1


@pytest.mark.parametrize("color", [LIGHT, DARK])
def test_pimples_are_found_where_they_are_and_are_blemishes(color: tuple[float, float, float]) -> None:
    lab = skin_lab(color)
    for place in _PLACES:
        add_disc(lab, place, 4.0, _PIMPLE)
    spots = found_in(lab)
    for place in _PLACES:
        distance, index = nearest(spots, place)
        assert distance < 1.5
        assert not spots.marks[index]
        assert 3.0 < spots.radii[index] < 9.0


@pytest.mark.parametrize("color", [LIGHT, DARK])
def test_a_mole_is_a_mark(color: tuple[float, float, float]) -> None:
    lab = skin_lab(color)
    add_disc(lab, _PLACES[0], 4.0, _MOLE)
    spots = found_in(lab)
    distance, index = nearest(spots, _PLACES[0])
    assert distance < 1.5
    assert spots.marks[index]


@pytest.mark.parametrize("others", [0, 3])
def test_a_mole_on_a_blushed_cheek_is_a_mark(others: int) -> None:
    lab = skin_lab()
    for place in _PLACES[1 : 1 + others]:
        add_disc(lab, place, 4.0, _MOLE)
    add_disc(lab, _PLACES[0], 4.0, (-13.0, 6.8, 1.0))
    spots = found_in(lab)
    assert spots.marks[nearest(spots, _PLACES[0])[1]]


def test_a_spot_that_touches_a_mole_is_kept_with_it() -> None:
    lab = skin_lab()
    add_disc(lab, _PLACES[0], 4.0, _MOLE)
    add_disc(lab, (_PLACES[0][0] + 10.0, _PLACES[0][1]), 4.0, _PIMPLE)
    add_disc(lab, _PLACES[2], 4.0, _PIMPLE)
    spots = found_in(lab)
    near = np.hypot(*(spots.centers - _PLACES[0]).T) < 25.0
    assert near.sum() == 2
    assert spots.marks[near].all()
    assert not spots.marks[nearest(spots, _PLACES[2])[1]]


def test_a_raised_mole_is_as_red_as_a_scab_but_yellower_and_a_mark() -> None:
    lab = skin_lab()
    add_disc(lab, _PLACES[0], 5.0, (-15.0, 14.0, 11.0))
    add_disc(lab, _PLACES[1], 5.0, (-15.0, 14.0, 2.0))
    spots = found_in(lab)
    assert [bool(spots.marks[nearest(spots, place)[1]]) for place in _PLACES[:2]] == [True, False]


def test_a_faint_dark_spot_without_redness_is_a_mark_and_one_with_some_is_none() -> None:
    lab = skin_lab()
    add_disc(lab, _PLACES[0], 4.0, (-5.5, 0.0, 0.0))
    add_disc(lab, _PLACES[1], 4.0, (-5.5, 4.0, 0.0))
    spots = found_in(lab)
    marks = []
    for place in _PLACES[:2]:
        distance, index = nearest(spots, place)
        assert distance < 1.5
        marks.append(bool(spots.marks[index]))
    assert marks == [True, False]


def test_many_small_brown_spots_are_freckles_and_all_of_them_are_kept() -> None:
    lab = skin_lab()
    places = np.random.default_rng(1).uniform(60, SIZE - 60, (30, 2))
    for place in places:
        add_disc(lab, (float(place[0]), float(place[1])), 2.6, _FRECKLE)
    spots = found_in(lab)
    assert spots.marks.sum() >= 20
    assert spots.marks.all()


@pytest.mark.parametrize("color", [_FRECKLE, (-3.0, 2.0, 5.0), (-5.5, 0.0, 0.0)])
def test_a_single_spot_that_is_brown_or_yellow_is_a_mark_however_faint(
    color: tuple[float, float, float],
) -> None:
    lab = skin_lab()
    add_disc(lab, _PLACES[0], 3.0, color)
    spots = found_in(lab)
    distance, index = nearest(spots, _PLACES[0])
    assert distance < 1.5
    assert spots.marks[index]


def test_a_red_spot_that_is_hardly_seen_is_left() -> None:
    lab = skin_lab(grain=0.2)
    add_disc(lab, _PLACES[0], 4.0, (-1.0, 2.6, 0.0))
    add_disc(lab, _PLACES[1], 4.0, (-1.0, 6.0, 0.0))
    spots = found_in(lab)
    assert [nearest(spots, place)[0] < 2.0 for place in _PLACES[:2]] == [False, True]


def test_a_clear_red_spot_is_found_though_it_does_not_look_like_skin_itself() -> None:
    lab, skin = skin_lab(), _SKIN.copy()
    add_disc(lab, _PLACES[0], 5.0, (-8.0, 14.0, 5.0))
    skin[disc(SIZE, _PLACES[0], 7.0) > 0.5] = 0.55
    spots = find_spots(to_rgb(lab), skin, SIZE)
    distance, index = nearest(spots, _PLACES[0])
    assert distance < 1.5
    assert not spots.marks[index]


def test_who_has_several_moles_keeps_the_faint_ones_too() -> None:
    lab = skin_lab()
    for place in _PLACES[:3]:
        add_disc(lab, place, 4.0, _MOLE)
    add_disc(lab, _PLACES[3], 3.0, (-6.0, 1.0, 0.0))
    spots = found_in(lab)
    for place in _PLACES:
        distance, index = nearest(spots, place)
        assert distance < 1.5
        assert spots.marks[index]


def test_a_pimple_among_freckles_is_a_blemish() -> None:
    lab = skin_lab()
    for place in np.random.default_rng(1).uniform(60, SIZE - 60, (30, 2)):
        if np.hypot(*(place - _PLACES[2])) > 40.0:
            add_disc(lab, (float(place[0]), float(place[1])), 2.6, _FRECKLE)
    add_disc(lab, _PLACES[2], 4.0, _PIMPLE)
    spots = found_in(lab)
    distance, index = nearest(spots, _PLACES[2])
    assert distance < 1.5
    assert not spots.marks[index]


@pytest.mark.parametrize("grain", [0.3, 0.8, 2.5])
def test_even_skin_has_next_to_no_spots_however_strong_its_grain(grain: float) -> None:
    assert len(found_in(skin_lab(grain=grain)).radii) <= 2


def test_neither_a_line_nor_a_hair_is_a_spot() -> None:
    lab = skin_lab()
    light = np.ascontiguousarray(lab[..., 0])
    cv2.line(light, (80, 100), (400, 160), 55.0, 3, cv2.LINE_AA)
    cv2.line(light, (80, 300), (140, 420), 30.0, 2, cv2.LINE_AA)
    lab[..., 0] = light
    assert len(found_in(lab).radii) <= 2


def test_a_gap_between_two_highlights_is_no_spot() -> None:
    lab = skin_lab(DARK, grain=0.5)
    shine = np.zeros((SIZE, SIZE), np.float32)
    cv2.ellipse(shine, (247, 250), (6, 20), 0, 0, 360, 1.0, -1)
    cv2.ellipse(shine, (265, 262), (6, 20), 20, 0, 360, 1.0, -1)
    soft = cv2.GaussianBlur(shine, (0, 0), 3.0)[..., None]
    lab += soft * np.array((16.0, -7.0, -8.0), np.float32)
    spots = found_in(lab)
    assert not (np.hypot(*(spots.centers - (256.0, 252.0)).T) < 24.0).any()


def test_stubble_has_no_blemishes() -> None:
    lab = skin_lab()
    light = np.ascontiguousarray(lab[..., 0])
    random = np.random.default_rng(2)
    for x, y in random.uniform(150, 360, (400, 2)):
        dx, dy = random.uniform(-5, 5, 2)
        cv2.line(light, (int(x), int(y)), (int(x + dx), int(y + dy)), 40.0, 1, cv2.LINE_AA)
    lab[..., 0] = light
    spots = found_in(lab)
    inside = ((spots.centers > 150) & (spots.centers < 360)).all(1)
    assert (inside & ~spots.marks).sum() <= 3


def test_without_skin_there_are_no_spots() -> None:
    lab = skin_lab()
    add_disc(lab, _PLACES[0], 4.0, _PIMPLE)
    assert not len(find_spots(to_rgb(lab), np.zeros((SIZE, SIZE), np.float32), SIZE).radii)


def test_a_spot_of_a_large_crop_is_found_at_its_own_scale() -> None:
    lab = skin_lab(size=1024)
    add_disc(lab, (300.0, 700.0), 8.0, _PIMPLE)
    spots = find_spots(to_rgb(lab), np.ones((1024, 1024), np.float32), 1024)
    distance, index = nearest(spots, (300.0, 700.0))
    assert distance < 3.0
    assert 6.0 < spots.radii[index] < 18.0


@pytest.mark.parametrize(
    ("elongation", "spread", "expected"), [(1.56, 0.35, False), (1.56, 0.24, True), (1.2, 0.35, True)]
)
def test_the_end_of_a_fold_is_no_spot_though_it_is_red(
    elongation: float, spread: float, expected: bool
) -> None:
    """Neither round nor on skin that is the same all around; the numbers are a fold's on a real cheek."""
    values = {"darker": 4.4, "redder": 10.4, "yellower": -1.0, "line": 0.06, "uneven": 0.0, "bare": 1.0}
    values |= {"elongation": elongation, "spread": spread, "steep": 1.15, "extent": 1.8, "level": 70.0}
    seen = {name: np.full(1, value, np.float32) for name, value in values.items()}
    found = Candidates(np.full((1, 2), 100.0, np.float32), np.full(1, 3.2, np.float32))
    assert is_spot(found, Traits(**seen, shift=np.zeros((1, 2), np.float32)), SIZE)[0] == expected
