"""Reads tables of a FlatBuffer, the container of TensorFlow Lite's files.

A table starts with the distance back to its vtable, which lists for each field the distance from the table's
start, or 0 for a field that has its default (https://flatbuffers.dev/internals). Every place is compared with
the size of the file before it is read, and a vector is never longer than the file.
"""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retouchml.errors import ModelCorrupt

ADVICE = "Fetch the model again: retouchml models fetch NAME."


@dataclass(frozen=True)
class Table:
    """One table of the file."""

    blob: bytes
    start: int

    def number(self, field: int, code: str, default: int = 0) -> int:
        """A scalar field; code: its format in ``struct``, such as "i" for int32."""
        place = self._place(field)
        return default if place is None else _number(self.blob, code, place)

    def table(self, field: int) -> "Table | None":
        """A table that the field points to, or None."""
        place = self._place(field)
        return None if place is None else Table(self.blob, _target(self.blob, place))

    def tables(self, field: int, limit: int) -> list["Table"]:
        """The tables of a vector of at most ``limit``."""
        start, length = self._vector(field, 4)
        _check_length(length, limit)
        return [Table(self.blob, _target(self.blob, start + 4 * index)) for index in range(length)]

    def integers(self, field: int, limit: int) -> tuple[int, ...]:
        """A vector of at most ``limit`` int32."""
        start, length = self._vector(field, 4)
        _check_length(length, limit)
        return tuple(np.frombuffer(self.blob, "<i4", length, start).tolist())

    def octets(self, field: int) -> NDArray[np.uint8]:
        """A vector of bytes, or a string."""
        start, length = self._vector(field, 1)
        return np.frombuffer(self.blob, np.uint8, length, start)

    def text(self, field: int, limit: int) -> str:
        """A string of at most ``limit`` bytes."""
        octets = self.octets(field)
        _check_length(octets.size, limit)
        return octets.tobytes().decode("utf-8", "replace")

    def _vector(self, field: int, item: int) -> tuple[int, int]:
        """Start and length of a vector of items of so many bytes; (0, 0) if there is none."""
        place = self._place(field)
        if place is None:
            return 0, 0
        target = _target(self.blob, place)
        length = _number(self.blob, "I", target)
        if target + 4 + length * item > len(self.blob):
            raise corrupt("a list longer than the file")
        return target + 4, length

    def _place(self, field: int) -> int | None:
        vtable = self.start - _number(self.blob, "i", self.start)
        size = _number(self.blob, "H", vtable)
        if 4 + 2 * field + 2 > size:
            return None
        distance = _number(self.blob, "H", vtable + 4 + 2 * field)
        return self.start + distance if distance else None


def root(blob: bytes, identifier: bytes) -> Table:
    """The file's first table. Raises ModelCorrupt if the file does not have the identifier (4 bytes)."""
    if blob[4:8] != identifier:
        raise corrupt("another kind of file")
    return Table(blob, _target(blob, 0))


def corrupt(reason: str) -> ModelCorrupt:
    """The error for a file that is not as it should be."""
    return ModelCorrupt(f"The network file is damaged: {reason}.", ADVICE)


def _check_length(length: int, limit: int) -> None:
    if length > limit:
        raise corrupt(f"a list of {length} entries")


def _target(blob: bytes, place: int) -> int:
    return place + _number(blob, "I", place)


def _number(blob: bytes, code: str, place: int) -> int:
    form = struct.Struct("<" + code)
    if not 0 <= place <= len(blob) - form.size:
        raise corrupt("it points outside itself")
    (value,) = form.unpack_from(blob, place)
    return int(value)
