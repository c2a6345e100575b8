"""EXIF, XMP and IPTC: the orientation they give, and how they go along with new pixels.

In JPEG, PNG and WebP, EXIF is a block of its own: a few values are changed in place and every other byte
keeps its place, since makers' notes hold offsets. In a TIFF its directories are copied.
"""

import re
import struct
from dataclasses import replace
from typing import BinaryIO

from pipeline.pictures.ifd import (
    EXIF_IFD,
    INTEGER,
    INTEROP_IFD,
    SIZE,
    Entry,
    Layout,
    Slot,
    directory_at,
    header_of,
    read_directory,
    reader_of,
    reader_of_file,
    slots_at,
    to_block,
    to_bytes,
)
from pipeline.pictures.jpeg_segments import picture_end
from pipeline.pictures.types import Metadata
from pipeline.pictures.xmp import PacketError, may_claim, truthful_packet

ORIENTATION, XMP, IPTC, PHOTOSHOP, ICC_PROFILE = 274, 700, 33723, 34377, 34675
_PIXEL_X, _PIXEL_Y = 40962, 40963
_SETTABLE = (3, 4)  # 16 and 32 bits, which lie in the entry itself
_THUMBNAIL_PIXELS = ((513, 514), (273, 279))  # tags of places and sizes: of a JPEG, of strips
_MAX_THUMBNAILS, _MAX_STRIPS, _MAX_PREVIEWS = 4, 1024, 64

DESCRIPTIVE = frozenset(
    # name, description, make, model, page, software, date, artist, host, ratings, copyright, Windows' own
    (269, 270, 271, 272, 285, 305, 306, 315, 316, 18246, 18249, 33432, *range(40091, 40096), 36867)
)
"""Tags of a TIFF's first directory that describe the photograph, not how its pixels are stored."""


def orientation_of(block: bytes) -> int:
    """The orientation (1 to 8) in an EXIF block; 1 if there is none."""
    try:
        entry = read_directory(reader_of(block), {ORIENTATION}).entries[ORIENTATION]
        value = int(struct.unpack("<" + INTEGER[entry.kind], entry.data)[0])
    except (ValueError, KeyError, struct.error):
        return 1
    return value if 1 <= value <= 8 and entry.kind in _SETTABLE else 1


def is_block(data: bytes) -> bool:
    """Whether ``data`` begins as an EXIF block does."""
    return data[:2] in (b"II", b"MM")


def for_upright(block: bytes, width: int, height: int) -> bytes | None:
    """An EXIF block for pixels that are upright now: orientation 1, this size, no thumbnail.

    The bytes of the thumbnail, and of every JPEG preview in makers' notes, are zero.

    None if the block is damaged beyond use.
    """
    read = reader_of(block)
    try:
        layout, offset = header_of(read)
        main, link = slots_at(read, layout, offset)
    except (ValueError, struct.error):
        return None
    result = bytearray(block)
    _wipe_thumbnails(result, layout, link)
    _wipe_previews(result)
    _set_integers(result, main, layout, {ORIENTATION: 1})
    if link + layout.field_size <= len(result):
        result[link : link + layout.field_size] = bytes(layout.field_size)
    for slot in main:
        if slot.tag == EXIF_IFD and slot.kind in INTEGER:
            try:
                below = layout.unpack(INTEGER[slot.kind], read(slot.position, SIZE[slot.kind]))
                inner = slots_at(read, layout, below)[0]
            except (ValueError, struct.error):
                continue
            _set_integers(result, inner, layout, {_PIXEL_X: width, _PIXEL_Y: height})
    return bytes(result)


def _wipe_thumbnails(block: bytearray, layout: Layout, link: int) -> None:
    """Zero the pixels of the directories behind the first, which ``link`` points to."""
    for _ in range(_MAX_THUMBNAILS):
        read = reader_of(bytes(block))
        try:
            offset = layout.unpack(layout.offset_code, read(link, layout.field_size))
            slots, link = slots_at(read, layout, offset) if offset else ([], 0)
        except (ValueError, struct.error):
            return
        if not slots:
            return
        numbers = {slot.tag: _integers(block, slot, layout) for slot in slots if slot.kind in INTEGER}
        for places, sizes in _THUMBNAIL_PIXELS:
            for at, size in zip(numbers.get(places, ()), numbers.get(sizes, ()), strict=False):
                if at > layout.field_size:  # behind the header
                    _wipe(block, at, min(at + size, len(block)), link)


