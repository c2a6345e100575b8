"""The layout of pixels in a data frame."""

import pytest

from retouchml.client.pixel_format import CHANNELS_OF, PixelFormat, format_from
from retouchml.errors import (
    LimitExceeded,
    ProtocolError,
)


@pytest.mark.parametrize("type_", ["u8", "u16", "f16", "f32"])
@pytest.mark.parametrize("order", CHANNELS_OF)
def test_a_format_survives_the_way(type_: str, order: str) -> None:
    picture = PixelFormat(7, 5, type_, order, "linear")
    assert format_from(picture.fields()) == picture
    assert picture.size == 7 * 5 * len(order) * {"u8": 1, "u16": 2, "f16": 2, "f32": 4}[type_]


def test_the_gap_after_the_last_row_may_be_missing() -> None:
    picture = PixelFormat(3, 2, "u8", "RGB", stride=16)
    assert (picture.row_bytes, picture.size) == (9, 25)
    picture.check_frame(25)
    picture.check_frame(32)
    for length in (24, 26, 31, 33):
        with pytest.raises(ProtocolError):
            picture.check_frame(length)


@pytest.mark.parametrize("stride", [1, 8, 9 * 16 + 1, -9])
def test_a_stride_that_does_not_fit_is_refused(stride: int) -> None:
    with pytest.raises(ProtocolError):
        PixelFormat(3, 2, "u8", "RGB", stride=stride)


@pytest.mark.parametrize(("width", "height"), [(65_536, 1), (1, 65_536), (30_000, 30_000)])
def test_a_picture_too_large_is_refused_by_its_description(width: int, height: int) -> None:
    with pytest.raises(LimitExceeded):
        PixelFormat(width, height)


def test_a_picture_that_fits_no_frame_is_refused() -> None:
    with pytest.raises(LimitExceeded, match="does not fit"):
        PixelFormat(16_000, 16_000, "f32", "RGBA")


@pytest.mark.parametrize(
    ("order", "patch"), [("Y", "YA"), ("YA", "YA"), ("RGB", "RGBA"), ("BGR", "BGRA"), ("BGRA", "BGRA")]
)
def test_patches_come_in_the_order_that_the_photo_has(order: str, patch: str) -> None:
    assert PixelFormat(1, 1, order=order).patch_order == patch
