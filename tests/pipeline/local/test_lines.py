"""Lines are softened, not erased; spots, hairs, grain and edges are left."""

import cv2
import numpy as np
import pytest

from pipeline.local.lines import Lines
from tests.pipeline.local.skin_pictures import (
    DARK,
    LIGHT,
    SIZE,
    Picture,
    add_disc,
    regions,
    skin_lab,
    to_lab,
    to_rgb,
)


def drawn(ends: tuple[tuple[int, int], tuple[int, int]], width: float) -> Picture:
    """A soft line [S, S] of depth 1."""
    mask = np.zeros((SIZE, SIZE), np.float32)
    cv2.line(mask, *ends, 1.0, 1)
    soft = cv2.GaussianBlur(mask, (0, 0), width)
    return np.asarray(soft / soft.max(), np.float32)


_LINE = ((150, 200), (330, 230))


def lifted(lab: Picture, **given: Picture) -> Picture:
    """The change of L* [S, S] at a value of 1."""
    crop = to_rgb(lab)
    return np.asarray(
        (to_lab(crop + Lines.of(crop, regions(**given), SIZE).change(1.0)) - to_lab(crop))[..., 0]
    )


@pytest.mark.parametrize("color", [LIGHT, DARK])
@pytest.mark.parametrize(("width", "depth"), [(1.6, 4.0), (2.5, 6.0), (3.0, 3.0)])
def test_a_line_is_softened_and_not_erased(
    color: tuple[float, float, float], width: float, depth: float
) -> None:
    line = drawn(_LINE, width)
    lab = skin_lab(color)
    lab[..., 0] -= depth * line
    lift = lifted(lab)
    middle = (line > 0.9) & (np.arange(SIZE) > 180) & (np.arange(SIZE) < 300)
    assert 0.25 * depth < lift[middle].mean() < 0.95 * depth
    assert lift.min() > -0.2


def test_even_skin_is_left() -> None:
    assert lifted(skin_lab()).max() < 0.8
    assert np.abs(lifted(skin_lab())).mean() < 0.05


def test_spots_hairs_and_edges_are_no_lines() -> None:
    lab = skin_lab()
    add_disc(lab, (100.0, 100.0), 4.0, (-8.0, 4.0, 0.0))
    lab[..., 0] -= 32.0 * drawn(((300, 80), (420, 120)), 1.6)
    lab[330:, :, 0] -= 12.0
    lift = lifted(lab)
    assert lift[85:115, 85:115].max() < 2.0
    assert lift[60:140, 280:440].max() < 2.0
    assert lift[331:336, 20:-20].mean() < 0.6


def test_hairs_of_a_beard_are_no_lines() -> None:
    lab = skin_lab()
    light = np.ascontiguousarray(lab[..., 0])
    random = np.random.default_rng(2)
    for x, y in random.uniform(150, 360, (700, 2)):
        dx, dy = random.uniform(-7, 7, 2)
        cv2.line(light, (int(x), int(y)), (int(x + dx), int(y + dy)), 52.0, 1, cv2.LINE_AA)
    lab[..., 0] = light
    assert lifted(lab)[170:340, 170:340].mean() < 0.35


def test_nothing_changes_at_the_border_of_the_skin_nor_outside() -> None:
    lab = skin_lab()
    skin = np.ones((SIZE, SIZE), np.float32)
    skin[200:] = 0.0
    lab[..., 0] -= 6.0 * drawn(((100, 197), (400, 197)), 2.0)
    lift = lifted(lab, skin=skin)
    assert np.abs(lift[190:]).max() < 0.5


def test_a_fold_beside_burnt_out_skin_keeps_its_form() -> None:
    line = drawn(_LINE, 2.5)
    middle = (line > 0.9) & (np.arange(SIZE) > 180) & (np.arange(SIZE) < 300)
    lifts = []
    for light in (68.0, 95.0):
        lab = skin_lab((light, 2.0, 2.0))
        lab[..., 0] -= 4.0 * line
        lifts.append(float(lifted(lab)[middle].mean()))
    assert lifts[1] < 0.3 * lifts[0]
