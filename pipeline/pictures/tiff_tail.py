"""Whether data lies behind everything that the directories of a TIFF file point to."""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from pipeline.pictures.ifd import (
    EXIF_IFD,
    GPS_IFD,
    INTEGER,
    INTEROP_IFD,
    Budget,
    Layout,
    Reader,
    Slot,
    header_of,
    reader_of_file,
    slots_at,
)

_SUB_IFDS = 330
_DIRECTORIES = (EXIF_IFD, GPS_IFD, INTEROP_IFD, _SUB_IFDS)
# offsets and byte counts of strips, tiles, free bytes, and a JPEG stream (TIFF 6.0)
_STRETCHES = ((273, 279), (324, 325), (288, 289), (513, 514))
_MOST_DIRECTORIES = 256
_LEAST = 64  # bytes; less is the padding or the mark of a program
_MOST_PADDING = 1 << 16


def has_data_behind(file: BinaryIO) -> bool:
    """Whether more than padding follows; False for a file of too many directories to tell."""
    size = file.seek(0, 2)
    read = reader_of_file(file)
    try:
        layout, first = header_of(read)
        end = max(_ends(read, layout, first))
    except (ValueError, KeyError, struct.error):
        return False
    if size - end < _LEAST:
        return False
    file.seek(end)
    return bool(file.read(_MOST_PADDING).strip(b"\0")) or size - end > _MOST_PADDING


def _ends(read: Reader, layout: Layout, first: int) -> Iterator[int]:
    """Where each directory, and each stretch of data that it names, ends. Raises ValueError if damaged."""
    waiting, seen, budget = [first], set(), Budget()
    while waiting:
        offset = waiting.pop()
        if not offset or offset in seen:
            continue
        seen.add(offset)
        if len(seen) > _MOST_DIRECTORIES:
            raise ValueError("too many directories")
        slots, link = slots_at(read, layout, offset)
        following = layout.unpack(layout.offset_code, read(link, layout.field_size))
        waiting.append(following)
        yield link + layout.field_size
        by_tag = {slot.tag: slot for slot in slots}
        for slot in slots:
            yield slot.position + slot.size
            if slot.tag in _DIRECTORIES:
                waiting += _numbers(read, layout, slot, budget)
        for at, length in _STRETCHES:
            if at in by_tag and length in by_tag:
                starts = _numbers(read, layout, by_tag[at], budget)
                lengths = _numbers(read, layout, by_tag[length], budget)
                yield from map(sum, zip(starts, lengths, strict=False))


def _numbers(read: Reader, layout: Layout, slot: Slot, budget: Budget) -> tuple[int, ...]:
    if not budget.allows(slot.size):
        raise ValueError("too many numbers")
    return struct.unpack(f"{layout.order}{slot.number}{INTEGER[slot.kind]}", read(slot.position, slot.size))
