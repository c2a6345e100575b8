"""TIFF directories (IFDs), of which EXIF consists too: read entry by entry, and written.

After TIFF 6.0, its 64-bit sibling BigTIFF, and EXIF 2.32. Values are kept as bytes, little-endian whatever
the file's order was, so that a directory can move between files.
"""

import struct
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

import numpy as np

from pipeline.pictures.types import MAX_METADATA_BYTES

EXIF_IFD, GPS_IFD, INTEROP_IFD = 34665, 34853, 40965
_POINTERS = frozenset((EXIF_IFD, GPS_IFD, INTEROP_IFD))

# TIFF type → bytes of the word that byte orders swap; a rational has two words
_WORD = dict.fromkeys((1, 2, 6, 7), 1) | dict.fromkeys((3, 8), 2)
_WORD |= dict.fromkeys((4, 5, 9, 10, 11, 13), 4) | dict.fromkeys((12, 16, 17, 18), 8)
SIZE = {kind: word * (2 if kind in (5, 10) else 1) for kind, word in _WORD.items()}
INTEGER = {3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_MAX_ENTRIES = 4096
_MAX_DEPTH = 2  # first directory, EXIF, interoperability; a loop of pointers ends here

Reader = Callable[[int, int], bytes]  # offset, size → exactly that many bytes, or ValueError


class Entry(NamedTuple):
    """A tag's value: TIFF type, number of values, little-endian bytes."""

    kind: int
    number: int
    data: bytes


@dataclass(frozen=True)
class Directory:
    """One IFD: its entries by tag, and the directories below it by the tag that points to them."""

    entries: dict[int, Entry] = field(default_factory=dict)
    children: dict[int, "Directory"] = field(default_factory=dict)


@dataclass
class Budget:
    """How many bytes of values may still be read: all entries of a hostile file point to one large value."""

    left: int = MAX_METADATA_BYTES

    def allows(self, size: int) -> bool:
        """Whether ``size`` more bytes may be read, which then counts as done."""
        if size > self.left:
            return False
        self.left -= size
        return True


class Layout(NamedTuple):
    """Byte order and width of offsets."""

    order: str  # "<" or ">"
    big: bool  # BigTIFF

    def unpack(self, code: str, data: bytes) -> int:
        """One number by its ``struct`` code."""
        return int(struct.unpack(self.order + code, data)[0])

    @property
    def number_code(self) -> str:
        """``struct`` code of a directory's number of entries."""
        return "Q" if self.big else "H"

    @property
    def offset_code(self) -> str:
        """``struct`` code of an offset."""
        return "Q" if self.big else "I"

    @property
    def field_size(self) -> int:
        """Bytes of an entry's value field; longer values lie elsewhere."""
        return 8 if self.big else 4


class Slot(NamedTuple):
    """Where an entry's value lies."""

    tag: int
    kind: int
    number: int
    position: int  # of the value
    size: int


def reader_of(block: bytes) -> Reader:
    """Bounds-checked access to a block in memory."""

    def read(offset: int, size: int) -> bytes:
        piece = block[offset : offset + size]
        if len(piece) != size:
            raise ValueError("an offset points outside the block")
        return piece

    return read


def reader_of_file(file: BinaryIO) -> Reader:
    """Bounds-checked access to an open file."""
    end = file.seek(0, 2)

    def read(offset: int, size: int) -> bytes:
        if offset + size > end:
            raise ValueError("an offset points outside the file")
        file.seek(offset)
        return file.read(size)

    return read


def header_of(read: Reader) -> tuple[Layout, int]:
    """The layout of a TIFF structure and the offset of its first directory. Raises ValueError."""
    magic = read(0, 4)
    order = {b"II": "<", b"MM": ">"}.get(magic[:2])
    if order is None:
        raise ValueError("not a TIFF structure")
    version = struct.unpack(order + "H", magic[2:])[0]
    layout = Layout(order, big=version == 43)
    if version not in (42, 43):
        raise ValueError("not a TIFF structure")
    at = 8 if layout.big else 4
    return layout, layout.unpack(layout.offset_code, read(at, layout.field_size))


def slots_at(read: Reader, layout: Layout, offset: int) -> tuple[list[Slot], int]:
    """The entries of the directory at ``offset``, and where the offset of the next directory is written."""
    head = struct.calcsize(layout.order + layout.number_code)
    number = layout.unpack(layout.number_code, read(offset, head))
    if number > _MAX_ENTRIES:
        raise ValueError("too many entries")
    step = 4 + 2 * layout.field_size
    table = read(offset + head, number * step)
    slots = []
    for index in range(number):
        tag, kind, count = struct.unpack_from(f"{layout.order}HH{layout.offset_code}", table, index * step)
        if kind not in SIZE:
            continue
        position = offset + head + index * step + 4 + layout.field_size
        size = SIZE[kind] * count
        if size > layout.field_size:
            position = layout.unpack(layout.offset_code, read(position, layout.field_size))
        slots.append(Slot(tag, kind, count, position, size))
    return slots, offset + head + number * step


def _little_endian(data: bytes, kind: int, layout: Layout) -> bytes:
    if layout.order == "<" or _WORD[kind] == 1:
        return data
    return np.frombuffer(data, f">u{_WORD[kind]}").astype(f"<u{_WORD[kind]}").tobytes()


def directory_at(
    read: Reader,
    layout: Layout,
    offset: int,
    tags: Container[int] | None = None,
    depth: int = 0,
    budget: Budget | None = None,
) -> Directory:
    """The directory at ``offset`` with those below it, without damaged entries.

    tags: which of its entries to read; None for all; budget: what it and those below it may hold together
    """
    directory = Directory()
    budget = budget or Budget()
    for slot in slots_at(read, layout, offset)[0]:
        try:
            if slot.tag in _POINTERS:
                if depth < _MAX_DEPTH:
                    below = layout.unpack(INTEGER[slot.kind], read(slot.position, SIZE[slot.kind]))
                    directory.children[slot.tag] = directory_at(
                        read, layout, below, depth=depth + 1, budget=budget
                    )
            elif (tags is None or slot.tag in tags) and budget.allows(slot.size):
                data = _little_endian(read(slot.position, slot.size), slot.kind, layout)
                directory.entries[slot.tag] = Entry(slot.kind, slot.number, data)
        except (ValueError, KeyError, struct.error):
            continue  # the other entries are still read
    return directory


def read_directory(read: Reader, tags: Container[int] | None = None) -> Directory:
    """The first directory of a TIFF structure, as ``directory_at`` reads it.

    Raises:
        ValueError: the header or the first directory is damaged.
    """
    layout, offset = header_of(read)
    return directory_at(read, layout, offset, tags)


def to_bytes(directory: Directory, layout: Layout, base: int) -> bytes:
    """``directory`` as bytes that start at offset ``base`` (even) of their file."""
    tags = sorted({*directory.entries, *directory.children})
    table = struct.pack(layout.order + layout.number_code, len(tags))
    room = base + len(table) + len(tags) * (4 + 2 * layout.field_size) + layout.field_size
    tail = bytearray()
    for tag in tags:
        if len(tail) % 2:
            tail += b"\0"
        if tag in directory.children:
            kind, count = 4, 1
            value = struct.pack(layout.order + layout.offset_code, room + len(tail))
            if layout.big:
                kind = 18
            tail += to_bytes(directory.children[tag], layout, room + len(tail))
        else:
            kind, count, value = directory.entries[tag]
            if len(value) > layout.field_size:
                tail += value
                value = struct.pack(layout.order + layout.offset_code, room + len(tail) - len(value))
        table += struct.pack(f"{layout.order}HH{layout.offset_code}", tag, kind, count)
        table += value.ljust(layout.field_size, b"\0")
    return table + bytes(layout.field_size) + tail


def to_block(directory: Directory) -> bytes:
    """``directory`` as an EXIF block (little-endian, without the ``Exif\\0\\0`` prefix)."""
    layout = Layout("<", big=False)
    return b"II*\0" + struct.pack("<I", 8) + to_bytes(directory, layout, 8)
