"""Pixels of any depth as 8 bits for the screen, thinned out to the size of a docker.

For looking at only. Floats are looked up by their upper 16 bits, which is more than a screen shows.
"""

import functools
import struct
from collections.abc import Callable

from retouchml import coverage
from retouchml.client.pixel_format import BYTES_OF, PixelFormat
from retouchml.results import Box

from .tasks import TaskGenerator
from .view_state import Image

_ROWS_A_STEP = 16


def screen_image(
    pixels: "bytes | bytearray | memoryview",
    format_: PixelFormat,
    box: Box,  # x, y, width, height of the part to show
    stride: int = 1,  # every stride-th row and column is taken
) -> TaskGenerator[Image]:
    """A part of a picture for the screen."""
    x, y, width, height = box
    view = memoryview(pixels).cast("B")
    columns, rows = len(range(0, width, stride)), range(y, y + height, stride)
    result = bytearray()
    for count, row in enumerate(rows):
        start = row * format_.stride + x * format_.pixel_bytes
        result += _bgra_row(view[start : start + width * format_.pixel_bytes], format_, stride, columns)
        if count % _ROWS_A_STEP == _ROWS_A_STEP - 1:
            yield None
    return Image(columns, len(rows), bytes(result))


def limit_image(
    image: Image, read_row: Callable[[int], bytes], size: tuple[int, int]
) -> TaskGenerator[Image]:
    """An image whose alpha, which is full or zero, is the selection's where it was full.

    read_row: called with a row of the part of the layer that the image covers, from 0; the selection there, a
    byte a pixel; size: width and height of that part
    """
    width, height = size
    columns = [column * width // image.width for column in range(image.width)]
    mask = bytearray()
    for row in range(image.height):
        mask += bytes(map(read_row(row * height // image.height).__getitem__, columns))
        if row % _ROWS_A_STEP == _ROWS_A_STEP - 1:
            yield None
    pixels = bytearray(image.pixels)
    pixels[3::4] = coverage.limited(bytes(pixels[3::4]), bytes(mask))
    return Image(image.width, image.height, bytes(pixels))


def laid_over(below: Image, above: Image, at: tuple[int, int]) -> Image:
    """A small image with another one, whose alpha is full or zero, laid over it at ``at`` (x, y)."""
    pixels = bytearray(below.pixels)
    for row in range(min(above.height, below.height - at[1])):
        for column in range(min(above.width, below.width - at[0])):
            source = 4 * (row * above.width + column)
            if above.pixels[source + 3]:
                target = 4 * ((at[1] + row) * below.width + at[0] + column)
                pixels[target : target + 4] = above.pixels[source : source + 4]
    return Image(below.width, below.height, bytes(pixels))


def _bgra_row(row: memoryview, format_: PixelFormat, stride: int, columns: int) -> bytearray:
    channels = [_channel(row, format_, channel, stride) for channel in range(format_.channels)]
    *colors, alpha = channels if format_.order.endswith("A") else [*channels, bytes(columns * [255])]
    if len(colors) == 1:
        colors *= 3
    if format_.order.startswith("RGB"):
        colors.reverse()
    result = bytearray(4 * columns)
    for channel, values in enumerate((*colors, alpha)):
        result[channel::4] = values
    return result


def _channel(row: memoryview, format_: PixelFormat, channel: int, stride: int) -> bytes:
    size = BYTES_OF[format_.type]
    is_color = not (format_.order.endswith("A") and channel == format_.channels - 1)
    is_linear = is_color and format_.encoding == "linear"
    if format_.type.startswith("u"):  # little-endian: the upper byte is the last one
        values = row[channel * size + size - 1 :: format_.pixel_bytes * stride].tobytes()
        return values.translate(_srgb_bytes()) if is_linear else values
    halves = size // 2
    words = row.cast("H")[channel * halves + halves - 1 :: format_.channels * halves * stride]
    return bytes(map(_float_table(format_.type, is_linear).__getitem__, words))


@functools.cache
def _float_table(type_: str, is_linear: bool) -> bytes:
    # words below that of 1.0 rise from 0; above it is what is brighter, and with the sign bit what is below 0
    one, low = (0x3C00, b"") if type_ == "f16" else (0x3F80, b"\0\0")
    packed = b"".join(low + word.to_bytes(2, "little") for word in range(one))
    values = struct.unpack(f"<{one}{'e' if type_ == 'f16' else 'f'}", packed)
    table = bytes(_to_byte(value, is_linear) for value in values)
    return table + bytes([255]) * (0x8000 - one) + bytes(0x8000)


@functools.cache
def _srgb_bytes() -> bytes:
    return bytes(_to_byte(value / 255.0, True) for value in range(256))


def _to_byte(value: float, is_linear: bool) -> int:
    """0 to 255 for 0 to 1; linear values get the sRGB curve of IEC 61966-2-1."""
    if is_linear:
        value = 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
    return round(255.0 * value)
