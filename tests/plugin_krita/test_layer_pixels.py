"""Krita's pixels as the plug-in handles them, without Krita: bytes in, bytes out."""

from collections.abc import Generator
from typing import Any, TypeVar

import numpy as np
import pytest

from plugin_krita import layer_pixels
from plugin_krita.color_space import SRGB, ColorSpace
from plugin_krita.pixel_preview import limit_image, screen_image
from plugin_krita.view_state import Image
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


@pytest.mark.parametrize(
    "profile", ["Adobe RGB (1998)", "Rec2020-elle-V4-g10.icc", "Display P3", "ClayRGB-elle-V4-srgbtrc.icc"]
)
def test_rgb_of_another_profile_goes_as_linear_float_which_holds_all_its_colours(profile: str) -> None:
    on_wire = ColorSpace("RGBA", "U8", profile).on_wire
    assert on_wire == ColorSpace("RGBA", "F32", "sRGB-elle-V2-g10.icc")
    assert on_wire.pixel_format(4, 3).encoding == "linear"


class Marked:
    """A selection as Krita tells of it. pixels: [H, W]; most: bytes that were asked for at once"""

    def __init__(self, pixels: Any) -> None:
        self.pixels = pixels
        self.most = self.asked = 0

    def __call__(self, x: int, y: int, width: int, height: int) -> bytes:
        self.most, self.asked = max(self.most, width * height), self.asked + width * height
        return bytes(self.pixels[y : y + height, x : x + width].tobytes())


def test_one_selected_pixel_below_a_large_patch_is_found_in_strips() -> None:
    rows = np.full((1500, 2000, 4), 255, "u1")
    rows[1000:, :, 3] = 0
    wire = WirePatch(0, (10, 20, 2000, 1500), PixelFormat(2000, 1500, "u8", "BGRA"), rows.tobytes())
    marked = Marked(np.zeros((1600, 2100), "u1"))
    marked.pixels[1021, 500] = 255  # where the patch is transparent
    assert not run(layer_pixels.is_reached(wire, marked))
    assert 4 * marked.most <= layer_pixels.STRIP_BYTES
    marked.pixels[1019, 500] = 1
    assert run(layer_pixels.is_reached(wire, marked))


@pytest.mark.parametrize(
    ("selected", "expected"),
    [
        ((0, 0, 4000, 3000), 1.0),
        ((1000, 0, 1000, 3000), 0.5),
        ((500, 800, 1000, 700), 500 * 700 / 4e6),
        ((0, 1700, 4000, 1), 2000 / 4e6),
        ((3100, 0, 900, 3000), 0.0),
    ],
)
def test_the_share_of_a_large_face_that_is_selected_is_read_from_a_few_rows(
    selected: tuple[int, int, int, int], expected: float
) -> None:
    x, y, width, height = selected
    marked = Marked(np.zeros((3000, 4000), "u1"))
    marked.pixels[y : y + height, x : x + width] = 255
    share = layer_pixels.selected_share((1000, 500, 2000, 2000), selected, marked)
    assert share == pytest.approx(expected, rel=0.03)
    assert marked.asked <= 2 * 48 * 2000


def test_a_round_selection_s_share_is_close_to_its_own() -> None:
    down, across = np.mgrid[:2000, :2000]
    marked = Marked(np.where((down - 1000) ** 2 + (across - 1000) ** 2 < 900**2, 255, 0).astype("u1"))
    share = layer_pixels.selected_share((0, 0, 2000, 2000), (100, 100, 1800, 1800), marked)
    assert share == pytest.approx(np.pi * 900**2 / 4e6, rel=0.03)


def test_of_a_selection_only_the_rows_that_are_shown_are_read() -> None:
    image = Image(50, 40, bytes([9, 9, 9, 255]) * 2000)
    mask = np.arange(80 * 100, dtype=np.uint32).reshape(80, 100).astype("u1")
    asked: list[int] = []

    def read_row(row: int) -> bytes:
        asked.append(row)
        return bytes(mask[row].tobytes())

    limited = run(limit_image(image, read_row, (100, 80)))
    alpha = np.frombuffer(limited.pixels, "u1").reshape(40, 50, 4)[..., 3]
    assert (alpha == mask[::2, ::2]).all()
    assert asked == list(range(0, 80, 2))
