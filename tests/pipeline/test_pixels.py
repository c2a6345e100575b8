"""The two borders between a photograph's numbers and float RGB."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.pixels import as_channels, from_float, full_scale, to_float_rgb
from retouchml.errors import PictureUnsupported


@pytest.mark.parametrize(("dtype", "white"), [("uint8", 255), ("uint16", 65535), ("float32", 1)])
def test_white_is_1_in_every_depth(dtype: str, white: int) -> None:
    pixels = np.array([[[0, white, white]]], dtype)
    assert full_scale(pixels.dtype) == white
    assert np.array_equal(to_float_rgb(pixels), np.array([[[0, 1, 1]]], np.float32))


@given(value=st.integers(0, 65535))
def test_whole_numbers_survive_the_way_to_float_and_back(value: int) -> None:
    for dtype, number in ((np.uint8, value % 256), (np.uint16, value)):
        pixels = np.full((1, 1, 3), number, dtype)
        back = from_float(to_float_rgb(pixels), pixels.dtype)
        assert back.dtype == dtype
        assert np.array_equal(back, pixels)


def test_whole_numbers_are_rounded_and_clipped() -> None:
    values = np.array([-0.5, 0.4 / 255, 0.6 / 255, 1.0, 7.0], np.float32)
    assert from_float(values, np.dtype(np.uint8)).tolist() == [0, 0, 1, 255, 255]


def test_floats_are_neither_clipped_nor_changed() -> None:
    pixels = np.array([[[-0.25, 0.5, 3.5]]], np.float32)
    assert np.array_equal(from_float(to_float_rgb(pixels), pixels.dtype), pixels)


def test_what_is_no_number_becomes_black_and_infinity_white() -> None:
    pixels = np.array([[[np.nan, np.inf, -np.inf]]], np.float32)
    assert to_float_rgb(pixels).tolist() == [[[0.0, 1.0, 0.0]]]


@pytest.mark.parametrize("channels", [1, 2])
def test_grey_is_repeated_and_alpha_dropped(channels: int) -> None:
    pixels = np.array([51, 7][:channels], np.uint8).reshape(1, 1, channels)
    assert np.allclose(to_float_rgb(pixels), 0.2)


def test_the_alpha_of_a_colour_picture_is_dropped() -> None:
    assert to_float_rgb(np.full((2, 3, 4), 9, np.uint8)).shape == (2, 3, 3)


def test_a_grey_picture_without_channels_gets_one_and_shares_its_memory() -> None:
    pixels = np.zeros((4, 5), np.uint16)
    channels = as_channels(pixels)
    assert channels.shape == (4, 5, 1)
    assert np.shares_memory(channels, pixels)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros(5, np.uint8),
        np.zeros((4, 4, 5), np.uint8),
        np.zeros((1, 4, 4, 3), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((4, 4, 0), np.uint8),
        np.zeros((4, 4, 3), np.int32),
        np.zeros((4, 4, 3), np.float64),
        np.zeros((4, 4, 3), bool),
        np.zeros((4, 4, 3), object),
    ],
    ids=lambda pixels: f"{pixels.dtype}{pixels.shape}",
)
def test_an_array_that_is_no_picture_is_refused(pixels: NDArray[Any]) -> None:
    with pytest.raises(PictureUnsupported):
        as_channels(pixels)
