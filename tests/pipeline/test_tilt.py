"""The slider ``roll``: the head turns as one piece about its neck, and lines behind it stay straight."""

import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.align import Alignment, ffhq_alignment
from pipeline.head_room import HeadRoom
from pipeline.head_turn import HeadTurn
from pipeline.masks import outline
from pipeline.reach import around_crop
from pipeline.shape_bound import RIM_BOUND
from pipeline.tilt import FARTHEST, HeadTilt
from tests.pipeline.synthetic_faces import Points, landmarks, painted

SIZE = 512
POINTS = landmarks((256.0, 290.0), 110.0)
HULL = outline(POINTS, SIZE) > 0
FRAME = 2 * SIZE, 2 * SIZE
ALIGNMENT = Alignment(np.array([[1.0, 0.0, SIZE / 2], [0.0, 1.0, SIZE / 2]]), SIZE)
WHOLE = 0, 0, SIZE, SIZE


def scene(*, striped: bool = False) -> NDArray[np.float32]:
    """A face before an even wall, or stripes 8 pixels wide."""
    x = np.arange(SIZE)[None, :, None]
    wall = np.where((x // 8) % 2 == 0, 0.2, 0.5) if striped else np.full((1, SIZE, 1), 0.3)
    picture = np.broadcast_to(wall, (SIZE, SIZE, 3))
    neck = np.zeros((SIZE, SIZE), np.uint8)
    cv2.rectangle(neck, (200, 400), (312, SIZE), 1, -1)
    return np.asarray(np.where((HULL | (neck > 0))[..., None], painted(POINTS, SIZE), picture), np.float32)


def tilt(
    picture: NDArray[np.float32], frame: tuple[int, int] = FRAME, alignment: Alignment = ALIGNMENT
) -> HeadTilt:
    return HeadTilt(HeadRoom.of(picture, POINTS, alignment, frame, [], None))


def moved(flow: NDArray[np.float32], points: Points) -> Points:
    """Where points [N, 2] of the crop are after a backward flow [H, W, 2]."""
    found = points
    for _ in range(8):
        x, y = (np.asarray(found[None, :, axis], np.float32) for axis in (0, 1))
        found = points - cv2.remap(flow, x, y, cv2.INTER_LINEAR)[0]
    return np.asarray(found)


def angle(points: Points) -> float:
    """Degrees that the eyes of landmarks are turned, clockwise."""
    x, y = points[42:48].mean(0) - points[36:42].mean(0)
    return math.degrees(math.atan2(y, x))


@pytest.mark.parametrize("value", [-1.0, -0.5, 0.5, 1.0])
def test_the_whole_face_turns_by_the_angle_that_the_value_says(value: float) -> None:
    after = moved(tilt(scene()).flow(value, WHOLE), POINTS)
    assert angle(after) == pytest.approx(value * FARTHEST, abs=0.05)
    inner = slice(17, 68)
    between, before = (np.linalg.norm(p[inner, None] - p[None, inner], axis=-1) for p in (after, POINTS))
    np.testing.assert_allclose(between, before, atol=0.3)
    assert np.sign(after[27, 0] - POINTS[27, 0]) == np.sign(value)


def test_the_neck_stays_and_what_is_far_away_does_too() -> None:
    head = tilt(scene())
    area = head.area
    motion = np.abs(head.flow(1.0, area)).max(2)
    for edge in (motion[0], motion[-1], motion[:, 0], motion[:, -1]):
        assert edge.max() < 0.01
    neck = round(POINTS[8, 1] + 0.3 * np.ptp(POINTS[:17, 0])) - area[1]
    assert motion[neck:].max() < 0.15 * motion.max()


def test_it_is_still_at_0() -> None:
    assert not tilt(scene()).flow(0.0, WHOLE).any()


@pytest.mark.parametrize("value", [-1.0, 1.0])
def test_nothing_folds(value: float) -> None:
    for picture in (scene(), scene(striped=True)):
        head = tilt(picture)
        flow = head.flow(value, head.area).astype(np.float64)
        dx, dy = np.gradient(flow, axis=1), np.gradient(flow, axis=0)
        jacobian = (1.0 + dx[..., 0]) * (1.0 + dy[..., 1]) - dx[..., 1] * dy[..., 0]
        assert jacobian.min() > 0.25


def test_a_head_before_stripes_turns_only_as_far_as_they_may_bend() -> None:
    striped = tilt(scene(striped=True))
    assert tilt(scene()).farthest == (-FARTHEST, FARTHEST)
    assert all(0.8 < abs(end) < 2.0 for end in striped.farthest)
    distance = cv2.distanceTransform(1 - HULL.astype(np.uint8), cv2.DIST_L2, 5)
    beside = (distance > 0.03 * SIZE) & (np.arange(SIZE)[:, None] < POINTS[8, 1])
    motion = np.hypot(*np.moveaxis(striped.flow(1.0, WHOLE), -1, 0))[beside]
    assert np.quantile(motion, 0.97) < 1.05 * RIM_BOUND * SIZE


@pytest.mark.parametrize("value", [-1.0, 1.0])
def test_a_head_turns_farther_towards_lines_that_it_covers_than_away_from_those_that_it_uncovers(
    value: float,
) -> None:
    picture = scene()
    half = slice(0, SIZE // 2) if value < 0 else slice(SIZE // 2, SIZE)
    picture[:, half] = scene(striped=True)[:, half]
    towards, away = tilt(picture).farthest[:: 1 if value < 0 else -1]
    assert abs(towards) > 1.05 * abs(away)


def test_nothing_moves_across_the_photograph_s_frame() -> None:
    top = 130  # rows of the crop that lie above the frame
    cut = Alignment(np.array([[1.0, 0.0, 0.0], [0.0, 1.0, -top]]), SIZE)
    flow = tilt(scene(), (SIZE - top, SIZE), cut).flow(1.0, WHOLE)
    assert np.abs(flow[top, :, 1]).max() < 0.05
    assert np.abs(flow[top, :, 0]).max() > 5.0  # along it


def test_a_neighbour_s_face_stays() -> None:
    other = POINTS + (260.0, 0.0)
    head = HeadTilt(HeadRoom.of(scene(), POINTS, ALIGNMENT, FRAME, [other], None))
    area = 0, 0, SIZE + 100, SIZE
    x, y = np.rint(other[[36, 39, 27, 31]]).astype(int).T
    assert np.abs(head.flow(1.0, area)[y, x]).max() < 0.01


def test_a_face_that_lies_within_another_stays() -> None:
    head = HeadTilt(HeadRoom.of(scene(), POINTS, ALIGNMENT, FRAME, [POINTS], None))
    left, top, right, bottom = head.area
    assert (left, top) == (right, bottom)
    assert not head.flow(1.0, WHOLE).any()


def test_a_smaller_crop_has_the_same_motion() -> None:
    head = tilt(scene())
    whole, half = head.flow(1.0, WHOLE), head.resized(SIZE // 2).flow(1.0, (0, 0, SIZE // 2, SIZE // 2))
    np.testing.assert_allclose(
        half * 2.0, cv2.resize(whole, (SIZE // 2, SIZE // 2), interpolation=cv2.INTER_AREA), atol=0.2
    )


@pytest.mark.parametrize("tilts", [True, False])
@pytest.mark.parametrize("degrees", [0.0, 45.0])
def test_all_that_it_reads_is_there_of_a_photograph_that_comes_in_parts(degrees: float, tilts: bool) -> None:
    middle = SIZE, SIZE
    slant = cv2.getRotationMatrix2D(middle, degrees, 1.0)
    in_photo = ALIGNMENT.to_photo(POINTS) @ slant[:, :2].T + slant[:, 2]
    x, y, width, height = around_crop(in_photo, np.zeros((*FRAME, 3), np.uint8))
    alignment = ffhq_alignment(in_photo, SIZE)
    points = alignment.to_crop(in_photo)
    room = HeadRoom.of(scene(), points, alignment, FRAME, [], None)
    tilting, turning = HeadTilt(room), HeadTurn.of(room, points, None)
    area = tilting.area if tilts else turning.area
    flow = tilting.flow(1.0, area) if tilts else turning.flow(0.7, -1.0, area)
    left, top, right, bottom = area
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)
    assert (alignment.to_photo(corners) >= (x, y)).all()
    assert (alignment.to_photo(corners) <= (x + width, y + height)).all()
    assert np.abs(flow[[0, -1]]).max() < 0.05
