"""Writes a small picture as a PNG file (ISO/IEC 15948), for the history that Krita saves in its files."""

import struct
import zlib

from .view_state import Image

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RGB = 2  # the colour type


def as_png(image: Image) -> bytes:
    """The picture without its alpha."""
    rows = bytearray()
    for row in range(image.height):
        bgra = image.pixels[4 * image.width * row : 4 * image.width * (row + 1)]
        rgb = bytearray(3 * image.width)
        for channel in range(3):
            rgb[channel::3] = bgra[2 - channel :: 4]
        rows += b"\0" + rgb
    header = struct.pack(">IIBBBBB", image.width, image.height, 8, _RGB, 0, 0, 0)
    data = zlib.compress(bytes(rows), 9)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
