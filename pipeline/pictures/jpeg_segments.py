"""The segments of a JPEG file, found without decoding it (ISO/IEC 10918-1, annex B)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

COMMENT = 0xFE
APP = 0xE0
"""Marker of APP0; the others follow."""

_KEPT = (0xE0, 0xEE)  # JFIF and Adobe: how the pixels are meant
_END, _SCAN = 0xD9, 0xDA
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")  # neither stuffing nor a restart within a scan
_IS_MARKER = np.array([_MARKER.match(bytes((0xFF, code))) is not None for code in range(256)])
_NEAR, _STRETCH = 1 << 10, 1 << 20
_START = 0xD8
_ALONE = (0x01, _START)
_MAX_SEGMENTS = 16_384
_EXIF_PREFIX = b"Exif\0\0"


@dataclass(frozen=True)
class Parts:
    """A JPEG file in parts.

    picture: what decodes to the pixels, with the first EXIF block, which may give the resolution;
    segments: marker and content of the APP segments and comments; trailer: what lies behind the picture
    """

    picture: bytes
    segments: tuple[tuple[int, bytes], ...]
    trailer: bytes


def split(data: bytes) -> Parts:
    """The parts of a JPEG file. A picture that is cut off goes to its end.

    Raises:
        ValueError: there are more segments than any real file has.
    """
    pieces: list[bytes] = []
    segments: list[tuple[int, bytes]] = []
    start = at = 2
    has_exif = False
    for marker, at, end in _segments(data, 0):
        if marker == _END:
            return Parts(b"".join((data[:2], *pieces, data[start:end])), tuple(segments), data[end:])
        if APP <= marker <= APP + 15 or marker == COMMENT:
            content = data[at + 4 : end]
            segments.append((marker, content))
            is_first_exif = not has_exif and marker == APP + 1 and content.startswith(_EXIF_PREFIX)
            has_exif = has_exif or is_first_exif
            if marker not in _KEPT and not is_first_exif:
                pieces.append(data[start:at])
                start = end
    return Parts(b"".join((data[:2], *pieces, data[start:])), tuple(segments), b"")


def picture_end(data: bytes | bytearray, start: int) -> int | None:
    """Where the picture that begins at ``start`` ends; None if no whole picture is there."""
    has_scan = False
    try:
        for marker, _, end in _segments(data, start):
            if marker == _START:
                return None
            has_scan = has_scan or marker == _SCAN
            if marker == _END:
                return end if has_scan else None
    except ValueError:
        return None
    return None


def _segments(data: bytes | bytearray, start: int) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each segment behind the start marker, up to the end marker or a cut."""
    at = start + 2
    for _ in range(_MAX_SEGMENTS):
        found = _next_marker(data, at)
        if found is None:
            return
        marker, at = data[found + 1], found
        if marker == _END or marker in _ALONE:
            end = at + 2
        else:
            length = int.from_bytes(data[at + 2 : at + 4], "big")
            end = at + 2 + length
            if length < 2 or end > len(data):
                return
        yield marker, at, end
        if marker == _END:
            return
        at = end
    raise ValueError("too many segments")


def _next_marker(data: bytes | bytearray, at: int) -> int | None:
    """Where the next marker is: most are near, but one lies behind all pixels."""
    near = _MARKER.search(data, at, at + _NEAR)
    if near is not None:
        return near.start()
    for start in range(at, len(data), _STRETCH):
        stretch = np.frombuffer(data, np.uint8, min(_STRETCH + 1, len(data) - start), start)
        places = np.flatnonzero(stretch[:-1] == 0xFF)
        places = places[_IS_MARKER[stretch[places + 1]]]
        if places.size:
            return start + int(places[0])
    return None
