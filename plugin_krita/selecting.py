"""A patch's alpha limited by a selection. Bytes only: what is full becomes what is selected."""

import struct

from retouchml.client.pixel_format import BYTES_OF, PixelFormat

_FULL = bytes([0] + 255 * [255])  # anything above zero is full
_FLOATS = {code: [struct.pack(code, value / 255.0) for value in range(256)] for code in ("<e", "<f")}


def cover(pixels: bytes, format_: PixelFormat) -> bytes:
    """255 where a patch says something and 0 elsewhere, a byte a pixel; alpha is full or nothing."""
    size = format_.pixel_bytes
    return pixels[size - 1 :: size].translate(_FULL)


def limited(pixels: bytes, format_: PixelFormat, selection: bytes) -> bytes:
    """Rows of a patch, the alpha where it was full being that of the selection, a byte a pixel."""
    covered = int.from_bytes(cover(pixels, format_), "little") & int.from_bytes(selection, "little")
    alpha = covered.to_bytes(len(selection), "little")
    result = bytearray(pixels)
    size, width = format_.pixel_bytes, BYTES_OF[format_.type]
    values = _as_type(alpha, format_.type)
    for byte in range(width):
        result[size - width + byte :: size] = values[byte::width]
    return bytes(result)


def _as_type(alpha: bytes, type_: str) -> bytes:
    if type_ == "u8":
        return alpha
    if type_ == "u16":  # 257 times a byte is that byte twice
        doubled = bytearray(2 * len(alpha))
        doubled[0::2] = doubled[1::2] = alpha
        return bytes(doubled)
    return b"".join(map(_FLOATS["<e" if type_ == "f16" else "<f"].__getitem__, alpha))
