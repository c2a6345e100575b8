import numpy as np
import pytest

from daemon import pixel_conversion
from retouchml.client.pixel_format import PixelFormat


@pytest.mark.parametrize("type_", ["u8", "u16", "f16", "f32"])
def test_a_pixel_that_a_patch_leaves_alone_comes_back_to_the_bit(type_: str) -> None:
    picture = PixelFormat(32, 32, type_, "BGRA", "linear")
    rng = np.random.default_rng(0)
    white = {"u8": 255, "u16": 65535}.get(type_, 1)
    wire = (rng.random((32, 32, 4)) * white).astype(
        {"u8": "u1", "u16": "<u2", "f16": "<f2", "f32": "<f4"}[type_]
    )
    inner = pixel_conversion.to_pipeline(wire, picture)
    patch = np.dstack([inner, np.ones((32, 32, 1), np.float32)])
    patch[0, 0, :3] = 0.25
    result, _ = pixel_conversion.from_pipeline(patch, wire, picture)
    assert (result[1:, :, :3] == wire[1:, :, :3]).all()
    assert (result[0, 0, :3] != wire[0, 0, :3]).any()


def test_floats_that_are_no_number_do_not_change_their_pixel() -> None:
    picture = PixelFormat(2, 1, "f32", "RGB", "linear")
    wire = np.array([[[np.nan, 0.3, 0.7], [np.inf, 0.1, 0.2]]], np.float32)
    inner = pixel_conversion.to_pipeline(wire, picture)
    result, _ = pixel_conversion.from_pipeline(np.dstack([inner, np.ones((1, 2), np.float32)]), wire, picture)
    assert result[..., :3].tobytes() == wire.tobytes()


def test_pixels_that_suit_the_pipeline_are_not_copied() -> None:
    data = bytes(4 * 4 * 4)
    pixels = pixel_conversion.view(memoryview(data), PixelFormat(4, 4))
    assert np.shares_memory(pixel_conversion.to_pipeline(pixels, PixelFormat(4, 4)), pixels)


def test_a_reduced_patch_does_not_mix_in_what_is_transparent() -> None:
    patch = np.zeros((200, 100, 4), np.uint8)
    patch[:, :50] = 200, 100, 50, 255
    patch[:, 50:, :3] = 7
    small, picture = pixel_conversion.reduced(patch, PixelFormat(100, 200), 20)
    assert small.shape == (20, 10, 4)
    assert (picture.width, picture.height) == (10, 20)
    assert (small[:, :5] == (200, 100, 50, 255)).all()
    assert (small[:, 5:, 3] == 0).all()
