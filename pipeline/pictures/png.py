"""PNG in and out: pixels through libpng, metadata chunk by chunk (PNG specification, third edition)."""

import re
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import imagecodecs
import numpy as np

from pipeline.pictures.exif import orientation_of
from pipeline.pictures.types import MAX_METADATA_BYTES, Decoded, Metadata, Pixels, check_size, sensible_dpi
from retouchml.errors import PictureUnsupported

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_AFTER_HEADER = len(SIGNATURE) + 25  # IHDR is always first and 13 bytes long
_PALETTE = 3
_PIXEL_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_COLOUR_CHUNKS = (b"cICP", b"mDCV", b"cLLI", b"sRGB", b"gAMA", b"cHRM")
_XMP_KEYWORD = b"XML:com.adobe.xmp"
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
    pixels = imagecodecs.png_decode(_pixel_chunks(data))
    metadata, orientation, animated = _metadata(data)
    notes = []
    if colour == _PALETTE:
        notes.append("The palette was expanded to full colour.")
    elif bits < 8:
        notes.append(f"{bits}-bit grey was widened to 8 bits.")
    if animated:
        notes.append("The picture is animated; only its still picture is used.")
    return Decoded(pixels.reshape(height, width, -1), metadata, orientation, tuple(notes))


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


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of a PNG file except its pixels, up to its end or the first damaged length."""
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        name = data[at + 4 : at + 8]
        if name == b"IEND" or at + 12 + length > len(data):
            return
        if name not in (b"IDAT", b"fdAT"):
            content = data[at + 8 : at + 8 + length]
            (checksum,) = struct.unpack_from(">I", data, at + 8 + length)
            if zlib.crc32(name + content) == checksum:
                yield name, content
        at += 12 + length


def _pixel_chunks(data: bytes) -> bytes:
    """The file with its pixel chunks alone: of other chunks libpng may print warnings to standard error."""
    pieces, at = [data[: len(SIGNATURE)]], len(SIGNATURE)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        if data[at + 4 : at + 8] in _PIXEL_CHUNKS:
            pieces.append(data[at : at + 12 + length])
        at += 12 + length
    return b"".join(pieces)


def _metadata(data: bytes) -> tuple[Metadata, int, bool]:
    exif = profile = xmp = dpi = legacy_exif = None
    colour: list[tuple[bytes, bytes]] = []
    animated = False
    for name, content in chunks(data):
        if name == b"iCCP":
            profile = _inflate(content.partition(b"\0")[2][1:])
        elif name == b"eXIf":
            exif = content
        elif name == b"pHYs" and len(content) == 9 and content[8] == 1:
            dpi = sensible_dpi(*(value / _INCHES_PER_METRE for value in struct.unpack_from(">II", content)))
        elif name in _COLOUR_CHUNKS:
            colour.append((name, content))
        elif name == b"iTXt" and content.startswith(_XMP_KEYWORD + b"\0"):
            xmp = _international_text(content)
        elif name in (b"tEXt", b"zTXt"):
            legacy_exif = _raw_profile(name, content) or legacy_exif
        animated = animated or name == b"acTL"
    exif = (exif or legacy_exif or b"").removeprefix(b"Exif\0\0") or None
    metadata = Metadata(
        icc_profile=profile,
        exif=exif,
        xmp=xmp,
        dpi=dpi,
        png_colour=tuple(colour),
    )
    return metadata, orientation_of(exif) if exif else 1, animated


def _inflate(data: bytes) -> bytes | None:
    inflater = zlib.decompressobj()
    try:
        content = inflater.decompress(data, MAX_METADATA_BYTES)
    except zlib.error:
        return None
    return content if inflater.eof else None


def _international_text(content: bytes) -> bytes | None:
    compressed = content[len(_XMP_KEYWORD) + 1 : len(_XMP_KEYWORD) + 2] == b"\1"
    text = content[len(_XMP_KEYWORD) + 3 :].split(b"\0", 2)[-1]
    return _inflate(text) if compressed else text


def _raw_profile(name: bytes, content: bytes) -> bytes | None:
    """EXIF as ImageMagick and Exiv2 (so GIMP) wrote it before PNG had a chunk for it: hexadecimal text."""
    keyword, _, text = content.partition(b"\0")
    if keyword not in (b"Raw profile type exif", b"Raw profile type APP1"):
        return None
    inflated = _inflate(text[1:]) if name == b"zTXt" else text
    match = re.match(rb"\s*\w+\s+\d+\s+([0-9a-fA-F\s]*)", inflated or b"")
    try:
        block = bytes.fromhex(match[1].decode("ascii")) if match else b""
    except ValueError:
        return None
    return block if block.removeprefix(b"Exif\0\0")[:2] in (b"II", b"MM") else None


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
        yield b"iTXt", _XMP_KEYWORD + b"\0\0\0\0\0" + metadata.xmp
