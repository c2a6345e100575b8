"""What shape sliders may move at the outline: little before structure, all before an even wall."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.masks import FaceMasks, face_masks, outline
from pipeline.shape import FaceShape
from pipeline.shape_bound import BOUND, RIM_BOUND, bounded, shape_bound
from retouchml.look import Look
from retouchml.sliders import SHAPE, in_group
from tests.pipeline.synthetic_faces import landmarks

SIZE = 512
POINTS = landmarks((256.0, 280.0), 120.0)
HULL = outline(POINTS, SIZE)


def scene(striped: bool) -> tuple[NDArray[np.float32], FaceMasks]:
    """An even face before stripes 8 pixels wide, or an even wall, and its masks."""
    x = np.arange(SIZE)[None, :, None]
    wall = np.where((x // 8) % 2 == 0, 0.35, 0.65) if striped else np.full((1, SIZE, 1), 0.5)
    face = HULL[..., None] > 0
    picture = np.where(face, np.array([0.78, 0.6, 0.5]), np.broadcast_to(wall, (SIZE, SIZE, 3)))
    pixels = np.asarray(picture, np.float32)
    return pixels, face_masks(pixels, POINTS, np.full((SIZE, SIZE), 1e6, np.float32))


def bound_of(striped: bool) -> NDArray[np.float32]:
    picture, masks = scene(striped)
    return shape_bound(picture, POINTS, masks, SIZE)


def beside(index: int, pixels: float) -> tuple[int, int]:
    """Row and column that far outwards from a landmark, seen from the nose."""
    away = POINTS[index] - POINTS[30]
    column, row = np.rint(POINTS[index] + away / np.hypot(*away) * pixels).astype(int)
    return int(row), int(column)


@pytest.mark.parametrize("index", [1, 3, 13, 15])
def test_structure_beside_the_face_holds_its_rim_and_an_even_wall_does_not(index: int) -> None:
    place = beside(index, 12.0)
    assert bound_of(striped=True)[place] == pytest.approx(RIM_BOUND, abs=0.003)
    assert bound_of(striped=False)[place] > 0.8 * BOUND


def test_the_inside_of_the_face_the_head_above_and_the_neck_below_move_freely() -> None:
    bound = bound_of(striped=True)
    forehead = POINTS[17:27].mean(0) - (0.0, 90.0)
    for place in (beside(33, 0.0), beside(8, 10.0), (round(forehead[1]), round(forehead[0]))):
        assert bound[place] == pytest.approx(BOUND, rel=0.01)


@pytest.mark.parametrize("name", ["face_width", "jaw", "cheekbones"])
@pytest.mark.parametrize("value", [-1.0, 1.0])
def test_a_slider_bends_stripes_less_than_without_the_bound_and_still_moves_the_face(
    name: str, value: float
) -> None:
    _, masks = scene(striped=True)
    look = Look(0.0, edits={name: value})
    held = FaceShape(POINTS, masks.motion, bound_of(striped=True), SIZE).flow(look)
    free = FaceShape(POINTS, masks.motion, BOUND, SIZE).flow(look)
    even = FaceShape(POINTS, masks.motion, bound_of(striped=False), SIZE).flow(look)
    distance = cv2.distanceTransform(1 - HULL, cv2.DIST_L2, 5)
    behind = (distance > 5) & (np.abs(np.arange(SIZE) - POINTS[30, 1])[:, None] < 40)

    def furthest(flow: NDArray[np.float32]) -> float:
        return float(np.hypot(flow[..., 0], flow[..., 1])[behind].max()) / SIZE

    assert furthest(held) < min(RIM_BOUND, 0.9 * furthest(free))
    assert furthest(even) > 0.9 * furthest(free)
    inside = np.hypot(held[..., 0], held[..., 1])[HULL > 0].max()
    assert inside > 0.007 * SIZE


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_all_sliders_at_their_ends_fold_nothing_at_the_outline(sign: float) -> None:
    _, masks = scene(striped=True)
    names = [slider.name for slider in in_group(SHAPE)]
    for chosen in (names, *([name] for name in names)):
        look = Look(0.0, edits=dict.fromkeys(chosen, sign))
        flow = FaceShape(POINTS, masks.motion, bound_of(striped=True), SIZE).flow(look).astype(np.float64)
        dx, dy = np.gradient(flow, axis=1), np.gradient(flow, axis=0)
        jacobian = (1.0 + dx[..., 0]) * (1.0 + dy[..., 1]) - dx[..., 1] * dy[..., 0]
        assert jacobian.min() > 0.2, chosen


def test_a_short_vector_keeps_its_length_and_a_long_one_stays_below_the_bound() -> None:
    flow = np.zeros((1, 3, 2), np.float32)
    flow[0, :, 0] = (0.0, 5.0, 100.0)
    lengths = bounded(flow, 10.0)[0, :, 0]
    assert lengths[0] == 0.0
    assert lengths[1] == pytest.approx(5.0, rel=0.02)
    assert 9.9 < lengths[2] <= 10.0
