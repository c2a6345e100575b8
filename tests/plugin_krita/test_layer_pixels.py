"""Krita's pixels as the plug-in handles them, without Krita: bytes in, bytes out."""

from collections.abc import Generator
from typing import Any, TypeVar

import numpy as np
import pytest

from plugin_krita import layer_pixels
from plugin_krita.color_space import SRGB, ColorSpace
from plugin_krita.pixel_preview import screen_image
from retouchml.client.answers import WirePatch
from retouchml.client.pixel_format import DTYPE_OF, PixelFormat

Result = TypeVar("Result")
WHITE = {"u8": 255, "u16": 65535, "f16": 1.0, "f32": 1.0}


def run(generator: Generator[Any, Any, Result]) -> Result:
    """The result of a task that waits for nothing."""
    while True:
        try:
            next(generator)
        except StopIteration as stop:
            result: Result = stop.value
            return result


class Layer:
    """Pixels as Krita holds them."""

    def __init__(self, rows: Any) -> None:
        self.rows = rows
        self.checks = 0

    def check(self) -> None:
        self.checks += 1

    def pixels(self, x: int, y: int, width: int, height: int) -> bytes:
        return bytes(self.rows[y : y + height, x : x + width].tobytes())

    def setPixelData(self, data: bytes, x: int, y: int, width: int, height: int) -> None:  # noqa: N802
        shape = (height, width, self.rows.shape[2])
        self.rows[y : y + height, x : x + width] = np.frombuffer(data, self.rows.dtype).reshape(shape)


def test_a_layer_is_read_in_strips_that_make_up_the_whole() -> None:
    rows = np.random.default_rng(1).integers(0, 65536, (700, 900, 4)).astype("<u2")
    layer = Layer(rows)
    assert bytes(run(layer_pixels.read(layer, PixelFormat(900, 700, "u16", "BGRA")))) == rows.tobytes()
    assert layer.checks == -(-700 // (layer_pixels.STRIP_BYTES // 7200))


def test_one_changed_pixel_in_the_last_row_is_noticed() -> None:
    rows = np.zeros((500, 2000, 4), "u1")
    before, format_ = bytearray(rows.tobytes()), PixelFormat(2000, 500, "u8", "BGRA")
    assert run(layer_pixels.is_unchanged(Layer(rows), format_, before))
    rows[499, 1999, 3] = 1
    assert not run(layer_pixels.is_unchanged(Layer(rows), format_, before))


def test_a_patch_lands_where_it_belongs() -> None:
    rows = np.zeros((40, 50, 4), "u1")
    patch = np.random.default_rng(2).integers(0, 256, (10, 20, 4)).astype("u1")
    wire = WirePatch(0, (7, 5, 20, 10), PixelFormat(20, 10, "u8", "BGRA"), patch.tobytes())
    run(layer_pixels.write(Layer(rows), wire))
    assert (rows[5:15, 7:27] == patch).all()
    assert rows.sum() == patch.astype(int).sum()


@pytest.mark.parametrize("type_", ["u8", "u16", "f16", "f32"])
def test_a_selection_becomes_the_alpha_where_the_patch_has_pixels(type_: str) -> None:
    dtype = np.dtype(DTYPE_OF[type_])
    patch = np.full((4, 64, 4), 3, dtype)
    patch[..., 3] = np.where(np.arange(64) < 32, WHITE[type_], 0)
    selection = np.arange(256, dtype="u1").reshape(4, 64)
    data = layer_pixels.limit_alpha(patch.tobytes(), PixelFormat(64, 4, type_, "BGRA"), selection.tobytes())
    result = np.frombuffer(data, dtype).reshape(patch.shape)
    scale = 257 if type_ == "u16" else 1
    expected = selection.astype(np.float64) / (255.0 if type_.startswith("f") else 1.0) * scale
    assert (result[..., :3] == 3).all()
    assert result[:, :32, 3] == pytest.approx(expected[:, :32], abs=1e-3 if type_ == "f16" else 1e-7)
    assert (result[:, 32:, 3] == 0).all()


@pytest.mark.parametrize("type_", ["u8", "u16", "f16", "f32"])
@pytest.mark.parametrize("order", ["BGRA", "RGBA", "YA"])
def test_a_rectangle_for_the_screen_shows_the_same_colours_at_any_depth(type_: str, order: str) -> None:
    channels = len(order)
    shown = np.random.default_rng(3).integers(0, 256, (30, 40, channels))
    scaled = shown * {"u8": 1, "u16": 257}.get(type_, 1) / (255.0 if type_.startswith("f") else 1)
    whole = scaled.astype(DTYPE_OF[type_])
    format_ = PixelFormat(40, 30, type_, order)
    image = run(screen_image(whole.tobytes(), format_, (3, 2, 20, 16), 3))
    result = np.frombuffer(image.pixels, "u1").reshape(image.height, image.width, 4).astype(int)
    part = shown[2:18:3, 3:23:3]
    places = {"BGRA": [0, 1, 2, 3], "RGBA": [2, 1, 0, 3], "YA": [0, 0, 0, 1]}[order]
    assert (image.width, image.height) == (7, 6)
    assert np.abs(result - part[..., places]).max() <= (1 if type_.startswith("f") else 0)


def test_linear_light_is_brightened_for_the_screen_but_alpha_is_not() -> None:
    pixel = np.array([[[0.5, 0.0, 2.0, 0.5]]], "<f4")
    image = run(screen_image(pixel.tobytes(), PixelFormat(1, 1, "f32", "RGBA", "linear"), (0, 0, 1, 1)))
    blue, green, red, alpha = image.pixels
    assert (blue, green) == (255, 0)
    assert red == 188  # 0.735 by the sRGB curve
    assert abs(alpha - 128) <= 1


@pytest.mark.parametrize(
    ("color", "type_", "order", "encoding"),
    [
        (ColorSpace("RGBA", "U8", SRGB), "u8", "BGRA", "srgb"),
        (ColorSpace("RGBA", "U16", "sRGB-elle-V2-g10.icc"), "u16", "BGRA", "linear"),
        (ColorSpace("RGBA", "F16", "scRGB (linear)"), "f16", "RGBA", "linear"),
        (ColorSpace("RGBA", "F32", SRGB), "f32", "RGBA", "srgb"),
        (ColorSpace("GRAYA", "U16", "gray-D50-elle-V2-srgbtrc.icc"), "u16", "YA", "srgb"),
    ],
)
def test_pixels_lie_on_the_wire_as_in_kritas_memory(
    color: ColorSpace, type_: str, order: str, encoding: str
) -> None:
    format_ = color.on_wire.pixel_format(4, 3)
    assert color.on_wire is color
    assert (format_.type, format_.order, format_.encoding) == (type_, order, encoding)


def test_other_colour_models_go_as_rgb_of_no_less_precision() -> None:
    assert ColorSpace("CMYKA", "U8", "Chemical proof").on_wire == ColorSpace("RGBA", "U16", SRGB)
    assert ColorSpace("LABA", "F32", "").on_wire == ColorSpace("RGBA", "F32", SRGB)


@pytest.mark.parametrize("profile", ["Adobe RGB (1998)", "Rec2020-elle-V4-g10.icc", "Display P3"])
def test_rgb_of_another_profile_goes_as_linear_float_which_holds_all_its_colours(profile: str) -> None:
    on_wire = ColorSpace("RGBA", "U8", profile).on_wire
    assert on_wire == ColorSpace("RGBA", "F32", "sRGB-elle-V2-g10.icc")
    assert on_wire.pixel_format(4, 3).encoding == "linear"
