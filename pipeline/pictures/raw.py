"""Recognises raw photographs of any maker by content, and knows their suffixes.

Most raw files have the structure of TIFF, and a thumbnail is the first or only picture in them that a reader
of TIFF can decode.
"""

import re
import struct
from typing import BinaryIO

from pipeline.pictures.ifd import INTEGER, SIZE, Layout, Reader, Slot, header_of, reader_of_file, slots_at

_NAMES = (
    ".3fr .ari .arq .arw .bay .bmq .cap .cine .cr2 .cr3 .crm .crw .cs1 .dc2 .dcr .dng .drf .dsc "
    ".eip .erf .fff .gpr .iiq .j6i .k25 .kc2 .kdc .mdc .mef .mfw .mos .mrw .nef .nrw .obm .orf "
    ".ori .pef .ptx .pxn .qtk .r3d .raf .raw .rdc .rw2 .rwl .rwz .sr2 .srf .srw .sti .x3f"
)
SUFFIXES = frozenset(_NAMES.split())
"""Suffixes (lower case) of raw photographs."""

_MAGIC = (
    (0, b"FUJIFILMCCD-RAW"),
    (0, b"FOVb"),
    (0, b"\0MRM"),
    (0, b"\0MRI"),
    (0, b"IIRO"),
    (0, b"IIRS"),
    (0, b"MMOR"),
    (0, b"IIU\0"),
    (4, b"ftypcrx"),
    (6, b"HEAPCCDR"),
    (6, b"HEAPJPGM"),
)
# in a TIFF, whose pixels may begin at byte 8: Canon's CR2, with its first directory at byte 16, and the whole
# mark of Phase One (ExifTool, PhaseOne.pm)
_MAGIC_IN_TIFF = re.compile(rb"II\*\0\x10\0\0\0CR\x02|(II\*\0|MM\0\*).{4}(IIII.waR|MMMMRaw.)", re.DOTALL)
_HEAD_BYTES = 16

_SUBFILES, _EXIF, _COMPRESSION, _PHOTOMETRIC = 330, 34665, 259, 262
# DNG's version, TIFF/EP's colour filter array (2), Leaf's and Kodak's own directories
_RAW_TAGS = frozenset((50706, 33421, 33422, 34310, 65024))
_NONE: frozenset[int] = frozenset()
_RAW_VALUES = {
    _PHOTOMETRIC: frozenset((32803, 34892)),  # colour filter array, linear raw
    # of Kodak, Sony, Epson, Samsung, Nikon, DNG, Pentax
    _COMPRESSION: frozenset((262, 32767, 32769, 32770, 32867, 34713, 34892, 65000, 65535)),
}
_READ_TAGS = frozenset((_SUBFILES, _EXIF, *_RAW_VALUES))
_MOST_DIRECTORIES = 64


def is_raw(file: BinaryIO) -> bool:
    """Whether an open file is a raw photograph by its content; the file is left at its start."""
    head = file.read(_HEAD_BYTES)
    try:
        if any(head[at:].startswith(magic) for at, magic in _MAGIC) or _MAGIC_IN_TIFF.match(head):
            return True
        return head[:2] in (b"II", b"MM") and _has_raw_directory(reader_of_file(file))
    finally:
        file.seek(0)


def _has_raw_directory(read: Reader) -> bool:
    """Whether one of a TIFF's directories, those below others included, tells of a sensor's own values."""
    try:
        layout, first = header_of(read)
    except (ValueError, struct.error):
        return False
    waiting, seen = [first], {0}
    while waiting and len(seen) <= _MOST_DIRECTORIES:
        offset = waiting.pop()
        if offset in seen:
            continue
        seen.add(offset)
        try:
            slots, link = slots_at(read, layout, offset)
            waiting.append(layout.unpack(layout.offset_code, read(link, layout.field_size)))
        except (ValueError, struct.error):
            continue  # the others are still looked at
        for slot in slots:
            values = _integers(read, layout, slot) if slot.tag in _READ_TAGS else ()
            if slot.tag in _RAW_TAGS or _RAW_VALUES.get(slot.tag, _NONE).intersection(values):
                return True
            if slot.tag in (_SUBFILES, _EXIF):
                waiting += values
    return False


def _integers(read: Reader, layout: Layout, slot: Slot) -> tuple[int, ...]:
    """The first values of an entry of whole numbers."""
    number = min(slot.number, _MOST_DIRECTORIES)
    try:
        code = f"{layout.order}{number}{INTEGER[slot.kind]}"
        return struct.unpack(code, read(slot.position, SIZE[slot.kind] * number))
    except (ValueError, KeyError, struct.error):
        return ()
