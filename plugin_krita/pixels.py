"""Pixels in and out of Krita in strips, so that its event loop goes on in between."""

from collections.abc import Iterator
from typing import Any

from retouchml.client.answers import WirePatch
from retouchml.client.pixel_format import PixelFormat

from .steps import Steps

STRIP_BYTES = 2 << 20
"""About 5 ms of reading or writing."""

Box = tuple[int, int, int, int]


class Changed(Exception):
    """The layer does not look any more as it did."""


def strips(height: int, row_bytes: int) -> Iterator[tuple[int, int]]:
    """First row and number of rows of each strip."""
    rows = max(1, min(height, STRIP_BYTES // max(1, row_bytes)))
    for first in range(0, height, rows):
        yield first, min(rows, height - first)


def read(source: Any, format_: PixelFormat) -> Steps[bytearray]:
    """All pixels of a source, which has ``pixels(x, y, width, height)`` and ``check()``."""
    row = format_.row_bytes
    whole = bytearray()
    for first, rows in strips(format_.height, row):
        source.check()
        whole += memoryview(source.pixels(0, first, format_.width, rows))
        yield None
    return whole


def same(source: Any, format_: PixelFormat, known: bytearray) -> Steps[bool]:
    """Whether the source still holds the pixels that are known."""
    row, view = format_.row_bytes, memoryview(known)
    for first, rows in strips(format_.height, row):
        source.check()
        strip = source.pixels(0, first, format_.width, rows)
        # bytes are compared by memcmp, memoryviews one by one
        if bytes(strip) != view[first * row : (first + rows) * row].tobytes():
            return False
        yield None
    return True


def write(node: Any, patch: WirePatch, selected: "Any | None" = None) -> Steps[None]:
    """A patch onto a node that has its colour space; ``selected(x, y, width, height)`` limits it."""
    from .selecting import limited

    x, y, width, height = patch.box
    row, view = patch.picture.row_bytes, memoryview(patch.pixels).cast("B")
    for first, rows in strips(height, row):
        strip = view[first * row : (first + rows) * row].tobytes()
        if selected is not None:
            strip = limited(strip, patch.picture, selected(x, y + first, width, rows))
        node.setPixelData(strip, x, y + first, width, rows)
        yield None
