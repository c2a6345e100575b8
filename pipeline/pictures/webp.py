"""WebP in and out: pixels through libwebp, metadata by RIFF chunk (WebP container specification)."""

import struct
from collections.abc import Iterator
from io import BytesIO
from typing import Any, BinaryIO

import imagecodecs

from pipeline.pictures.boxes import BEHIND_LEFT_OUT
from pipeline.pictures.exif import orientation_of
from pipeline.pictures.pixels import to_pillow
from pipeline.pictures.types import Decoded, Metadata, Pixels, check_size

QUALITY = 95
"""Quality of lossy files; pictures that came from a lossless file are written without loss."""

_EXIF_PREFIX = b"Exif\0\0"
_ALPHA_FLAG = 0x10
_KNOWN = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP", b"EXIF", b"XMP "))
_MAX_CHUNKS = 65_536


def read_webp(file: BinaryIO, name: str) -> Decoded:
    """Decode a WebP file; of an animation, the first frame on its canvas."""
    data = file.read()
    chunks: dict[bytes, bytes] = {}
    for number, (kind, content) in enumerate(_chunks(data)):
        if number >= _MAX_CHUNKS:
            raise ValueError("too many chunks")
        chunks.setdefault(kind, content)
    width, height = _canvas(chunks)
    check_size(name, width, height)
    has_alpha = b"VP8X" in chunks and chunks[b"VP8X"][0] & _ALPHA_FLAG
    pixels = imagecodecs.webp_decode(data, hasalpha=True if has_alpha else None)
    exif = chunks.get(b"EXIF", b"").removeprefix(_EXIF_PREFIX) or None
    frame = chunks.get(b"ANMF")
    metadata = Metadata(
        icc_profile=chunks.get(b"ICCP"),
        exif=exif,
        xmp=chunks.get(b"XMP "),
        lossless=b"VP8L" in chunks or (frame is not None and frame[16:20] == b"VP8L"),
    )
    decoded = Decoded(pixels, metadata, orientation_of(exif) if exif else 1)
    if frame is not None:
        decoded = decoded.noting("The picture is animated; only its first frame is used.")
    foreign = [kind.decode("ascii", "replace").strip() for kind in chunks if kind not in _KNOWN]
    if foreign:
        names = ", ".join(name if name.isalnum() else "unnamed" for name in foreign[:8])
        decoded = decoded.noting(f"Data of other programs was left out ({names}).")
    if data[_end(data) :].strip(b"\0"):
        decoded = decoded.noting(BEHIND_LEFT_OUT)
    return decoded


def write_webp(file: BinaryIO, pixels: Pixels, metadata: Metadata) -> None:
    """Encode uint8 RGB or RGBA ``[H, W, 3|4]``, without loss if the picture came from a lossless file."""
    options: dict[str, Any] = {"exact": True}
    if metadata.lossless:
        options |= {"lossless": True, "method": 0, "quality": 50}
    else:
        options |= {"quality": QUALITY, "method": 4}
    if metadata.icc_profile:
        options["icc_profile"] = metadata.icc_profile
    if metadata.exif:
        options["exif"] = _EXIF_PREFIX + metadata.exif
    if metadata.xmp:
        options["xmp"] = metadata.xmp
    encoded = BytesIO()
    to_pillow(pixels).save(encoded, "WEBP", **options)
    file.write(encoded.getbuffer())


def _end(data: bytes) -> int:
    """Where the RIFF container ends; the file, if that is cut."""
    size = int(struct.unpack_from("<I", data, 4)[0])
    return min(8 + size + size % 2, len(data))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= _end(data):
        kind, size = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        yield kind, data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _canvas(chunks: dict[bytes, bytes]) -> tuple[int, int]:
    """Width and height of the picture, from the chunk that has them."""
    if b"VP8X" in chunks:
        return _uint24(chunks[b"VP8X"], 4) + 1, _uint24(chunks[b"VP8X"], 7) + 1
    if b"VP8L" in chunks:
        packed = struct.unpack_from("<I", chunks[b"VP8L"], 1)[0]
        return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", chunks[b"VP8 "], 6)
    return width & 0x3FFF, height & 0x3FFF


def _uint24(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 3], "little")
