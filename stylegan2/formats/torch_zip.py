"""The zip files that torch saves since 1.6: a pickle, and one stored entry for each storage.

Only what torch itself writes is accepted: entries that are stored, not compressed, each name once, none on
top of another. So nothing can grow when it is read, and what is read is never more than the file has.
"""

import io
import struct
import zipfile
import zlib

import numpy as np

from retouchml.errors import ModelCorrupt
from stylegan2.formats.network_file import Array
from stylegan2.formats.torch_values import StorageKey

START = b"PK\x03\x04"
_MOST_ENTRIES = 20_000
_LARGEST_DIRECTORY = 4 << 20  # bytes; zipfile would make objects of several times that size
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCAL = struct.Struct("<4s5H3L2H")
_AGAIN = "Get the file again."


class Archive:
    """An archive of torch in memory. Raises ModelCorrupt where it is something else."""

    def __init__(self, data: memoryview, what: str) -> None:
        self._data, self._what = data, what
        self._check_directory()
        try:
            # BytesIO shares the memory of bytes, but copies that of a view
            with zipfile.ZipFile(io.BytesIO(data.obj if isinstance(data.obj, bytes) else data)) as archive:
                entries = archive.infolist()
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error) as error:
            raise self._corrupt("its directory cannot be read") from error
        self._entries: dict[str, memoryview] = {}
        for entry in entries:
            if entry.filename in self._entries:
                raise self._corrupt("it has a name twice")
            self._entries[entry.filename] = self._content(entry)
        if sum(map(len, self._entries.values())) > len(data):
            raise self._corrupt("its entries lie on top of each other")
        roots = {name.partition("/")[0] for name in self._entries}
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
            raise self._corrupt(f"the storage {key.key[:40]} has another size than it says")
        return np.frombuffer(content, key.dtype)

    def _entry(self, name: str) -> memoryview:
        try:
            return self._entries[f"{self._root}/{name}"]
        except KeyError:
            raise self._corrupt(f"it has no {name[:60]}") from None

    def _content(self, entry: zipfile.ZipInfo) -> memoryview:
        """The bytes of a stored entry, where its own header says that they are."""
        if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
            raise self._corrupt("it is compressed, which torch never does")
        if entry.flag_bits & 0x1:
            raise self._corrupt("it is encrypted")
        start = entry.header_offset
        header = self._data[start : start + _LOCAL.size]
        if start < 0 or len(header) < _LOCAL.size or bytes(header[:4]) != START:
            raise self._corrupt("an entry is not where its directory says")
        *_, name_length, extra_length = _LOCAL.unpack(header)
        first = start + _LOCAL.size + name_length + extra_length
        content = self._data[first : first + entry.file_size]
        name = bytes(self._data[start + _LOCAL.size : start + _LOCAL.size + name_length])
        if len(content) != entry.file_size or name.decode("utf-8", "replace") != entry.filename:
            raise self._corrupt("an entry is not where its directory says")
        if zlib.crc32(content) != entry.CRC:
            raise self._corrupt("an entry has the wrong checksum")
        return content

    def _check_directory(self) -> None:
        """Bound the directory before zipfile makes objects of it."""
        tail = bytes(self._data[-(_END.size + 0xFFFF) :])
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or len(tail) - at < _END.size:
            raise self._corrupt("it ends too early")
        _, _, _, _, count, size, _, _ = _END.unpack_from(tail, at)
        at_64 = tail.rfind(b"PK\x06\x06", 0, at)
        if at_64 >= 0 and len(tail) - at_64 >= _END_64.size:
            *_, count_64, size_64, _ = _END_64.unpack_from(tail, at_64)
            count, size = max(count_64, count % 0xFFFF), max(size_64, size % 0xFFFFFFFF)
        if count > _MOST_ENTRIES or size > _LARGEST_DIRECTORY:
            raise self._corrupt("it has too many entries")

    def _corrupt(self, reason: str) -> ModelCorrupt:
        return ModelCorrupt(f"{self._what} is refused: {reason}.", _AGAIN)
