"""Motion between two pictures: found, smooth, bounded, and only where it may be."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.flow import bounded, displaced, held_at_silhouette, motion
from tests.pipeline.synthetic_faces import texture

_WHOLE = np.ones((256, 256), np.float32)
_NOWHERE = np.zeros((256, 256), np.float32)


def picture() -> NDArray[np.float32]:
    """Blotches that flow can follow [256, 256, 3]."""
    noise = np.random.default_rng(3).standard_normal((256, 256, 3)).astype(np.float32)
    blurred = cv2.GaussianBlur(noise, (0, 0), 3.0)
    return np.asarray(np.clip(0.5 + 2.0 * blurred, 0.0, 1.0), np.float32)


def moved(image: NDArray[np.float32], x: float, y: float) -> NDArray[np.float32]:
    """The picture with its content moved to the right and down."""
    matrix = np.array([[1.0, 0.0, x], [0.0, 1.0, y]])
    size = image.shape[1::-1]
    return np.asarray(
        cv2.warpAffine(image, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101),
        np.float32,
    )


@pytest.mark.parametrize(("x", "y"), [(3.0, 0.0), (-2.0, 1.5)])
def test_what_moved_to_the_right_is_fetched_from_the_left(x: float, y: float) -> None:
    before = picture()
    flow = motion(before, moved(before, x, y), _WHOLE, _WHOLE, _WHOLE, 256)
    inner = flow[40:-40, 40:-40].reshape(-1, 2)
    assert np.allclose(np.median(inner, axis=0), (-x, -y), atol=0.3)
    assert np.abs(displaced(before, flow) - moved(before, x, y))[40:-40, 40:-40].mean() < 0.01


def test_equal_pictures_do_not_move() -> None:
    assert np.abs(motion(picture(), picture(), _WHOLE, _WHOLE, _WHOLE, 256)).max() < 0.05


def test_nothing_moves_where_nothing_may() -> None:
    mask = np.zeros_like(_WHOLE)
    mask[64:192, 64:192] = 1.0
    flow = motion(picture(), moved(picture(), 3.0, 0.0), _WHOLE, mask, _WHOLE, 256)
    assert np.array_equal(flow[mask == 0], np.zeros_like(flow[mask == 0]))
    assert np.abs(flow[100:150, 100:150]).max() > 1.0


def test_what_surrounds_the_face_comes_along_but_does_not_lead() -> None:
    face = np.zeros_like(_WHOLE)
    face[80:176, 80:176] = 1.0
    still, moving = picture(), moved(picture(), 4.0, 0.0)
    after = np.where(cv2.dilate(face, np.ones((9, 9)))[..., None] > 0, still, moving).astype(np.float32)
    flow = motion(still, after, face, _WHOLE, _WHOLE, 256)
    assert np.abs(flow[100:156, 100:156]).max() < 0.6
    assert np.abs(flow[100:156, 180:186]).mean() < 1.0


def test_pictures_that_have_nothing_in_common_move_within_the_bound() -> None:
    random = np.random.default_rng(0)
    a, b = (random.random((256, 256, 3)).astype(np.float32) for _ in range(2))
    flow = motion(a, b, _WHOLE, _WHOLE, _WHOLE, 256)
    assert np.isfinite(flow).all()
    assert np.hypot(flow[..., 0], flow[..., 1]).max() <= 0.038 * 256 + 1e-3


def test_at_the_rim_and_beyond_motion_is_bounded_more() -> None:
    inner = _WHOLE.copy()
    inner[:, :128] = 0.0
    flow = motion(picture(), moved(picture(), 8.0, 0.0), _WHOLE, _WHOLE, inner, 256)
    length = np.hypot(flow[..., 0], flow[..., 1])
    assert length[:, :128].max() <= 0.010 * 256 + 1e-3
    assert length[60:-60, 160:220].min() > 4.0


def silhouette(wall: tuple[float, float, float]) -> NDArray[np.float32]:
    """A face of an even colour [256, 256, 3] whose left border is at column 100."""
    photo = np.full((256, 256, 3), (0.8, 0.6, 0.5), np.float32)
    photo[:, :100] = wall
    return photo


def change_of_color(photo: NDArray[np.float32], flow: NDArray[np.float32]) -> float:
    lab = [cv2.cvtColor(p.astype(np.float32), cv2.COLOR_RGB2Lab) for p in (photo, displaced(photo, flow))]
    change = cv2.GaussianBlur(lab[1] - lab[0], (0, 0), 0.006 * 256)[..., 1:]
    return float(np.hypot(change[..., 0], change[..., 1]).max())


def test_a_wall_of_another_color_does_not_come_in_along_the_jaw() -> None:
    photo, flow = silhouette((0.05, 0.6, 0.6)), np.zeros((256, 256, 2), np.float32)
    flow[..., 0] = -3.0
    held = held_at_silhouette(flow, photo, _NOWHERE, 256)
    assert change_of_color(photo, flow) > 30.0
    assert change_of_color(photo, held) < 4.0
    assert np.allclose(held[:, 150:], flow[:, 150:])


def test_a_wall_of_nearly_the_same_color_and_what_lies_inside_the_face_move_as_they_would() -> None:
    flow = np.zeros((256, 256, 2), np.float32)
    flow[..., 0] = -3.0
    assert np.allclose(held_at_silhouette(flow, silhouette((0.82, 0.61, 0.5)), _NOWHERE, 256), flow)
    assert np.allclose(held_at_silhouette(flow, silhouette((0.05, 0.6, 0.6)), _WHOLE, 256), flow)


def test_a_face_of_no_pixels_gives_a_finite_flow() -> None:
    flow = motion(picture(), moved(picture(), 2.0, 0.0), 0.0 * _WHOLE, _WHOLE, _WHOLE, 256)
    assert np.isfinite(flow).all()


@pytest.mark.parametrize("size", [256, 704, 1024])
def test_motion_scales_with_the_picture(size: int) -> None:
    before, after = picture(), moved(picture(), 3.0, -1.0)
    large = [
        np.asarray(cv2.resize(p, (size, size), interpolation=cv2.INTER_CUBIC), np.float32)
        for p in (before, after)
    ]
    whole = np.ones((size, size), np.float32)
    flow = motion(np.clip(large[0], 0, 1), np.clip(large[1], 0, 1), whole, whole, whole, size)
    scale = size / 256
    inner = flow[size // 5 : -size // 5, size // 5 : -size // 5].reshape(-1, 2)
    assert np.allclose(np.median(inner, axis=0), (-3.0 * scale, 1.0 * scale), atol=0.3 * scale)


@given(x=st.floats(-100, 100), y=st.floats(-100, 100))
def test_a_bounded_vector_keeps_its_direction_and_never_exceeds_the_bound(x: float, y: float) -> None:
    flow = np.array([[[x, y]]], np.float32)
    result = bounded(flow, 10.0)[0, 0]
    assert np.hypot(*result) <= 10.0 + 1e-4
    assert np.hypot(*result) <= np.hypot(x, y) + 1e-4
    assert abs(float(result[0]) * y - float(result[1]) * x) < 1e-2


def test_short_vectors_hardly_change() -> None:
    flow = np.array([[[1.0, -0.5], [0.0, 0.0]]], np.float32)
    assert np.allclose(bounded(flow, 20.0), flow, atol=0.005)


def test_displacing_samples_at_the_sum() -> None:
    image = texture(32, 32)
    flow = np.zeros((32, 32, 2), np.float32)
    assert np.allclose(displaced(image, flow), image, atol=1e-6)
    flow[..., 0] = 2.0
    assert np.allclose(displaced(image, flow)[:, :29], image[:, 2:31], atol=1e-5)
