"""Writes ONNX graphs node by node."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

_OPSET, _IR_VERSION = 17, 8  # what ONNX Runtime 1.18 knows, too


class GraphWriter:
    """A graph under construction; values are known by their names."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[bytes, onnx.TensorProto] = {}
        self._inputs: dict[str, onnx.ValueInfoProto] = {}

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs, in the order in which they were added."""
        return tuple(self._inputs)

    def input(self, name: str, shape: Sequence[int]) -> str:
        """An input of float32; the same name may be asked for again."""
        if name not in self._inputs:
            self._inputs[name] = helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        return name

    def constant(self, value: NDArray[np.generic]) -> str:
        """A small constant, written into the graph."""
        key = value.dtype.str.encode() + repr(value.shape).encode() + value.tobytes()
        if key not in self._constants:
            self._constants[key] = numpy_helper.from_array(value, f"constant_{len(self._constants)}")
        return str(self._constants[key].name)

    def number(self, value: float) -> str:
        """A constant float32."""
        return self.constant(np.array(value, np.float32))

    def sizes(self, *values: int) -> str:
        """A constant vector of int64: a shape, axes, indices."""
        return self.constant(np.array(values, np.int64))

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add an operator of that kind; returns its output."""
        output = f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def model(self, outputs: Mapping[str, str]) -> bytes:
        """The ONNX file; outputs: the name that each shall have, and the value that it is.

        What a node computes is given that name. An Identity instead would copy it: ONNX Runtime keeps those
        before an output.
        """
        computed = {name for node in self._nodes for name in node.output}
        names: dict[str, str] = {}
        copies = []
        for name, value in outputs.items():
            if value in computed and names.setdefault(value, name) == name:
                continue
            copies.append(helper.make_node("Identity", [names.get(value, value)], [name]))
        nodes = [_renamed(node, names) for node in self._nodes] + copies
        results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
        constants = list(self._constants.values())
        body = helper.make_graph(nodes, "network", list(self._inputs.values()), results, constants)
        opset = [helper.make_opsetid("", _OPSET)]
        return bytes(helper.make_model(body, ir_version=_IR_VERSION, opset_imports=opset).SerializeToString())


def _renamed(node: onnx.NodeProto, names: Mapping[str, str]) -> onnx.NodeProto:
    """The same operator with other names of some values."""
    other = onnx.NodeProto()
    other.CopyFrom(node)
    other.input[:] = [names.get(name, name) for name in node.input]
    other.output[:] = [names.get(name, name) for name in node.output]
    return other
