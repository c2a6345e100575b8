"""The zip files that torch saves since 1.6: a pickle, and one stored entry for each storage.

Only what torch itself writes is accepted: entries that are stored, not compressed, each name once, without
overlaps. So reading never takes more memory than the file's size.
"""

import struct
import zlib
from typing import NamedTuple

import numpy as np

from retouchml.errors import ModelCorrupt
from stylegan2.formats.network_file import Array
from stylegan2.formats.torch_values import StorageKey

START = b"PK\x03\x04"
_MOST_ENTRIES = 20_000
_LONGEST_NAME = 512
_END = struct.Struct("<4s4H2LH")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_ENCRYPTED = 0x1
_AGAIN = "Get the file again."


class _Entry(NamedTuple):
    """An entry of the zip file's directory."""

    name: str
    start: int  # offset of its header
    first: int  # offset of its content
    size: int  # of its content in bytes
    checksum: int


class Archive:
    """A zip file of torch in memory. Raises ModelCorrupt if it is something else."""

    def __init__(self, data: memoryview, what: str) -> None:
        self._data, self._what = data, what
        entries, end = self._directory()
        names = {entry.name for entry in entries}
        if len(names) != len(entries):
            raise self._corrupt("it has a name twice")
        for entry in sorted(entries, key=lambda entry: entry.start, reverse=True):
            if entry.first + entry.size > end:
                raise self._corrupt("its entries lie on top of each other")
            end = entry.start
        self._entries = {entry.name: self._content(entry) for entry in entries}
        roots = {name.partition("/")[0] for name in names}
        if len(roots) != 1:
            raise self._corrupt("it is not laid out as torch does it")
        self._root = roots.pop()
        if bytes(self._entries.get(f"{self._root}/byteorder", b"little")) != b"little":
            raise self._corrupt("its numbers are big-endian")
        self.pickle = self._entry("data.pkl")

    def storage(self, key: StorageKey) -> Array:
        """The storage [n] behind a reference."""
        content = self._entry(f"data/{key.key}")
        if len(content) != key.size:
            raise self._corrupt(f"the storage {key.key[:40]!r} has another size than it says")
        return np.frombuffer(content, key.dtype)

    def _entry(self, name: str) -> memoryview:
        try:
            return self._entries[f"{self._root}/{name}"]
        except KeyError:
            raise self._corrupt(f"it has no {name[:60]!r}") from None

    def _content(self, entry: _Entry) -> memoryview:
        content = self._data[entry.first : entry.first + entry.size]
        if zlib.crc32(content) != entry.checksum:
            raise self._corrupt("an entry has the wrong checksum")
        return content

    def _directory(self) -> tuple[list[_Entry], int]:
        """The entries, and the offset of their directory.

        Torch writes no comment, so the end record is the last thing in the file. The record for archives past
        4 GB, which torch puts before it, is not needed: files have at most 4 GB.
        """
        at = len(self._data) - _END.size
        if at < 0 or bytes(self._data[at : at + 4]) != b"PK\x05\x06":
            raise self._corrupt("it does not end as torch ends it")
        _, _, _, _, count, size, start, comment = _END.unpack_from(self._data, at)
        if count > _MOST_ENTRIES:
            raise self._corrupt("it has too many entries")
        if comment or start + size > at:
            raise self._corrupt("its directory cannot be read")
        entries, place, end = [], start, start + size
        for _ in range(count):
            if place + _CENTRAL.size > end:
                raise self._corrupt("its directory cannot be read")
            entry, place = self._read_entry(place)
            entries.append(entry)
        if place != end:
            raise self._corrupt("its directory cannot be read")
        return entries, start

    def _read_entry(self, place: int) -> tuple[_Entry, int]:
        """The entry that the directory describes at the offset ``place``, and the offset of the next one."""
        mark, _, _, flags, method, _, _, checksum, packed, size, *lengths, _, _, _, start = (
            _CENTRAL.unpack_from(self._data, place)
        )
        after = place + _CENTRAL.size
        if mark != b"PK\x01\x02" or lengths[0] > _LONGEST_NAME:
            raise self._corrupt("its directory cannot be read")
        if method or packed != size:
            raise self._corrupt("it is compressed, which torch never does")
        if flags & _ENCRYPTED:
            raise self._corrupt("it is encrypted")
        name = bytes(self._data[after : after + lengths[0]])
        header = self._data[start : start + _LOCAL.size]
        if len(header) < _LOCAL.size or bytes(header[:4]) != START:
            raise self._corrupt("an entry is not where its directory says")
        *_, name_length, extra_length = _LOCAL.unpack(header)
        name_start = start + _LOCAL.size
        if bytes(self._data[name_start : name_start + name_length]) != name:
            raise self._corrupt("an entry is not where its directory says")
        try:
            text = name.decode()
        except UnicodeDecodeError as error:
            raise self._corrupt("a name in it is no text") from error
        first = name_start + name_length + extra_length
        return _Entry(text, start, first, size, checksum), after + sum(lengths)

    def _corrupt(self, reason: str) -> ModelCorrupt:
        return ModelCorrupt(f"{self._what} is refused: {reason}.", _AGAIN)
