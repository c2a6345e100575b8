"""Reads a network in TensorFlow.js' graph format and runs it with torch: the operations that a MobileNet has.

The format is a JSON file, with the graph and a list of weights, and a binary file of all weights in that
order (TensorFlow.js, ``tfjs-converter``, "graph-model"). Activations are [N, C, H, W] here and [N, H, W, C]
there.
"""

import base64
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from retouchml.errors import ModelCorrupt

_DTYPES = {"float32": np.float32, "float16": np.float16, "int32": np.int32}
_Node = dict[str, Any]


class TfjsGraph:
    """A network without loops or state."""

    def __init__(self, description: Path, weights: Path) -> None:
        """Read the JSON file and the binary file. Raises ModelCorrupt if they do not fit each other."""
        try:
            content = json.loads(description.read_bytes())
            self._constants = _constants(content["weightsManifest"], weights.read_bytes())
            nodes: list[_Node] = content["modelTopology"]["node"]
            self._nodes = {str(node["name"]): node for node in nodes}
        except (KeyError, TypeError, ValueError) as error:
            raise ModelCorrupt(f"{description.name} is no TensorFlow.js graph that can be read.") from error
        unknown = {node["op"] for node in nodes} - {"Const", "Placeholder", *_OPERATIONS}
        if unknown:
            raise ModelCorrupt(f"{description.name} needs {', '.join(sorted(unknown))}, which is not known.")

    def __call__(self, values: NDArray[np.float32], output: str) -> NDArray[np.float32]:
        """The value of the node ``output`` for an input [N, H, W, 3]."""
        known: dict[str, Tensor] = {}

        def value(name: str) -> Tensor:
            name = name.partition(":")[0]
            if name not in known:
                node = self._nodes[name]
                if node["op"] == "Placeholder":
                    known[name] = torch.from_numpy(values).permute(0, 3, 1, 2)
                elif node["op"] == "Const":
                    known[name] = self._constants[name]
                else:
                    known[name] = _OPERATIONS[node["op"]](node, *(value(i) for i in node["input"]))
            return known[name]

        with torch.no_grad():
            return np.asarray(value(output).numpy(), np.float32)


def _constants(manifest: list[dict[str, Any]], data: bytes) -> dict[str, Tensor]:
    constants, offset = {}, 0
    for entry in (weight for group in manifest for weight in group["weights"]):
        stored = np.dtype(_DTYPES[entry.get("quantization", {}).get("dtype", entry["dtype"])])
        count = math.prod(entry["shape"])
        array = np.frombuffer(data, stored, count, offset).reshape(entry["shape"])
        offset += count * stored.itemsize
        constants[entry["name"]] = torch.from_numpy(array.astype(_DTYPES[entry["dtype"]]))
    if offset != len(data):
        raise ValueError("the weights are of another length than their list says")
    return constants


def _channels_first(constant: Tensor, beside: Tensor) -> Tensor:
    """A constant of one value a channel, so that it fits [N, C, H, W]."""
    return constant.reshape(-1, 1, 1) if beside.ndim == 4 and constant.numel() > 1 else constant


def _elementwise(function: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    def apply(_: _Node, x: Tensor, y: Tensor) -> Tensor:
        return function(x, y if y.ndim == 4 else _channels_first(y, x))

    return apply


def _padded(node: _Node, x: Tensor, kernel: tuple[int, int], stride: int) -> Tensor:
    padding = base64.b64decode(node["attr"]["padding"]["s"]).decode()
    if padding == "VALID":
        return x
    # TensorFlow's SAME: what is uneven goes to the right and the bottom.
    edges = []
    for length, side in zip(reversed(x.shape[2:]), reversed(kernel), strict=True):
        total = max((math.ceil(length / stride) - 1) * stride + side - length, 0)
        edges += [total // 2, total - total // 2]
    return F.pad(x, edges)


def _convolution(node: _Node, x: Tensor, kernel: Tensor) -> Tensor:
    """kernel: [H, W, in, out]"""
    stride = int(node["attr"]["strides"]["list"]["i"][1])
    x = _padded(node, x, (kernel.shape[0], kernel.shape[1]), stride)
    return F.conv2d(x, kernel.permute(3, 2, 0, 1), stride=stride)


def _depthwise(node: _Node, x: Tensor, kernel: Tensor) -> Tensor:
    """kernel: [H, W, channels, 1]"""
    stride = int(node["attr"]["strides"]["list"]["i"][1])
    x = _padded(node, x, (kernel.shape[0], kernel.shape[1]), stride)
    return F.conv2d(x, kernel.permute(2, 3, 0, 1), stride=stride, groups=kernel.shape[2])


def _dense(node: _Node, x: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
    fused = [base64.b64decode(name).decode() for name in node["attr"]["fused_ops"]["list"]["s"]]
    y = x @ kernel + bias
    return F.relu(y) if "Relu" in fused else y


_OPERATIONS: dict[str, Callable[..., Tensor]] = {
    "Add": _elementwise(torch.add),
    "Conv2D": _convolution,
    "DepthwiseConv2dNative": _depthwise,
    "Maximum": _elementwise(torch.maximum),
    "Mean": lambda node, x, axes: x.mean((2, 3)),
    "Minimum": _elementwise(torch.minimum),
    "Mul": _elementwise(torch.mul),
    "Relu": lambda node, x: F.relu(x),
    "Sigmoid": lambda node, x: torch.sigmoid(x),
    "Softmax": lambda node, x: torch.softmax(x, -1),
    "_FusedMatMul": _dense,
}
