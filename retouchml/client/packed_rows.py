"""Rows of pixels, packed without loss for a slow network, or halved, with Python's whole numbers alone.

The light package has no NumPy. A row is one number with a lane for each value, in which Python's C code adds
and subtracts all of them at once (SIMD within a register; Warren, Hacker's Delight, 2-18). What is packed is
what a value differs from its neighbours: red and blue from green, then each row from the one above; then
comes Huffman's code. ``daemon.photo_in_parts`` unpacks.
"""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

STRIP = 64
"""Rows whose first bytes are packed together, then all their second ones, and so on."""
_LEVEL = 1  # Huffman's code alone knows no other


@dataclass(frozen=True)
class _Lanes:
    """Masks for numbers with as many values as a row.

    high: each value's highest bit; low: all its others; green: the second value of each pixel, 0 if there is
    no red and blue beside it; bits: of a value
    """

    high: int
    low: int
    green: int
    bits: int

    @classmethod
    def of(cls, length: int, size: int, channels: int) -> "_Lanes":
        """For rows of ``length`` bytes, ``size`` for a value, the least significant first."""
        values = length // size
        high = int.from_bytes((bytes(size - 1) + b"\x80") * values, "little")
        low = int.from_bytes((b"\xff" * (size - 1) + b"\x7f") * values, "little")
        green = 0
        if channels >= 3:
            pixel = bytes(size) + b"\xff" * size + bytes(size * (channels - 2))
            green = int.from_bytes(pixel * (values // channels), "little")
        return cls(high, low, green, 8 * size)

    def less(self, one: int, other: int) -> int:
        """Each value of one less that of the other, modulo its size."""
        return ((one | self.high) - (other & self.low)) ^ ((one ^ ~other) & self.high)

    def without_green(self, row: int) -> int:
        """The row, in which red and blue are less green, modulo their size."""
        if not self.green:
            return row
        green = row & self.green
        return self.less(row, (green >> self.bits) | (green << self.bits))


def pack(rows: "Iterable[bytes | memoryview]", size: int, channels: int) -> Iterator[bytes]:
    """Rows of one length, packed, a piece at a time. size: bytes of a value; channels: values of a pixel"""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_HUFFMAN_ONLY)
    lanes, above, length = None, 0, 0
    strip: list[bytes] = []
    for row in rows:
        if lanes is None:
            length = len(row)
            lanes = _Lanes.of(length, size, channels)
        number = lanes.without_green(int.from_bytes(row, "little"))
        strip.append(lanes.less(number, above).to_bytes(length, "little"))
        above = number
        if len(strip) == STRIP:
            yield packer.compress(_by_place(strip, size))
            strip = []
    yield packer.compress(_by_place(strip, size))
    yield packer.flush()


def _by_place(strip: list[bytes], size: int) -> bytes:
    joined = b"".join(strip)
    return joined if size == 1 else b"".join(joined[place::size] for place in range(size))


def halved(rows: "Iterable[bytes | memoryview]", size: int, channels: int) -> Iterator[bytes]:
    """Half as many rows of half as many pixels: each the mean of four, rounded, halves up.

    size: bytes of a value, a whole number without a sign; channels: values of a pixel. An odd last row or
    column is left out. ``pipeline.reach.halved`` does the same.
    """
    pixel = size * channels
    halver = None
    each = iter(rows)
    for above, below in zip(each, each, strict=False):
        length = len(above)
        halver = halver or _Halver.of(length, size, channels)
        means = halver.means(int.from_bytes(above, "little"), int.from_bytes(below, "little"))
        full, small = means.to_bytes(length, "little"), bytearray(length // pixel // 2 * pixel)
        for place in range(pixel):
            small[place::pixel] = full[place :: 2 * pixel][: len(small) // pixel]
        yield bytes(small)


@dataclass(frozen=True)
class _Halver:
    """Means in lanes of twice the size, so that four values can be added: even lanes apart from odd ones.

    even: the values in even lanes; two: 2 in each of them; bits: of a value; channels: values of a pixel
    """

    even: int
    two: int
    bits: int
    channels: int

    @classmethod
    def of(cls, length: int, size: int, channels: int) -> "_Halver":
        """For rows of ``length`` bytes, ``size`` for a value."""
        pairs = length // size // 2 + 1
        even = int.from_bytes(((b"\xff" * size + bytes(size)) * pairs)[:length], "little")
        two = int.from_bytes(((b"\x02" + bytes(2 * size - 1)) * pairs)[:length], "little")
        return cls(even, two, 8 * size, channels)

    def means(self, above: int, below: int) -> int:
        """Of each value, the one of the next pixel, and the two below."""
        even = (above & self.even) + (below & self.even)
        odd = ((above >> self.bits) & self.even) + ((below >> self.bits) & self.even)
        if self.channels % 2:  # the next pixel's value is in a lane of the other kind
            after_even = odd >> (self.bits * (self.channels - 1))
            after_odd = even >> (self.bits * (self.channels + 1))
        else:
            after_even = even >> (self.bits * self.channels)
            after_odd = odd >> (self.bits * self.channels)
        even = ((even + after_even + self.two) >> 2) & self.even
        odd = ((odd + after_odd + self.two) >> 2) & self.even
        return even | (odd << self.bits)
