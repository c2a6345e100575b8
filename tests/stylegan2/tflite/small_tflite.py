"""Writes small files of TensorFlow Lite, sound ones and others."""

import struct
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Number: TypeAlias = tuple[str, int]  # its format in ``struct``, and its value
Field: TypeAlias = "Number | bytes | list[int] | Table | list[Table]"


@dataclass
class Table:
    """A table of a FlatBuffer by the numbers of its fields."""

    fields: dict[int, Field]


def flatbuffer(root: Table, identifier: bytes = b"TFL3") -> bytes:
    """A file with a root table; what a table points to comes after it."""
    out = bytearray(8)
    out[4:8] = identifier
    struct.pack_into("<I", out, 0, _write_table(out, root))
    return bytes(out)


def _write_table(out: bytearray, table: Table) -> int:
    count = max(table.fields, default=-1) + 1
    vtable = len(out)
    out += struct.pack("<HH", 4 + 2 * count, 4 + 8 * count) + bytes(2 * count)
    start = len(out)
    out += struct.pack("<i", start - vtable) + bytes(8 * count)
    for number, value in table.fields.items():
        place = start + 4 + 8 * number
        struct.pack_into("<H", out, vtable + 4 + 2 * number, place - start)
        if isinstance(value, tuple):
            struct.pack_into("<" + value[0], out, place, value[1])
        else:
            target = _write_value(out, value)
            struct.pack_into("<I", out, place, target - place)
    return start


def _write_value(out: bytearray, value: "bytes | list[int] | Table | list[Table]") -> int:
    if isinstance(value, Table):
        return _write_table(out, value)
    target = len(out)
    out += struct.pack("<I", len(value))
    if isinstance(value, bytes):
        out += value
        return target
    out += bytes(4 * len(value))
    for index, item in enumerate(value):
        place = target + 4 + 4 * index
        if isinstance(item, Table):
            struct.pack_into("<I", out, place, _write_table(out, item) - place)
        else:
            struct.pack_into("<i", out, place, item)
    return target


CUSTOM = 32
_TYPES = {"float32": 0, "float16": 1, "int32": 2}


@dataclass
class Network:
    """A network in the making; ``write`` gives the file."""

    tensors: list[Table] = field(default_factory=list)
    buffers: list[Table] = field(default_factory=lambda: [Table({})])  # number 0 is empty
    kinds: list[int | str] = field(default_factory=list)  # in the schema, or the name of a custom one
    operators: list[Table] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    graphs: int = 1

    def tensor(self, *shape: int, dtype: str = "float32", buffer: int = 0) -> int:
        """The number of a new tensor."""
        name = f"t{len(self.tensors)}".encode()
        fields: dict[int, Field] = {0: list(shape), 1: ("b", _TYPES[dtype]), 2: ("I", buffer), 3: name}
        self.tensors.append(Table(fields))
        return len(self.tensors) - 1

    def constant(self, value: NDArray[np.generic]) -> int:
        """The number of a new constant."""
        self.buffers.append(Table({0: value.tobytes()}))
        return self.tensor(*value.shape, dtype=value.dtype.name, buffer=len(self.buffers) - 1)

    def input(self, *shape: int) -> int:
        """The number of a new input."""
        self.inputs.append(self.tensor(*shape))
        return self.inputs[-1]

    def operator(
        self,
        kind: int | str,
        inputs: list[int],
        shape: tuple[int, ...],
        options: "dict[int, Field] | bytes | None" = None,
    ) -> int:
        """The number of the tensor that a new operator gives; a custom one has bytes as options."""
        output = self.tensor(*shape)
        self.kinds.append(kind)
        fields: dict[int, Field] = {0: ("I", len(self.kinds) - 1), 1: inputs, 2: [output]}
        if isinstance(options, bytes):
            fields[5] = options
        elif options is not None:
            fields[4] = Table(options)
        self.operators.append(Table(fields))
        return output

    def write(self) -> bytes:
        """The file."""
        graph = Table({0: self.tensors, 1: self.inputs, 2: self.outputs, 3: self.operators})
        codes = [_code(kind) for kind in self.kinds]
        return flatbuffer(Table({0: ("I", 3), 1: codes, 2: [graph] * self.graphs, 4: self.buffers}))


def _code(kind: int | str) -> Table:
    if isinstance(kind, str):
        return Table({0: ("b", CUSTOM), 1: kind.encode(), 3: ("i", CUSTOM)})
    return Table({0: ("b", min(kind, 127)), 3: ("i", kind)})
