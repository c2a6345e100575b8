"""PNG in and out: pixels through libpng, metadata chunk by chunk (PNG specification, third edition)."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

import imagecodecs
import numpy as np

from pipeline.pictures.boxes import BEHIND_LEFT_OUT
from pipeline.pictures.exif import orientation_of
from pipeline.pictures.png_metadata import MAX_CHUNKS, XMP_KEYWORD, metadata_of
from pipeline.pictures.types import Decoded, Metadata, Pixels, check_size, sensible_dpi
from retouchml.errors import PictureUnsupported

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_AFTER_HEADER = len(SIGNATURE) + 25  # IHDR is always first and 13 bytes long
_PALETTE = 3
_PIXEL_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_INCHES_PER_METRE = 1 / 0.0254


def read_png(file: BinaryIO, name: str) -> Decoded:
    """Decode a PNG file; palettes become RGB, transparent colours an alpha channel, 1, 2 and 4 bits 8."""
    data = file.read()
    if data[12:16] == b"CgBI":
        raise PictureUnsupported(
            f"{name} is a PNG file in Apple's own form (CgBI), as iPhone apps have them, which is not read.",
            "Convert it to an ordinary PNG: `pngcrush -revert-iphone-optimizations`, of Apple's Xcode.",
        )
    width, height, bits, colour = struct.unpack_from(">IIBB", data, 16)
    check_size(name, width, height)
    parts = _split(data)
    pixels = imagecodecs.png_decode(parts.picture)
    metadata, metadata_notes = metadata_of(parts.chunks)
    metadata = replace(metadata, dpi=_dpi(parts))
    orientation = orientation_of(metadata.exif) if metadata.exif else 1
    notes = []
    if colour == _PALETTE:
        notes.append("The palette was expanded to full colour.")
    elif bits < 8:
        notes.append(f"{bits}-bit grey was widened to 8 bits.")
    if any(name == b"acTL" for name, _, _ in parts.chunks):
        notes.append("The picture is animated; only its still picture is used.")
    if parts.has_trailer:
        notes.append(BEHIND_LEFT_OUT)
    return Decoded(pixels.reshape(height, width, -1), metadata, orientation, (*notes, *metadata_notes))


def write_png(file: BinaryIO, pixels: Pixels, metadata: Metadata) -> None:
    """Encode uint8 or uint16 ``[H, W, 1..4]``."""
    # run lengths after filtering: faster than the default on photographs, and smaller
    encoded = imagecodecs.png_encode(
        np.ascontiguousarray(pixels), level=1, strategy=imagecodecs.PNG.STRATEGY.RLE
    )
    file.write(encoded[:_AFTER_HEADER])
    for name, content in _chunks_of(metadata):
        file.write(chunk(name, content))
    file.write(memoryview(encoded)[_AFTER_HEADER:])


def chunk(name: bytes, content: bytes) -> bytes:
    """One PNG chunk: length, name, content, checksum."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


@dataclass(frozen=True)
class _Parts:
    """A PNG file in parts.

    picture: the file with its pixel chunks alone, as libpng may print warnings of others to standard error;
    chunks: name, content and whether the checksum is right of the first others, one more than are read
    has_trailer: whether data lies behind the end
    """

    picture: bytes
    chunks: tuple[tuple[bytes, bytes, bool], ...]
    has_trailer: bool


def _split(data: bytes) -> _Parts:
    """The parts of a PNG file, up to its end or the first damaged length."""
    pieces, others, at = [data[: len(SIGNATURE)]], list[tuple[bytes, bytes, bool]](), len(SIGNATURE)
    has_trailer = False
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        name, end = data[at + 4 : at + 8], at + 12 + length
        if name in _PIXEL_CHUNKS:
            pieces.append(data[at:end])
        elif name != b"fdAT" and end <= len(data) and len(others) <= MAX_CHUNKS:
            (checksum,) = struct.unpack_from(">I", data, end - 4)
            content = data[at + 8 : end - 4]
            others.append((name, content, zlib.crc32(name + content) == checksum))
        at = end
        if name == b"IEND":
            has_trailer = bool(data[end:].strip(b"\0"))
            break
    return _Parts(b"".join(pieces), tuple(others), has_trailer)


def _dpi(parts: _Parts) -> tuple[float, float] | None:
    content = next((content for name, content, is_sound in parts.chunks if name == b"pHYs" and is_sound), b"")
    if len(content) != 9 or content[8] != 1:
        return None
    return sensible_dpi(*(value / _INCHES_PER_METRE for value in struct.unpack_from(">II", content)))


def _chunks_of(metadata: Metadata) -> Iterator[tuple[bytes, bytes]]:
    if metadata.icc_profile:
        yield b"iCCP", b"ICC profile\0\0" + zlib.compress(metadata.icc_profile)
    yield from metadata.png_colour
    if metadata.dpi:
        per_metre = (round(value * _INCHES_PER_METRE) for value in metadata.dpi)
        yield b"pHYs", struct.pack(">IIB", *per_metre, 1)
    if metadata.exif:
        yield b"eXIf", metadata.exif
    if metadata.xmp:
        yield b"iTXt", XMP_KEYWORD + b"\0\0\0\0\0" + metadata.xmp
    yield from metadata.png_texts
