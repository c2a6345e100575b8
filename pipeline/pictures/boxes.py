"""The boxes of HEIF, AVIF and JPEG XL files (ISO/IEC 14496-12), and what of them is left out."""

import os
import re
from collections.abc import Iterator
from typing import BinaryIO

from pipeline.pictures.xmp import claims_video

VIDEO_LEFT_OUT = "The video of the motion photo was left out."
BEHIND_LEFT_OUT = "The data behind the picture was left out."
_SEQUENCE_LEFT_OUT = "The film that the file also holds was left out."

VIDEO = re.compile(rb"\0\0[\0-\x02].ftyp(?:mp4|isom|iso[2-9]|avc1|qt  |M4V |3gp)", re.DOTALL)
"""How a video begins that another program put behind a picture."""
_VIDEO, _SEQUENCE = b"mpvd", b"moov"  # the former of Google's and Samsung's motion photos
# what says how the pixels are stored, what is read elsewhere, and what is empty
_KNOWN = frozenset(
    (b"ftyp", b"meta", b"mdat", b"idat", b"free", b"skip", b"wide", b"pdin", b"Exif", b"xml ", b"brob")
    + (b"JXL ", b"jxll", b"jxlc", b"jxlp", b"jxli", b"jbrd")
)
_MOST_BOXES = 10_000
_MOST_PADDING = 1 << 16  # bytes
_NAMED = 8


def notes_on_omissions(file: BinaryIO, packet: bytes | None, *, animated: bool = False) -> tuple[str, ...]:
    """Sentences on a video, a film, and data that a file has beside its picture and its metadata.

    packet: its XMP; animated: whether the film is the picture itself
    """
    kinds, end, size = _own_boxes(file)
    file.seek(end)
    behind = file.read(_MOST_PADDING)
    has_data = bool(behind.strip(b"\0")) or size - end > _MOST_PADDING
    notes = []
    if _VIDEO in kinds or (has_data and (behind[4:8] == b"ftyp" or claims_video(packet or b""))):
        notes.append(VIDEO_LEFT_OUT)
    elif has_data:
        notes.append(BEHIND_LEFT_OUT)
    if _SEQUENCE in kinds and not animated:
        notes.append(_SEQUENCE_LEFT_OUT)
    foreign = dict.fromkeys(kind for kind in kinds if kind not in _KNOWN | {_VIDEO, _SEQUENCE})
    if foreign:
        names = ", ".join(kind.decode("ascii").strip() for kind in list(foreign)[:_NAMED])
        notes.append(f"Data of other programs was left out ({names}).")
    return tuple(notes)


def end_of_picture(file: BinaryIO) -> int:
    """Where the last box of a file ends that is not another file behind it."""
    return _own_boxes(file)[1]


def _own_boxes(file: BinaryIO) -> tuple[list[bytes], int, int]:
    """The types of a file's own boxes, the end of the last, and the size of the file."""
    size = file.seek(0, os.SEEK_END)
    kinds: list[bytes] = []
    end = 0
    for kind, stop in _boxes(file, size):
        if kind == b"ftyp" and b"ftyp" in kinds:
            break  # a second file behind the first
        kinds.append(kind)
        end = stop
    return kinds, end, size


def _boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int]]:
    """Type and end of the boxes at the top of a file, up to the first that cannot be one."""
    at = 0
    for _ in range(_MOST_BOXES):
        file.seek(at)
        head = file.read(16)
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        elif length == 0 and len(head) >= 8:
            length = size - at  # up to the end of the file
        if length < 8 or at + length > size or not (kind.isascii() and kind.decode("ascii").isprintable()):
            return
        at += length
        yield kind, at
