"""The FFHQ crop: its geometry, the exact way back, and what it samples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.align import Alignment, ffhq_alignment
from tests.pipeline.synthetic_faces import gradient, landmarks


@given(
    x=st.floats(-50, 3000),
    y=st.floats(-50, 3000),
    eyes=st.floats(8, 900),
    degrees=st.floats(-180, 180),
    size=st.sampled_from([64, 256, 704, 1024]),
)
def test_crop_to_photo_and_back_is_exact(x: float, y: float, eyes: float, degrees: float, size: int) -> None:
    alignment = ffhq_alignment(landmarks((x, y), eyes, degrees), size)
    points = np.array([[-0.5, -0.5], [0.0, 7.25], [size - 1.0, size / 3.0]])
    assert np.allclose(alignment.to_crop(alignment.to_photo(points)), points, atol=1e-6)


def test_the_square_follows_the_recipe_for_an_upright_face() -> None:
    points = landmarks((300.0, 200.0), 60.0)
    left, right = points[36:42].mean(0), points[42:48].mean(0)
    mouth = (points[48] + points[54]) / 2.0
    eyes = (left + right) / 2.0
    alignment = ffhq_alignment(points, 512)
    # Karras et al.: twice the half side, which is the larger of 2.0 eye and 1.8 eye-to-mouth distances.
    half = max(2.0 * (right[0] - left[0]), 1.8 * (mouth[1] - eyes[1]))
    assert alignment.side == pytest.approx(2.0 * half, rel=1e-6)
    center = alignment.to_photo(np.full((1, 2), 255.5))[0]
    assert np.allclose(center, eyes + 0.1 * (mouth - eyes), atol=1e-6)


def test_a_face_lies_upright_and_at_the_same_place_however_it_is_turned() -> None:
    upright = ffhq_alignment(landmarks((300.0, 300.0), 50.0), 256).to_crop(landmarks((300.0, 300.0), 50.0))
    for degrees in (20, 90, 180, -135):
        points = landmarks((900.0, 100.0), 111.0, degrees)
        assert np.allclose(ffhq_alignment(points, 256).to_crop(points), upright, atol=1e-6)


@pytest.mark.parametrize("size", [64, 255, 1024])
def test_another_size_is_the_same_square(size: int) -> None:
    alignment = ffhq_alignment(landmarks((300.0, 200.0), 77.0, 25.0), 512)
    other = alignment.resized(size)
    assert other.size == size
    assert other.side == pytest.approx(alignment.side)
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.2, 0.6]])
    assert np.allclose(
        other.to_photo(corners * size - 0.5), alignment.to_photo(corners * 512 - 0.5), atol=1e-6
    )


@pytest.mark.parametrize("degrees", [0.0, 33.0, 90.0])
@pytest.mark.parametrize("side", [100.0, 250.0, 330.0, 500.0, 640.0, 1100.0])
def test_a_cut_samples_the_photo_where_the_map_says_at_every_scale(side: float, degrees: float) -> None:
    """A straight gradient is its own filtered version: any shift or scale of the sampling shows."""
    photo = gradient(1900, 2000)
    size = 256
    alignment = ffhq_alignment(landmarks((1000.0, 1000.0), side / 4.0, degrees), size)
    crop = alignment.cut(photo)
    y, x = np.mgrid[0:size, 0:size]
    expected = alignment.to_photo(np.stack([x, y], 2).reshape(-1, 2)).reshape(size, size, 2)
    shown = (crop[..., :2] - 0.1) / 0.8 * (2000, 1900)
    off = (shown - expected)[8:-8, 8:-8]
    step = max(1.0, alignment.side / size)
    # OpenCV's bicubic kernel bends a straight line by 0.05 px between two pixels, but shifts nothing.
    assert float(np.abs(off).max()) < 0.06 * step
    assert float(np.abs(off.mean((0, 1))).max()) < 0.015 * step


def test_an_upright_square_of_whole_pixels_is_copied() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (90, 100, 3), np.uint8)
    alignment = Alignment(np.array([[1.0, 0.0, 21.0], [0.0, 1.0, 13.0]]), 64)
    assert np.allclose(alignment.cut(photo), photo[13:77, 21:85] / 255.0, atol=1e-6)
    assert alignment.bounds(90, 100) == (20, 12, 86, 78)


@pytest.mark.parametrize("scale", [2.0, 3.0, 3.7])
def test_what_is_finer_than_the_crop_does_not_turn_into_patterns(scale: float) -> None:
    checkers = np.indices((700, 700)).sum(0) % 2
    photo = np.repeat(checkers[..., None].astype(np.float32), 3, 2)
    alignment = Alignment(np.array([[scale, 0.0, 150.3], [0.0, scale, 140.4]]), 128)
    assert float(alignment.cut(photo)[8:-8, 8:-8].std()) < 0.06


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("eyes", [40.0, 300.0])
def test_every_depth_and_number_of_channels_gives_the_same_crop(
    dtype: str, channels: int, eyes: float
) -> None:
    grey = gradient(1400, 1400)[..., 2:]
    white = {"uint8": 255, "uint16": 65535, "float32": 1}[dtype]
    photo = np.rint(np.repeat(grey, channels, 2) * 255.0) / 255.0 * white
    alignment = ffhq_alignment(landmarks((700.0, 700.0), eyes), 256)
    crop = alignment.cut(np.rint(photo).astype(dtype) if white > 1 else photo.astype(dtype))
    expected = alignment.cut(np.rint(np.repeat(grey, 3, 2) * 255.0).astype(np.uint8))
    assert crop.shape == (256, 256, 3)
    assert crop.dtype == np.float32
    assert np.allclose(crop, expected, atol=2e-3)


def test_past_the_frame_the_crop_goes_on_and_keeps_within_0_and_1() -> None:
    photo = np.random.default_rng(1).random((200, 200, 3)).astype(np.float32)
    alignment = ffhq_alignment(landmarks((20.0, 190.0), 40.0), 256)
    crop = alignment.cut(photo)
    depth = alignment.inside(200, 200)
    assert (depth == 0).any()
    assert (depth > 20).any()
    assert np.isfinite(crop).all()
    assert crop.min() >= 0.0
    assert crop.max() <= 1.0
    outer = crop[depth == 0]
    assert outer.std() < crop[depth > 5].std()


def test_the_depth_inside_the_frame_is_measured_in_crop_pixels() -> None:
    alignment = Alignment(np.array([[2.0, 0.0, -20.0], [0.0, 2.0, 10.0]]), 64)
    depth = alignment.inside(1000, 1000)
    assert depth[30, 5] == 0.0
    assert depth[30, 10] == pytest.approx(0.25)
    assert depth[30, 20] == pytest.approx(10.25)
    assert depth[0, 60] == pytest.approx(5.25)


def test_a_huge_square_of_which_a_sliver_lies_inside_the_frame_is_cut() -> None:
    photo = np.full((3000, 3, 3), 100, np.uint8)
    crop = Alignment(np.array([[9.0, 0.0, -2294.0], [0.0, 9.0, 100.0]]), 256).cut(photo)
    assert np.allclose(crop, 100 / 255, atol=1e-3)


def test_bounds_are_cut_to_the_photo() -> None:
    alignment = Alignment(np.array([[1.0, 0.0, -10.0], [0.0, 1.0, 80.0]]), 64)
    assert alignment.bounds(100, 300) == (0, 79, 55, 100)


def test_the_photo_is_not_written_to() -> None:
    photo = gradient(300, 300)
    photo.flags.writeable = False
    copy = photo.copy()
    ffhq_alignment(landmarks((150.0, 150.0), 30.0, 10.0), 256).cut(photo)
    assert np.array_equal(photo, copy)
