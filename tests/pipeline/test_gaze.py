"""The slider ``gaze``: irises move between the lids as they are, and nothing else does."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.flow import displaced
from pipeline.gaze import Gaze, SeenEye, seen_eyes
from pipeline.regions.contours import contours_of
from pipeline.regions.geometry import disc, polygon
from tests.pipeline.synthetic_faces import Points, open_mouthed, painted

SIZE = 512
POINTS = open_mouthed(SIZE)
PICTURE = painted(POINTS, SIZE)
NONE = np.zeros((SIZE, SIZE), np.float32)
STILL = np.zeros((SIZE, SIZE, 2), np.float32)
EYES = POINTS[36:42], POINTS[42:48]


def seen(
    picture: NDArray[np.float32] = PICTURE, points: Points = POINTS, glasses: NDArray[np.float32] = NONE
) -> tuple[SeenEye, ...]:
    return seen_eyes(picture, points, None, glasses, 1.0)


def flow(value: float, eyes: tuple[SeenEye, ...] | None = None) -> NDArray[np.float32]:
    return Gaze(seen() if eyes is None else eyes).flow(value, STILL, np.zeros(2))


def openings() -> NDArray[np.bool_]:
    """Where the eyes are open."""
    eyes = contours_of(POINTS, None).eyes
    return np.asarray(sum(polygon(eye.outline, (SIZE, SIZE)) for eye in eyes) > 0.0)


def iris_centers(picture: NDArray[np.float32]) -> NDArray[np.float64]:
    """The middle of what is dark in each eye [2, 2]."""
    dark = (picture.mean(2) < 0.5) & openings()
    halves = [np.argwhere(dark[:, part]) for part in (slice(0, SIZE // 2), slice(SIZE // 2, SIZE))]
    return np.array([half.mean(0)[::-1] + (SIZE // 2 * index, 0.0) for index, half in enumerate(halves)])


def test_both_eyes_of_a_painted_face_are_seen_with_their_irises() -> None:
    eyes = seen()
    assert len(eyes) == 2
    for eye, outline in zip(eyes, EYES, strict=True):
        assert math.dist(eye.center, outline.mean(0)) < 2.0
        assert eye.openness == 1.0
        assert eye.certainty == 1.0


@pytest.mark.parametrize("value", [-1.0, -0.5, 0.5, 1.0])
def test_both_irises_move_as_far_to_the_side_that_the_value_says(value: float) -> None:
    way = value * 0.5 * float(np.mean([eye.radius for eye in seen()]))
    after = displaced(PICTURE, flow(value))
    moved = iris_centers(after) - iris_centers(PICTURE)
    assert moved[:, 0] == pytest.approx([way, way], abs=0.25 * abs(way))
    assert np.abs(moved[:, 1]).max() < 0.5
    assert abs(moved[0, 0] - moved[1, 0]) < 0.4


def test_an_iris_keeps_its_form() -> None:
    eye = seen()[0]
    motion = flow(1.0)
    way = -motion[round(eye.center[1]), round(eye.center[0]), 0]
    inner = np.zeros((SIZE, SIZE), np.uint8)
    center = round(float(eye.center[0] + way)), round(float(eye.center[1]))
    cv2.circle(inner, center, round(0.6 * eye.radius), 1, -1)
    inside = motion[inner > 0]
    assert np.ptp(inside[:, 0]) < 0.05 * way
    assert np.abs(inside[:, 1]).max() < 0.05 * way


def test_nothing_moves_beyond_the_lids_nor_at_the_corners() -> None:
    motion = np.hypot(*np.moveaxis(flow(1.0), -1, 0))
    beyond = cv2.dilate(openings().astype(np.uint8), disc(0.1 * np.ptp(EYES[0][:, 0]))) == 0
    assert not motion[beyond].any()
    for outline in EYES:
        for corner in (outline[0], outline[3]):
            column, row = np.rint(corner).astype(int)
            assert motion[row - 2 : row + 3, column - 2 : column + 3].max() < 0.15 * motion.max()


@pytest.mark.parametrize("value", [-1.0, 1.0])
@pytest.mark.parametrize("radii", [0.0, 0.8, 1.0, 1.2])
def test_no_place_of_the_white_is_shown_twice(radii: float, value: float) -> None:
    motion = flow(value, aside(radii))[..., 0].astype(np.float64)
    inner = cv2.erode(openings().astype(np.uint8), disc(3.0)) > 0  # at the lids it slides along them
    steps = 1.0 + np.diff(motion, axis=1)[inner[:, 1:]]
    assert steps.min() > 0.2


def test_it_is_still_at_0() -> None:
    assert not flow(0.0).any()


def shut(picture: NDArray[np.float32], points: Points, eye: int) -> tuple[NDArray[np.float32], Points]:
    """A face one of whose eyes is shut."""
    lids, closed = slice(36 + 6 * eye, 42 + 6 * eye), points.copy()
    closed[lids, 1] = points[lids, 1].mean() + 0.1 * (points[lids, 1] - points[lids, 1].mean())
    return painted(closed, SIZE), closed


def test_an_eye_that_is_shut_stays_and_the_other_one_moves() -> None:
    eyes = seen(*shut(PICTURE, POINTS, 0))
    assert len(eyes) == 1
    motion = np.abs(flow(1.0, eyes)).max(2)
    assert not motion[:, : SIZE // 2].any()
    assert motion[:, SIZE // 2 :].max() > 2.0


def test_of_two_eyes_one_half_shut_both_move_as_far() -> None:
    eyes = tuple(replace(eye, openness=each) for eye, each in zip(seen(), (0.4, 1.0), strict=True))
    motion = np.abs(flow(1.0, eyes)[..., 0])
    left, right = motion[:, : SIZE // 2].max(), motion[:, SIZE // 2 :].max()
    assert left == pytest.approx(right, rel=0.05)
    assert 0.0 < left < 0.6 * np.abs(flow(1.0)).max()


def test_neither_eye_moves_where_the_iris_of_one_is_not_found() -> None:
    picture = PICTURE.copy()
    x, y = np.rint(EYES[1].mean(0)).astype(int)
    picture[y - 30 : y + 30, x - 50 : x + 50] = 0.5
    eyes = seen(picture)
    assert [eye.certainty for eye in eyes] == [1.0, 0.0]
    assert not flow(1.0, eyes).any()


def test_neither_eye_moves_where_a_reflection_covers_one() -> None:
    glasses = NONE.copy()
    x, y = np.rint(EYES[1].mean(0)).astype(int)
    glasses[y - 20 : y + 20, x - 20 : x + 20] = 1.0
    assert not flow(1.0, seen(glasses=glasses)).any()


def aside(radii: float) -> tuple[SeenEye, ...]:
    """Eyes whose irises lie so many radii to the right."""
    return tuple(
        SeenEye(eye.upper, eye.lower, eye.center + (radii * eye.radius, 0.0), eye.radius, 1.0, 1.0)
        for eye in seen()
    )


def test_an_iris_that_looks_aside_moves_no_farther_than_its_white() -> None:
    further, back = (np.abs(flow(value, aside(0.8))[..., 0]).max() for value in (1.0, -1.0))
    assert 0.0 < further < 0.7 * back


def test_eyes_that_something_else_has_moved_are_found_there() -> None:
    before = STILL.copy()
    before[:] = (-6.0, 4.0)  # the picture moves to the right and up
    still, moved = flow(1.0), Gaze(seen()).flow(1.0, before, np.zeros(2))
    np.testing.assert_allclose(moved[:-4, 6:], still[4:, :-6], atol=0.05)


def test_a_smaller_crop_has_the_same_motion() -> None:
    half = Gaze(seen()).resized(0.5).flow(1.0, STILL[::2, ::2].copy(), np.zeros(2))
    np.testing.assert_allclose(np.abs(half).max() * 2.0, np.abs(flow(1.0)).max(), rtol=0.02)
