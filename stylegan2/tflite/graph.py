"""The graph in a file of TensorFlow Lite: tensors and operators, in the order of execution.

The numbers of fields are those of TensorFlow's public ``schema.fbs`` (version 3). Nothing is executed.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retouchml.errors import ModelCorrupt
from stylegan2.tflite import flatbuffer
from stylegan2.tflite.flatbuffer import ADVICE, Table, corrupt

_DTYPES: dict[int, np.dtype[np.generic]] = {0: np.dtype("<f4"), 1: np.dtype("<f2"), 2: np.dtype("<i4")}
# the operators that the converter knows, by their number in the schema
_KINDS = {
    0: "ADD",
    1: "AVERAGE_POOL_2D",
    3: "CONV_2D",
    4: "DEPTHWISE_CONV_2D",
    6: "DEQUANTIZE",
    14: "LOGISTIC",
    17: "MAX_POOL_2D",
    18: "MUL",
    19: "RELU",
    22: "RESHAPE",
    23: "RESIZE_BILINEAR",
    34: "PAD",
    54: "PRELU",
    117: "HARD_SWISH",
}
_CUSTOM = 32
# and those of MediaPipe's own, by their name
_CUSTOM_KINDS = {"Convolution2DTransposeBias": "TRANSPOSE_CONV_BIAS"}
_LARGEST_FILE = 64 << 20  # bytes
_MOST_ENTRIES = 4096  # tensors, operators, buffers
_MOST_AXES = 4
_LONGEST_NAME = 1024  # bytes
_LONGEST_OPTIONS = 256  # bytes; of a custom operator
_LARGEST_TENSOR = 1 << 24  # values
_LARGEST_IN_ALL = 1 << 26  # values of all constants: several may share the file's bytes


@dataclass(frozen=True)
class Tensor:
    """A constant, or what an operator gives."""

    name: str
    shape: tuple[int, ...]  # in TensorFlow's order: batch, height, width, channels
    value: NDArray[np.generic] | None  # of a constant


@dataclass(frozen=True)
class Operator:
    """One step of the computation."""

    kind: str  # its name in the schema, such as "CONV_2D"
    inputs: tuple[int, ...]  # numbers of tensors; -1 for one that is left out
    output: int
    options: Table | None  # whose fields depend on the kind
    custom: bytes = b""  # the options of a custom operator, in a form of its own

    def option(self, field: int, code: str, default: int = 0) -> int:
        """A number of the options; code: its format in ``struct``."""
        return default if self.options is None else self.options.number(field, code, default)


@dataclass(frozen=True)
class Graph:
    """The network of a file."""

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read(path: Path) -> Graph:
    """Read a ``.tflite`` file.

    Raises ModelCorrupt if it is damaged, or holds operators or types of values that are not known here.
    """
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise corrupt("it is too large")
        blob = path.read_bytes()
    except OSError as error:
        raise ModelCorrupt(f"{path.name} cannot be read: {error.strerror}.", ADVICE) from error
    return parse(blob)


def parse(blob: bytes) -> Graph:
    """The graph in the bytes of a file. Raises ModelCorrupt as ``read`` does."""
    model = flatbuffer.root(blob, b"TFL3")
    graphs = model.tables(2, _MOST_ENTRIES)
    if len(graphs) != 1:
        raise corrupt(f"it holds {len(graphs)} networks")
    (graph,) = graphs
    buffers = model.tables(4, _MOST_ENTRIES)
    tensors = _tensors(graph.tables(0, _MOST_ENTRIES), buffers)
    kinds = [_kind(code) for code in model.tables(1, _MOST_ENTRIES)]
    operators = tuple(_operator(table, kinds) for table in graph.tables(3, _MOST_ENTRIES))
    result = Graph(tensors, operators, graph.integers(1, _MOST_ENTRIES), graph.integers(2, _MOST_ENTRIES))
    _check_order(result)
    return result


def _tensors(tables: list[Table], buffers: list[Table]) -> tuple[Tensor, ...]:
    tensors, size = [], 0
    for table in tables:
        tensor = _tensor(table, buffers)
        tensors.append(tensor)
        size += 0 if tensor.value is None else tensor.value.size
        if size > _LARGEST_IN_ALL:
            raise corrupt("its constants are too large")
    return tuple(tensors)


def _tensor(table: Table, buffers: list[Table]) -> Tensor:
    name, shape = table.text(3, _LONGEST_NAME), table.integers(0, _MOST_AXES)
    if min(shape, default=1) < 1 or math.prod(shape) > _LARGEST_TENSOR:
        raise corrupt(f"tensor {name} has the shape {shape}")
    buffer = table.number(2, "I")
    if buffer >= len(buffers):
        raise corrupt(f"tensor {name} has no buffer")
    data = buffers[buffer].octets(0)
    if not data.size:
        return Tensor(name, shape, None)
    dtype = _DTYPES.get(table.number(1, "b"))
    if dtype is None or data.size != math.prod(shape) * dtype.itemsize:
        raise corrupt(f"tensor {name} has another size or type than its values")
    value = data.view(dtype).reshape(shape)  # the file's own bytes
    if dtype.kind == "f" and not np.isfinite(value).all():
        raise corrupt(f"tensor {name} has values that are not finite")
    return Tensor(name, shape, value)


def _kind(table: Table) -> str:
    # numbers below 127 are in the older field, of one byte
    number = max(table.number(0, "b"), table.number(3, "i"))
    name = table.text(1, _LONGEST_NAME) if number == _CUSTOM else ""
    kind = _CUSTOM_KINDS.get(name) if number == _CUSTOM else _KINDS.get(number)
    if kind is None:
        what = f"{number} {name}".rstrip()
        raise ModelCorrupt(f"The network file has an operator that is not known here ({what}).", ADVICE)
    return kind


def _operator(table: Table, kinds: list[str]) -> Operator:
    index, outputs = table.number(0, "I"), table.integers(2, _MOST_ENTRIES)
    if index >= len(kinds) or len(outputs) != 1:
        raise corrupt("an operator is not whole")
    custom = table.octets(5)
    if custom.size > _LONGEST_OPTIONS:
        raise corrupt("an operator's options are too long")
    inputs = table.integers(1, _MOST_ENTRIES)
    return Operator(kinds[index], inputs, outputs[0], table.table(4), custom.tobytes())


def _check_order(graph: Graph) -> None:
    """Raise ModelCorrupt unless every tensor is known before it is used, and is made once."""
    known = {index for index, tensor in enumerate(graph.tensors) if tensor.value is not None}
    for index in graph.inputs:
        if index in known or not 0 <= index < len(graph.tensors):
            raise corrupt("an input is no tensor")
        known.add(index)
    for operator in graph.operators:
        if not set(operator.inputs) - {-1} <= known:
            raise corrupt("an operator uses what is not computed yet")
        if operator.output in known or not 0 <= operator.output < len(graph.tensors):
            raise corrupt("an operator writes where it must not")
        known.add(operator.output)
    if not graph.inputs or not graph.outputs or not set(graph.outputs) <= known:
        raise corrupt("it has no input or output")
