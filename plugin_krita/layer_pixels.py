"""A layer's pixels, read and written in strips, so that Krita's event loop gets turns in between.

Also limits a patch to a selection. Everything works on bytes, without NumPy.
"""

import struct
from collections.abc import Callable, Iterator
from typing import Any

from retouchml import coverage
from retouchml.client.answers import WirePatch
from retouchml.client.pixel_format import BYTES_OF, PixelFormat
from retouchml.results import Box

from .tasks import TaskGenerator

STRIP_BYTES = 2 << 20
"""About 5 ms of reading or writing."""
_SAMPLED_ROWS = 48

ReadSelection = Callable[[int, int, int, int], bytes]
"""Called with x, y, width, height; the selection in that rectangle, a byte a pixel."""

_FLOATS = {code: [struct.pack(code, value / 255.0) for value in range(256)] for code in ("<e", "<f")}


def strips(height: int, row_bytes: int) -> Iterator[tuple[int, int]]:
    """First row and number of rows of each strip."""
    rows = max(1, min(height, STRIP_BYTES // max(1, row_bytes)))
    for first in range(0, height, rows):
        yield first, min(rows, height - first)


def read(source: Any, format_: PixelFormat) -> TaskGenerator[bytearray]:
    """All pixels of a source, which has ``pixels(x, y, width, height)`` and ``check()``."""
    pixels = bytearray()
    for first, rows in strips(format_.height, format_.row_bytes):
        source.check()
        pixels += memoryview(source.pixels(0, first, format_.width, rows))
        yield None
    return pixels


def is_unchanged(source: Any, format_: PixelFormat, pixels: bytearray) -> TaskGenerator[bool]:
    """Whether the source still has these pixels."""
    row, view = format_.row_bytes, memoryview(pixels)
    for first, rows in strips(format_.height, row):
        source.check()
        strip = source.pixels(0, first, format_.width, rows)
        # bytes are compared by memcmp, memoryviews one by one
        if bytes(strip) != view[first * row : (first + rows) * row].tobytes():
            return False
        yield None
    return True


def write(layer: Any, patch: WirePatch, read_selection: "ReadSelection | None" = None) -> TaskGenerator[None]:
    """Write a patch onto a layer of the same colour space, within the selection if there is one."""
    x, y, width, height = patch.box
    row, view = patch.picture.row_bytes, memoryview(patch.pixels).cast("B")
    for first, rows in strips(height, row):
        strip = view[first * row : (first + rows) * row].tobytes()
        if read_selection is not None:
            strip = limit_alpha(strip, patch.picture, read_selection(x, y + first, width, rows))
        layer.setPixelData(strip, x, y + first, width, rows)
        yield None


def is_reached(patch: WirePatch, read_selection: ReadSelection) -> TaskGenerator[bool]:
    """Whether the selection lets any pixel of a patch through."""
    x, y, width, height = patch.box
    row, view = patch.picture.row_bytes, memoryview(patch.pixels).cast("B")
    for first, rows in strips(height, row):
        covered = alpha(view[first * row : (first + rows) * row].tobytes(), patch.picture)
        if coverage.reaches(covered, read_selection(x, y + first, width, rows)):
            return True
        yield None
    return False


def selected_share(box: Box, selected: Box, read_selection: ReadSelection) -> float:
    """About which share of a box the selection covers, from some of its rows.

    To read all of a large face would stop Krita. selected: the smallest box around the selection, whose first
    row is among those that are read, so that a thin one is seen, too
    """
    left, top = max(box[0], selected[0]), max(box[1], selected[1])
    right = min(box[0] + box[2], selected[0] + selected[2])
    bottom = min(box[1] + box[3], selected[1] + selected[3])
    if right <= left or bottom <= top:
        return 0.0
    rows = range(top, bottom, max(1, (bottom - top) // _SAMPLED_ROWS))
    shares = [coverage.share(read_selection(left, row, right - left, 1)) for row in rows]
    return sum(shares) / len(shares) * (right - left) * (bottom - top) / (box[2] * box[3])


def limit_alpha(pixels: bytes, format_: PixelFormat, selection: bytes) -> bytes:
    """Rows of a patch whose alpha, which is full or zero, is the selection's where it was full.

    selection: a byte a pixel
    """
    size, width = format_.pixel_bytes, BYTES_OF[format_.type]
    values = _as_type(coverage.limited(alpha(pixels, format_), selection), format_.type)
    result = bytearray(pixels)
    for byte in range(width):
        result[size - width + byte :: size] = values[byte::width]
    return bytes(result)


def alpha(pixels: bytes, format_: PixelFormat) -> bytes:
    """A byte for each pixel of a patch: 255 where its alpha is full, 0 where it is zero."""
    return coverage.covered(pixels[format_.pixel_bytes - 1 :: format_.pixel_bytes])


def _as_type(alpha: bytes, type_: str) -> bytes:
    """Alpha of a byte a pixel as the wire's type."""
    if type_ == "u8":
        return alpha
    if type_ == "u16":  # 257 times a byte is that byte twice
        doubled = bytearray(2 * len(alpha))
        doubled[0::2] = doubled[1::2] = alpha
        return bytes(doubled)
    return b"".join(map(_FLOATS["<e" if type_ == "f16" else "<f"].__getitem__, alpha))