def _wipe(block: bytearray, start: int, end: int, link: int) -> None:
    """Zero a stretch, unless it overlaps the directory that points to it, as only damaged blocks have it."""
    if start < end and not start <= link < end:
        block[start:end] = bytes(end - start)


def _wipe_previews(block: bytearray) -> None:
    """Zero every whole JPEG picture, wherever it lies."""
    at = 0
    for _ in range(_MAX_PREVIEWS):
        at = block.find(b"\xff\xd8\xff", at)
        if at < 0:
            return
        end = picture_end(block, at)
        if end is None:
            at += 2
        else:
            block[at:end] = bytes(end - at)
            at = end


def _integers(block: bytearray, slot: Slot, layout: Layout) -> tuple[int, ...]:
    number = min(slot.number, _MAX_STRIPS)
    try:
        values = struct.unpack_from(f"{layout.order}{number}{INTEGER[slot.kind]}", block, slot.position)
    except struct.error:
        return ()
    return tuple(int(value) for value in values)


def _set_integers(block: bytearray, slots: list[Slot], layout: Layout, values: dict[int, int]) -> None:
    for slot in slots:
        if slot.tag in values and slot.number == 1 and slot.kind in _SETTABLE:
            limit = 0xFFFF if slot.kind == 3 else 0xFFFFFFFF
            value = min(values[slot.tag], limit)
            struct.pack_into(layout.order + INTEGER[slot.kind], block, slot.position, value)


def xmp_for_upright(xmp: bytes) -> bytes:
    """An XMP packet whose ``tiff:Orientation``, if it has one, is 1."""
    return re.sub(rb"(<tiff:Orientation>|tiff:Orientation=[\"'])\s*[2-8]", rb"\g<1>1", xmp)


def upright_metadata(metadata: Metadata, width: int, height: int) -> Metadata:
    """``metadata`` for pixels that are upright now and of this size; damaged EXIF and XMP are left out."""
    return replace(
        metadata,
        exif=for_upright(metadata.exif, width, height) if metadata.exif else None,
        xmp=_truthful_xmp(metadata.xmp, width, height) if metadata.xmp else None,
    )


def _truthful_xmp(packet: bytes, width: int, height: int) -> bytes | None:
    try:
        return truthful_packet(packet, width, height)
    except PacketError:
        return None if may_claim(packet) else xmp_for_upright(packet)


def block_from_tiff(file: BinaryIO, page: int | None = None) -> bytes | None:
    """The description of a TIFF file's photograph as an EXIF block without orientation; None if empty.

    page: the offset of its page's directory; None for the first
    """
    read = reader_of_file(file)
    try:
        layout, first = header_of(read)
        directory = directory_at(read, layout, first if page is None else page, DESCRIPTIVE)
    except (ValueError, struct.error):
        return None
    directory.children.pop(INTEROP_IFD, None)
    return to_block(directory) if directory.entries or directory.children else None


def describe_tiff(
    file: BinaryIO,
    exif: bytes | None,
    xmp: bytes | None,
    iptc: bytes | None,
    photoshop: bytes | None = None,
) -> None:
    """Add an EXIF block, an XMP packet, IPTC records and Photoshop's resources to a little-endian TIFF.

    file: open for reading and writing

    A new first directory, with all the old one has, goes to the end of the file.
    """
    read = reader_of_file(file)
    layout, offset = header_of(read)
    main = directory_at(read, layout, offset)
    if exif is not None:
        description = read_directory(reader_of(exif), DESCRIPTIVE)
        description.children.pop(INTEROP_IFD, None)
        main.entries.update(description.entries)
        main.children.update(description.children)
    if xmp is not None:
        main.entries[XMP] = Entry(1, len(xmp), xmp)
    if iptc is not None:
        main.entries[IPTC] = Entry(7, len(iptc), iptc)
    if photoshop is not None:
        main.entries[PHOTOSHOP] = Entry(1, len(photoshop), photoshop)
    end = file.seek(0, 2)
    if end % 2:
        end += file.write(b"\0")
    file.write(to_bytes(main, layout, end))
    file.seek(8 if layout.big else 4)
    file.write(struct.pack(layout.order + layout.offset_code, end))
