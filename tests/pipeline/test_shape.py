"""The shape sliders: what each moves and what it leaves, nothing folds, nothing moves beyond the mask."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.change import Change
from pipeline.flow import displaced
from pipeline.shape import FaceShape, reshapes
from pipeline.shape_bound import BOUND
from retouchml.look import Look
from retouchml.sliders import SHAPE, in_group
from tests.pipeline.synthetic_faces import landmarks

SIZE = 256
NAMES = [slider.name for slider in in_group(SHAPE)]
EVERYWHERE = np.ones((SIZE, SIZE), np.float32)
ACROSS, DOWN = 0, 1


def points() -> NDArray[np.float64]:
    """A face that fills the usual part of a crop."""
    face = landmarks()
    low, high = face.min(0), face.max(0)
    return np.asarray((face - (low + high) / 2.0) * 0.5 * SIZE / (high - low).max() + SIZE * 0.55)


def shape(mask: NDArray[np.float32] = EVERYWHERE) -> FaceShape:
    return FaceShape(points(), mask, BOUND, SIZE)


def moved(**edits: float) -> NDArray[np.float64]:
    """How far the picture moves at each landmark [68, 2], in pixels: against the backward flow."""
    flow = shape().flow(Look(0.0, edits=edits))
    columns, rows = np.rint(points()).astype(int).T
    return np.asarray(-flow[rows, columns], np.float64)


@pytest.mark.parametrize(
    ("name", "index", "axis", "sign"),
    [
        ("face_width", 2, ACROSS, -1),
        ("face_width", 14, ACROSS, 1),
        ("jaw", 4, ACROSS, -1),
        ("jaw", 12, ACROSS, 1),
        ("chin", 8, DOWN, 1),
        ("cheekbones", 1, ACROSS, -1),
        ("cheekbones", 15, ACROSS, 1),
        ("nose_width", 31, ACROSS, -1),
        ("nose_width", 35, ACROSS, 1),
        ("nose_length", 33, DOWN, 1),
        ("eye_size", 36, ACROSS, -1),
        ("eye_size", 45, ACROSS, 1),
        ("lip_fullness", 51, DOWN, -1),
        ("lip_fullness", 57, DOWN, 1),
    ],
)
def test_a_slider_moves_its_part_of_the_face_in_its_direction_and_back(
    name: str, index: int, axis: int, sign: int
) -> None:
    up, down = moved(**{name: 1.0})[index], moved(**{name: -1.0})[index]
    assert up[axis] * sign > 0.3
    np.testing.assert_allclose(up, -down, atol=1e-3)
    assert abs(up[axis]) > abs(up[1 - axis])


@pytest.mark.parametrize(
    ("name", "still"),
    [
        ("face_width", (36, 39, 42, 45, 30, 51, 57)),
        ("jaw", (36, 45, 0, 16, 8)),
        ("chin", (51, 33, 36, 0, 16)),
        ("nose_width", (39, 42, 51, 8)),
        ("nose_length", (27, 57, 36, 45)),
        ("eye_size", (19, 24, 33, 48, 54)),
        ("lip_fullness", (48, 54, 30, 8)),
        ("forehead", (36, 45, 30, 8)),
    ],
)
def test_a_slider_leaves_the_rest_of_the_face(name: str, still: tuple[int, ...]) -> None:
    distances = np.hypot(*moved(**{name: 1.0}).T)
    assert distances[list(still)].max() < 0.35 * distances.max() + 0.02


def test_the_forehead_moves_above_the_brows() -> None:
    flow = shape().flow(Look(0.0, edits={"forehead": 1.0}))
    brows = points()[17:27]
    x, y = brows.mean(0)
    above = round(y - 0.25 * float(np.ptp(brows[:, 0])))
    assert flow[above, round(x), DOWN] > 1.0


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_all_sliders_at_their_ends_fold_nothing_and_stay_bounded(sign: float) -> None:
    for names in (NAMES, *([name] for name in NAMES)):
        flow = shape().flow(Look(0.0, edits=dict.fromkeys(names, sign))).astype(np.float64)
        dx, dy = np.gradient(flow, axis=1), np.gradient(flow, axis=0)
        jacobian = (1.0 + dx[..., 0]) * (1.0 + dy[..., 1]) - dx[..., 1] * dy[..., 0]
        assert jacobian.min() > 0.3, names
        assert np.hypot(flow[..., 0], flow[..., 1]).max() <= 0.038 * SIZE + 1e-3


def test_nothing_moves_where_the_mask_is_zero_nor_far_from_the_face() -> None:
    mask = EVERYWHERE.copy()
    mask[:, : SIZE // 2] = 0.0
    look = Look(0.0, edits=dict.fromkeys(NAMES, 1.0))
    assert not shape(mask).flow(look)[:, : SIZE // 2].any()
    bottom = FaceShape(points() - (0.0, 60.0), EVERYWHERE, BOUND, SIZE).flow(look)[-8:]
    assert np.abs(bottom).max() < 0.2


def test_a_look_without_shape_has_no_flow() -> None:
    assert not shape().flow(Look(1.0, edits={"smile": 1.0})).any()
    assert not reshapes(Look(1.0, edits={"jaw": 0.0}))
    assert reshapes(Look(0.0, edits={"jaw": -0.1}))
    assert not Look(0.0, edits={"jaw": 0.5}).needs_generator


def test_a_turned_face_moves_its_far_side_less() -> None:
    turned = points()
    middle = turned[27, 0]
    turned[:, 0] = middle + (turned[:, 0] - middle) * np.where(turned[:, 0] < middle, 0.4, 1.0)
    flow = FaceShape(turned, EVERYWHERE, BOUND, SIZE).flow(Look(0.0, edits={"face_width": 1.0}))
    columns, rows = np.rint(turned).astype(int).T
    assert abs(flow[rows[2], columns[2], 0]) < 0.6 * abs(flow[rows[14], columns[14], 0])


def test_a_change_that_is_reshaped_moves_twice_and_takes_its_colours_along() -> None:
    random = np.random.default_rng(4)
    picture = np.zeros((64, 64, 3), np.float32)
    picture[24:40, 24:40] = random.random(3).astype(np.float32) * 0.5
    color = np.zeros_like(picture)
    color[28:36, 28:36] = 0.25
    first = Change.of_color(color)
    first.flow[:] = (2.0, 0.0)
    again = np.zeros((64, 64, 2), np.float32)
    again[:] = (0.0, -3.0)
    both = first.reshaped(again)
    np.testing.assert_allclose(
        both.applied(picture)[8:56, 8:56], displaced(first.applied(picture), again)[8:56, 8:56], atol=1e-5
    )
