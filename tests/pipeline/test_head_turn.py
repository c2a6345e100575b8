"""The sliders ``yaw`` and ``pitch``: the face turns as a relief, and what is around it stays."""

from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.align import Alignment
from pipeline.head_room import HeadRoom
from pipeline.head_turn import HeadTurn, Relief, thin_plate
from pipeline.mesh import Mesh
from pipeline.mesh_landmarks import landmarks_of_mesh
from pipeline.shape_bound import RIM_BOUND
from tests.pipeline.reference_mesh import reference_mesh
from tests.pipeline.synthetic_faces import Points, landmarks, painted
from tests.pipeline.test_tilt import ALIGNMENT, FRAME, HULL, POINTS, SIZE, WHOLE, moved, scene

_ENDS = [(-1.0, 0.0), (1.0, 0.0), (0.0, -1.0), (0.0, 1.0), (0.7, 0.7)]
_NOSE, _CHIN, _EARS, _EYES = 30, 8, [0, 16], slice(36, 48)


@cache
def room(*, striped: bool = False) -> HeadRoom:
    return HeadRoom.of(scene(striped=striped), POINTS, ALIGNMENT, FRAME, [], None)


def turn(mesh: Mesh | None = None, *, striped: bool = False) -> HeadTurn:
    return HeadTurn.of(room(striped=striped), POINTS, mesh)


def least_area(flow: NDArray[np.float32]) -> float:
    """The smallest part of the picture that a pixel after a backward flow [H, W, 2] shows."""
    dx, dy = np.gradient(flow, axis=1), np.gradient(flow, axis=0)
    return float(((1.0 + dx[..., 0]) * (1.0 + dy[..., 1]) - dx[..., 1] * dy[..., 0]).min())


@pytest.mark.parametrize(("yaw", "pitch"), _ENDS)
def test_what_stands_out_moves_the_way_that_the_sliders_say_and_the_ears_stay(
    yaw: float, pitch: float
) -> None:
    after = moved(turn().flow(yaw, pitch, WHOLE), POINTS) - POINTS
    x, y = after[_NOSE] / SIZE
    assert x == pytest.approx(0.065 * yaw, abs=0.01)
    assert y == pytest.approx(0.05 * pitch, abs=0.01)
    assert np.abs(after[_EARS]).max() < 0.016 * SIZE
    far, less = np.hypot(*after[_NOSE]), np.hypot(*after[_EYES].T)
    assert (less < far).all()
    assert less.min() > 0.4 * far


def test_a_head_that_turns_gets_narrower_on_the_side_that_turns_away() -> None:
    after = moved(turn().flow(1.0, 0.0, WHOLE), POINTS)
    near, away = after[36:42].mean(0), after[42:48].mean(0)
    eyes = [np.ptp(after[part, 0]) / np.ptp(POINTS[part, 0]) for part in (slice(36, 42), slice(42, 48))]
    assert eyes[0] > 1.0 > eyes[1]
    assert after[16, 0] - away[0] < 0.7 * (near[0] - after[0, 0])


def test_a_mesh_that_showed_no_face_is_not_believed() -> None:
    flat = Relief.of(POINTS, None)
    grown = np.concatenate([flat.points, np.repeat(flat.points[-1:], 468 - len(flat.points), 0)])
    without = turn().flow(0.0, 1.0, WHOLE)
    unsure = turn(mesh=Mesh(grown * (1.0, 1.0, 0.0), 0.2)).flow(0.0, 1.0, WHOLE)
    np.testing.assert_array_equal(without, unsure)


def test_landmarks_have_the_depth_that_faces_have_on_average_on_both_sides_alike() -> None:
    relief = Relief.of(POINTS, None)
    assert relief.points.shape == (73, 3)
    unit = np.hypot(*(POINTS[42:48].mean(0) - POINTS[36:42].mean(0)))
    depth = relief.points[:, 2] / unit
    assert depth.argmin() == _NOSE
    assert depth[_EARS] == pytest.approx(-0.05)
    np.testing.assert_array_equal(depth[:17], depth[:17][::-1])
    np.testing.assert_array_equal(depth[17:22], depth[22:27][::-1])
    np.testing.assert_array_equal(depth[[36, 37, 38, 39, 40, 41]], depth[[45, 44, 43, 42, 47, 46]])
    np.testing.assert_array_equal(depth[48:55], depth[48:55][::-1])
    np.testing.assert_allclose(relief.axes, [[1, 0, 0], [0, 1, 0]], atol=1e-6)


def test_a_tilted_face_turns_about_its_own_axes() -> None:
    tilted = landmarks((256.0, 290.0), 110.0, 30.0)
    around = HeadRoom.of(scene(), tilted, ALIGNMENT, FRAME, [], None)
    x, y = (moved(HeadTurn.of(around, tilted, None).flow(0.0, 1.0, WHOLE), tilted) - tilted)[_NOSE]
    assert np.degrees(np.arctan2(-x, y)) == pytest.approx(30.0, abs=4.0)


def test_it_is_still_at_0() -> None:
    assert np.abs(turn().flow(0.0, 0.0, WHOLE)).max() < 1e-3


@pytest.mark.parametrize(("yaw", "pitch"), [*_ENDS, (1.0, 1.0), (-1.0, 1.0), (1.0, -1.0)])
def test_nothing_folds(yaw: float, pitch: float) -> None:
    head = turn()
    assert least_area(head.flow(yaw, pitch, head.area)) > 0.18


