"""Puts a photograph together that was sent in parts, packed as ``retouchml.client.packed_rows`` says.

A worker does that, strip by strip into the photograph's one array: the server only hands the parts on.
"""

import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retouchml.client.packed_rows import STRIP
from retouchml.client.photo_parts import Part
from retouchml.client.pixel_format import BYTES_OF, DTYPE_OF, PixelFormat
from retouchml.errors import ProtocolError
from retouchml.progress import NEVER, Cancel, check

_PIECE = 1 << 16  # bytes of packed pixels at a time


def composed(
    parts: Sequence[Part], data: memoryview, picture: PixelFormat, stop: Cancel = NEVER
) -> NDArray[Any]:
    """The photograph [H, W, C] of these parts, each laid over those before it.

    data: their packed pixels, one after the other; the parts are as ``photo_parts.check`` wants them. Raises
    ProtocolError, or Cancelled.
    """
    whole_type = np.dtype(f"<u{BYTES_OF[picture.type]}")
    canvas = np.empty((picture.height, picture.width, picture.channels), whole_type)
    start = 0
    for part in parts:
        x, y, width, height = part.box
        times, place = part.reduced, canvas[y : y + height, x : x + width]
        columns = np.minimum(np.arange(width) // times, width // times - 1)
        shape = (height // times, width // times, picture.channels)
        first = 0
        for strip in _strips(data[start : start + part.size], shape, whole_type):
            check(stop)
            last = first + len(strip)
            if times == 1:
                place[first:last] = strip
            else:  # an odd last row or column takes the pixel before it
                end = height if last == shape[0] else last * times
                rows = np.minimum(np.arange(first * times, end) // times, last - 1) - first
                place[first * times : end] = strip[:, columns][rows]
            first = last
        start += part.size
    return canvas.view(DTYPE_OF[picture.type])


def _strips(
    packed: memoryview, shape: tuple[int, int, int], whole_type: np.dtype[Any]
) -> Iterator[NDArray[Any]]:
    """The rows of a part [h, w, C], some at a time."""
    height, width, channels = shape
    stream, size = _Stream(packed), whole_type.itemsize
    above = np.zeros((width, channels), whole_type)
    for first in range(0, height, STRIP):
        count = min(STRIP, height - first)
        flat = np.frombuffer(stream.read(count * width * channels * size), np.uint8)
        by_place = np.ascontiguousarray(flat.reshape(size, -1).T).view(whole_type)
        rows = by_place.reshape(count, width, channels).copy()
        rows[0] += above
        np.add.accumulate(rows, axis=0, dtype=whole_type, out=rows)
        above = rows[-1].copy()
        if channels >= 3:
            rows[..., 0] += rows[..., 1]
            rows[..., 2] += rows[..., 1]
        yield rows
    stream.end()


class _Stream:
    """Unpacks no more than it is asked for, whatever the packed bytes would give."""

    def __init__(self, packed: memoryview) -> None:
        self._packed, self._at = packed, 0
        self._unpacker = zlib.decompressobj()

    def read(self, count: int) -> bytes:
        """The next ``count`` bytes. Raises ProtocolError."""
        pieces, missing = [], count
        while missing:
            piece = self._more(missing)
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)

    def end(self) -> None:
        """Raise ProtocolError if there is more."""
        while not self._unpacker.eof:
            if self._more(1):
                raise _wrong()
        if self._unpacker.unused_data or self._at < len(self._packed):
            raise _wrong()

    def _more(self, limit: int) -> bytes:
        """1 to ``limit`` bytes; perhaps none, as long as there is packed input."""
        waiting: bytes | memoryview = self._unpacker.unconsumed_tail
        if not waiting:
            waiting = self._packed[self._at : self._at + _PIECE]
            self._at += len(waiting)
        if self._unpacker.eof:
            raise _wrong()
        is_last = not waiting
        try:
            piece = self._unpacker.decompress(waiting, limit)
        except zlib.error as error:
            raise _wrong() from error
        if is_last and not piece and not self._unpacker.eof:
            raise _wrong()
        return piece


def _wrong() -> ProtocolError:
    return ProtocolError("The packed pixels are damaged, or do not hold the part that was described.")
