"""GIF in: the first frame through Pillow, metadata by extension block (GIF89a; ICC.1:2022 §B.6)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from PIL import GifImagePlugin

from pipeline.pictures.boxes import BEHIND_LEFT_OUT
from pipeline.pictures.other import decoded_by_pillow
from pipeline.pictures.types import MAX_METADATA_BYTES, Decoded, Metadata, check_size

_EXTENSION, _IMAGE, _END = 0x21, 0x2C, 0x3B
_APPLICATION, _COMMENT, _TEXT = 0xFF, 0xFE, 0x01
_ANIMATION = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_PROFILE, _XMP = b"ICCRGBG1012", b"XMP DataXMP"
_XMP_TRAILER = 257  # bytes that make a reader of blocks find the end of a packet that is not in blocks
_MAX_BLOCKS = 65_536


@dataclass(frozen=True)
class _Extension:
    """An extension block: its label, and its content in one piece or as it lies in the file.

    What lies behind the end of the picture counts as one, with the label ``_END``.
    """

    label: int
    name: bytes  # of an application
    content: bytes
    raw: bytes


def read_gif(file: BinaryIO, name: str) -> Decoded:
    """Decode the first frame of a GIF file as grey, RGB or RGBA."""
    data = file.read()
    check_size(name, int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little"))
    file.seek(0)
    image = GifImagePlugin.GifImageFile(file)
    extensions = list(_extensions(data))
    decoded = decoded_by_pillow(image, name, _metadata(extensions))
    if image.is_animated:
        decoded = decoded.noting("The picture is animated; only its first frame is used.")
    return decoded.noting(*_notes(extensions))


def _metadata(extensions: list[_Extension]) -> Metadata:
    profile = next((each.content for each in extensions if each.name == _PROFILE), None)
    packet = next((each.raw for each in extensions if each.name == _XMP), None)
    return Metadata(icc_profile=profile, xmp=packet)


def _notes(extensions: list[_Extension]) -> Iterator[str]:
    if any(each.label == _COMMENT and each.content.strip() for each in extensions):
        yield "The comment was left out."
    if any(each.label == _TEXT for each in extensions):
        yield "The text beside the picture was left out."
    if any(each.label == _END and each.content.strip(b"\0") for each in extensions):
        yield BEHIND_LEFT_OUT
    foreign = dict.fromkeys(
        re.sub(r"[^ -~]", "?", each.name.decode("latin-1")).strip()
        for each in extensions
        if each.label == _APPLICATION and each.name not in (*_ANIMATION, _PROFILE, _XMP)
    )
    if foreign:
        yield f"Data of other programs was left out ({', '.join(list(foreign)[:8])})."


def _extensions(data: bytes) -> Iterator[_Extension]:
    """The extension blocks of a GIF file, up to damage; of pixels, only where they end is looked for."""
    at = 13 + _table_bytes(data[10:11])
    length = 0
    for _ in range(_MAX_BLOCKS):
        kind = data[at : at + 1]
        if kind == bytes((_IMAGE,)):
            at = _end_of_blocks(data, at + 11 + _table_bytes(data[at + 9 : at + 10]))
        elif kind == bytes((_EXTENSION,)):
            label, size = data[at + 1 : at + 2], data[at + 2 : at + 3]
            if not size:
                return
            start = at + 2
            name = b""
            if label[0] == _APPLICATION:
                name = data[start + 1 : start + 1 + size[0]]
                start += 1 + size[0]
            end = _end_of_blocks(data, start)
            length += end - start
            if length > MAX_METADATA_BYTES:
                return
            raw = data[start : max(start, end - _XMP_TRAILER - 1)]
            yield _Extension(label[0], name, b"".join(_blocks(data, start, end)), raw)
            at = end
        else:
            if kind == bytes((_END,)):
                yield _Extension(_END, b"", data[at + 1 :], b"")
            return


def _table_bytes(flags: bytes) -> int:
    return 3 << ((flags[0] & 7) + 1) if flags and flags[0] & 0x80 else 0


def _end_of_blocks(data: bytes, at: int) -> int:
    """Where a row of blocks, each after its length, ends with one of no length."""
    while at < len(data) and data[at]:
        at += 1 + data[at]
    return at + 1


def _blocks(data: bytes, at: int, end: int) -> Iterator[bytes]:
    while at < min(end, len(data)) and data[at]:
        yield data[at + 1 : at + 1 + data[at]]
        at += 1 + data[at]