@pytest.mark.parametrize(("yaw", "pitch"), _ENDS)
def test_the_neck_and_what_is_beyond_the_head_stay(yaw: float, pitch: float) -> None:
    head = turn()
    motion = np.abs(head.flow(yaw, pitch, head.area)).max(2)
    for edge in (motion[0], motion[-1], motion[:, 0], motion[:, -1]):
        assert edge.max() < 0.01
    neck = round(POINTS[_CHIN, 1] + 0.17 * SIZE) - head.area[1]
    assert motion[neck:].max() < 0.1 * motion.max()


def test_stripes_behind_a_head_stay_straight() -> None:
    distance = cv2.distanceTransform(1 - HULL.astype(np.uint8), cv2.DIST_L2, 5)
    beside = (distance > 0.03 * SIZE) & (np.arange(SIZE)[:, None] < POINTS[_CHIN, 1])
    for yaw, pitch in _ENDS:
        motion = np.hypot(*np.moveaxis(turn(striped=True).flow(yaw, pitch, WHOLE), -1, 0))
        assert np.quantile(motion[beside], 0.97) < 1.05 * RIM_BOUND * SIZE


def test_a_neighbour_s_face_stays() -> None:
    other = POINTS + (230.0, 0.0)
    head = HeadTurn.of(HeadRoom.of(scene(), POINTS, ALIGNMENT, FRAME, [other], None), POINTS, None)
    x, y = np.rint(other[[36, 39, 27, 31]]).astype(int).T
    assert np.abs(head.flow(1.0, 0.0, (0, 0, SIZE + 100, SIZE))[y, x]).max() < 0.01


def test_a_smaller_crop_has_the_same_motion() -> None:
    head, half = turn(), (SIZE // 2, SIZE // 2)
    whole, small = head.flow(1.0, 0.5, WHOLE), head.resized(SIZE // 2).flow(1.0, 0.5, (0, 0, *half))
    np.testing.assert_allclose(small * 2.0, cv2.resize(whole, half, interpolation=cv2.INTER_AREA), atol=0.2)


def test_a_face_that_stands_out_far_turns_only_until_it_would_be_crowded() -> None:
    points = ((reference_mesh() - 96.0) * 2.6 + (256.0, 355.0, 0.0)) * (1.0, 1.0, 2.5)
    marks = landmarks_of_mesh(points)
    around = HeadRoom.of(painted(marks, SIZE), marks, ALIGNMENT, FRAME, [], None)
    head = HeadTurn.of(around, marks, Mesh(points, 1.0))
    for yaw, pitch in ((-1.0, 0.0), (0.0, -1.0), (1.0, -1.0), (-1.0, 1.0)):
        assert least_area(head._turned(yaw, pitch)) < 0.18
        assert 0.3 < head.share(yaw, pitch) < 1.0
        assert least_area(head.flow(yaw, pitch, head.area)) > 0.15


def test_a_face_at_the_photograph_s_frame_turns_less_and_folds_nowhere() -> None:
    left = int(POINTS[:, 0].min()) + 10
    cut = Alignment(np.array([[1.0, 0.0, -left], [0.0, 1.0, 0.0]]), SIZE)
    head = HeadTurn.of(HeadRoom.of(scene(), POINTS, cut, (SIZE, SIZE - left), [], None), POINTS, None)
    for yaw, pitch in _ENDS:
        flow = head.flow(yaw, pitch, head.area)
        assert least_area(flow) > 0.18
        assert np.abs(flow[:, left - head.area[0], 0]).max() < 0.05


@pytest.mark.parametrize(("yaw", "pitch"), _ENDS)
def test_a_slider_that_is_moved_further_moves_the_face_further(yaw: float, pitch: float) -> None:
    head = turn(striped=True)
    ways = [
        np.hypot(*(moved(head.flow(value * yaw, value * pitch, WHOLE), POINTS) - POINTS)[_NOSE])
        for value in (0.2, 0.5, 0.8, 1.0)
    ]
    assert (np.diff(ways) > 0.1).all()


def test_a_mesh_turns_by_its_own_depth() -> None:
    points = (reference_mesh() - 96.0) * 1.9 + (256.0, 290.0, 0.0)
    marks = landmarks_of_mesh(points)
    around = HeadRoom.of(painted(marks, SIZE), marks, ALIGNMENT, FRAME, [], None)
    ways = []
    for depth in (0.6, 1.0):
        head = HeadTurn.of(around, marks, Mesh(points * (1.0, 1.0, depth), 1.0))
        right, down = (
            (moved(head.flow(*ends, WHOLE), marks) - marks)[_NOSE] for ends in ((1.0, 0.0), (0.0, 1.0))
        )
        assert right[0] > 5.0 * abs(right[1])
        assert down[1] > 5.0 * abs(down[0])
        ways.append(right[0])
    assert ways[1] > 1.4 * ways[0]
    assert ways[1] > 0.04 * SIZE


def test_the_spline_does_not_depend_on_where_its_points_lie() -> None:
    random = np.random.default_rng(1)
    points: Points = random.uniform(0.0, 50.0, (80, 2))
    values = random.normal(0.0, 1.0, 80)
    np.testing.assert_allclose(
        thin_plate(points + (300.0, -20.0), values, points + (300.0, -20.0)),
        thin_plate(points, values, points),
        atol=1e-6,
    )


def test_the_spline_keeps_a_plane_and_smooths_what_stands_out() -> None:
    random = np.random.default_rng(0)
    points: Points = random.uniform(0.0, 100.0, (200, 2))
    places: Points = random.uniform(-20.0, 120.0, (50, 2))
    plane = 3.0 + points @ (0.5, -0.2)
    np.testing.assert_allclose(thin_plate(points, plane, places), 3.0 + places @ (0.5, -0.2), atol=1e-6)
    noisy = plane + random.normal(0.0, 1.0, 200)
    rest = thin_plate(points, noisy, points) - plane
    assert rest.std() < 0.5
