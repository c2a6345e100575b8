"""The figures of spots, on synthetic skin."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.figures.faces import lab
from benchmarks.figures.painted_spots import PaintedSpots, with_freckles, with_moles, with_pimples
from benchmarks.figures.spots import away_from_creases, grain_kept, red_spots
from tests.pipeline.synthetic_faces import landmarks

_SIZE = 512
_SKIN = np.ones((_SIZE, _SIZE), np.bool_)
_PLACES = ((120, 130), (300, 110), (210, 260))


def skin(grain: float = 0.6) -> NDArray[np.float32]:
    noise = np.random.default_rng(0).standard_normal((_SIZE, _SIZE)).astype(np.float32)
    colors = np.full((_SIZE, _SIZE, 3), (68.0, 14.0, 18.0), np.float32)
    colors[..., 0] += grain * noise
    return colors


def rgb(colors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.clip(np.asarray(cv2.cvtColor(colors, cv2.COLOR_Lab2RGB), np.float32), 0.0, 1.0)


def spotted(shift: tuple[float, float, float], radius: int = 4) -> NDArray[np.float32]:
    colors = skin()
    mask = np.zeros((_SIZE, _SIZE), np.float32)
    for place in _PLACES:
        cv2.circle(mask, place, radius, 1.0, -1, cv2.LINE_AA)
    return rgb(colors + mask[..., None] * np.array(shift, np.float32))


def test_red_spots_are_counted_where_they_are() -> None:
    found = red_spots(spotted((-4.0, 9.0, 2.0)), _SKIN)
    assert found.count == len(_PLACES)
    assert all(found.area[y, x] for x, y in _PLACES)
    assert found.area.sum() < 400


@pytest.mark.parametrize("shift", [(-18.0, 2.0, 1.0), (-4.0, 1.0, 0.0), (5.0, 0.0, 0.0)])
def test_moles_and_what_is_not_red_are_not_counted(shift: tuple[float, float, float]) -> None:
    assert red_spots(spotted(shift), _SKIN).count == 0


def test_neither_grain_nor_a_wide_blush_nor_anything_off_the_skin_is_a_spot() -> None:
    assert red_spots(rgb(skin(2.0)), _SKIN).count == 0
    assert red_spots(spotted((-2.0, 8.0, 0.0), radius=45), _SKIN).count == 0
    assert red_spots(spotted((-4.0, 9.0, 2.0)), ~_SKIN).count == 0


@pytest.mark.parametrize("beside", [(-30.0, 0.0, 0.0), (-6.0, 14.0, 4.0)])
def test_what_touches_a_dark_line_or_something_redder_is_no_spot(beside: tuple[float, float, float]) -> None:
    colors = skin()
    for x, y in _PLACES:
        colors[y - 60 : y + 60, x + 8 : x + 11] += beside
    mask = np.zeros((_SIZE, _SIZE), np.float32)
    for place in _PLACES:
        cv2.circle(mask, place, 4, 1.0, -1, cv2.LINE_AA)
    colors += mask[..., None] * np.array((-4.0, 9.0, 2.0), np.float32)
    assert red_spots(rgb(colors), _SKIN).count == 0


def test_creases_of_nose_and_mouth_are_left_out_and_cheeks_are_not() -> None:
    points = landmarks((256.0, 270.0), 112.0)
    left = away_from_creases(_SKIN, points)
    for inside in (points[31:36].mean(0), points[51], points[48] - (4.0, 4.0)):
        assert not left[int(inside[1]), int(inside[0])]
    for cheek in ((points[2] + points[31]) / 2.0, points[8] - (0.0, 20.0), points[27] - (0.0, 60.0)):
        assert left[int(cheek[1]), int(cheek[0])]


def test_grain_that_is_blurred_away_is_not_kept() -> None:
    picture, area = rgb(skin(2.0)), np.zeros((_SIZE, _SIZE), np.bool_)
    area[200:212, 200:212] = True
    smooth = picture.copy()
    smooth[195:217, 195:217] = cv2.GaussianBlur(picture, (0, 0), 3.0)[195:217, 195:217]
    assert grain_kept(picture, picture, area) == pytest.approx(1.0, abs=0.15)
    assert grain_kept(picture, smooth, area) < 0.3


@pytest.mark.parametrize("paint", [with_pimples, with_moles])
def test_of_painted_spots_it_is_known_how_much_is_left(paint: object) -> None:
    original = rgb(skin())
    assert callable(paint)
    painted = paint(original, _SKIN, 6, 3)
    assert isinstance(painted, PaintedSpots)
    assert painted.count == 6
    assert painted.left(original, painted.picture) == pytest.approx(1.0)
    assert painted.left(original, original) == pytest.approx(0.0)
    half = (original + painted.picture) / 2.0
    assert painted.left(original, half) == pytest.approx(0.5, abs=0.06)


def test_painted_pimples_are_red_and_moles_are_brown() -> None:
    original = rgb(skin(0.0))
    for paint, red in ((with_pimples, True), (with_moles, False)):
        painted = paint(original, _SKIN, 6, 3)
        change = (lab(painted.picture) - lab(original))[painted.labels > 0].mean(0)
        assert (change[1] > -0.8 * change[0]) == red
        assert painted.count == len(np.unique(painted.labels)) - 1


def test_nothing_is_painted_without_skin() -> None:
    assert with_pimples(rgb(skin()), ~_SKIN, 6, 3).count == 0


def test_the_end_of_a_fold_and_a_patch_of_a_flush_are_no_spots() -> None:
    colors = skin()
    for x, y in _PLACES:
        colors[y - 60 : y, x - 3 : x + 4] += (-4.0, 6.0, 0.0)
        cv2.circle(colors, (x, y), 4, (64.0, 23.0, 20.0), -1)
    assert red_spots(rgb(colors), _SKIN).count == 0


def test_painted_freckles_are_small_and_faint_and_brown() -> None:
    clean = rgb(skin())
    painted = with_freckles(clean, _SKIN, 40, 3)
    assert painted.count == 40
    change = (lab(painted.picture) - lab(clean))[painted.labels > 0].mean(0)
    assert -6.0 < change[0] < -2.0
    assert 0.0 < change[1] < change[2] < 2.5
    assert (painted.labels > 0).sum() / painted.count < np.pi * (0.0062 * _SIZE) ** 2
    assert painted.left(clean, painted.picture) == pytest.approx(np.ones(40))
    brighter, bright = (np.clip(each + 0.05, 0.0, 1.0) for each in (painted.picture, clean))
    assert painted.left(clean, brighter, bright) == pytest.approx(np.ones(40), abs=0.1)
