"""Converts networks of TensorFlow Lite to ONNX, which ONNX Runtime runs.

Inputs and outputs keep TensorFlow's order of axes (batch, height, width, channels); between them ONNX's order
holds (batch, channels, height, width). 16-bit weights become 32-bit ones.
"""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from retouchml.errors import ModelCorrupt
from retouchml.progress import Progress, silent
from stylegan2.tflite import graph as tflite
from stylegan2.tflite.flatbuffer import ADVICE, corrupt
from stylegan2.tflite.graph import Graph, Operator

_OPSET, _IR_VERSION = 13, 8  # what ONNX Runtime 1.18 knows, too
_SAME = 0  # padding that keeps the size
_CUSTOM_SAME, _CUSTOM_VALID = 1, 2  # the same in the options of a custom operator
_LARGEST_STEP = 256  # of strides, dilations, windows
_TO_ONNX, _TO_TENSORFLOW = (0, 3, 1, 2), (0, 2, 3, 1)


def convert(unpacked: Path, target: Path, progress: Progress = silent) -> None:
    """Write ``NAME.onnx`` into ``target`` for every ``NAME.tflite`` in ``unpacked``.

    Raises ModelCorrupt if a file is damaged or holds what is not known here.
    """
    paths = sorted(unpacked.glob("*.tflite"))
    for index, path in enumerate(paths):
        progress("reading", index / len(paths), None)
        (target / f"{path.stem}.onnx").write_bytes(to_onnx(tflite.read(path)))
    progress("done", 1.0, None)


def to_onnx(graph: Graph) -> bytes:
    """The ONNX file of a graph. Raises ModelCorrupt if its parts do not fit together."""
    writer = _Writer(graph)
    try:
        model = writer.model()
        onnx.checker.check_model(model)
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    except (LookupError, ValueError, onnx.checker.ValidationError) as error:
        raise ModelCorrupt("The network file is not wired as expected.", ADVICE) from error
    except onnx.shape_inference.InferenceError as error:
        raise ModelCorrupt("The network file's shapes do not fit.", ADVICE) from error
    return bytes(model.SerializeToString())


class _Writer:
    """Makes the nodes of the ONNX graph, one operator after the other."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, NDArray[np.generic]] = {}
        # values of constants, and of what DEQUANTIZE makes of them
        self._values = {i: t.value for i, t in enumerate(graph.tensors) if t.value is not None}

    def model(self) -> onnx.ModelProto:
        inputs = [self._input(index) for index in self._graph.inputs]
        for operator in self._graph.operators:
            getattr(self, f"_{operator.kind.lower()}")(operator)
        outputs = [self._output(index) for index in self._graph.outputs]
        constants = [numpy_helper.from_array(value, name) for name, value in self._constants.items()]
        body = helper.make_graph(self._nodes, "network", inputs, outputs, constants)
        opset = [helper.make_opsetid("", _OPSET)]
        return helper.make_model(body, ir_version=_IR_VERSION, opset_imports=opset)

    def _input(self, index: int) -> onnx.ValueInfoProto:
        tensor = self._graph.tensors[index]
        if len(tensor.shape) == 4:
            self._node("Transpose", [tensor.name], _name(index), perm=_TO_ONNX)
        else:
            self._node("Identity", [tensor.name], _name(index))
        return helper.make_tensor_value_info(tensor.name, TensorProto.FLOAT, tensor.shape)

    def _output(self, index: int) -> onnx.ValueInfoProto:
        tensor = self._graph.tensors[index]
        if len(tensor.shape) == 4:
            self._node("Transpose", [_name(index)], tensor.name, perm=_TO_TENSORFLOW)
        else:
            self._node("Identity", [_name(index)], tensor.name)
        return helper.make_tensor_value_info(tensor.name, TensorProto.FLOAT, tensor.shape)

    # ---- one method for each kind of operator

    def _dequantize(self, operator: Operator) -> None:
        self._values[operator.output] = self._floats(operator.inputs[0])

    def _conv_2d(self, operator: Operator) -> None:
        # the options are padding, stride, activation and dilation, x before y
        self._convolution(operator, (0, 3, 1, 2), activation=3, dilation=4, is_depthwise=False)

    def _depthwise_conv_2d(self, operator: Operator) -> None:
        # as above, with the number of outputs for each input before the activation
        self._convolution(operator, (3, 0, 1, 2), activation=4, dilation=5, is_depthwise=True)

    def _convolution(
        self,
        operator: Operator,
        order: tuple[int, ...],
        activation: int,
        dilation: int,
        is_depthwise: bool,
    ) -> None:
        source, weight, bias = operator.inputs
        values = np.ascontiguousarray(self._floats(weight, axes=4).transpose(order))
        channels = self._image_shape(source)[3]
        if values.shape[1] != (1 if is_depthwise else channels) or (is_depthwise and len(values) % channels):
            raise corrupt("weights do not fit the number of channels")
        dilations = [_step(operator, field) for field in (dilation + 1, dilation)]
        strides = [_step(operator, field) for field in (2, 1)]
        self._node(
            "Conv",
            [_name(source), self._constant(weight, values), self._constant(bias, self._floats(bias))],
            self._unfused(operator, activation),
            group=channels if is_depthwise else 1,
            strides=strides,
            dilations=dilations,
            pads=self._pads(operator, values.shape[2:], strides, dilations),
        )

    def _transpose_conv_bias(self, operator: Operator) -> None:
        # the options are padding and stride, x before y: three int32
        source, weight, bias = operator.inputs
        if len(operator.custom) != 12:
            raise corrupt("the options of a custom operator are not whole")
        padding, *stride = struct.unpack("<3i", operator.custom)
        values = np.ascontiguousarray(self._floats(weight, axes=4).transpose(3, 0, 1, 2))
        if len(values) != self._image_shape(source)[3] or padding not in (_CUSTOM_SAME, _CUSTOM_VALID):
            raise corrupt("weights do not fit the number of channels, or a padding is wrong")
        window = values.shape[2:]
        if not all(1 <= step <= _LARGEST_STEP for step in stride) or min(window) < max(stride):
            raise corrupt("a stride is wrong")
        # what two neighbours write beyond their own stride is cut, the odd one after
        sizes = zip(window, stride[::-1], strict=True)
        more = [size - step if padding == _CUSTOM_SAME else 0 for size, step in sizes]
        self._node(
            "ConvTranspose",
            [_name(source), self._constant(weight, values), self._constant(bias, self._floats(bias))],
            _name(operator.output),
            strides=stride[::-1],
            pads=[each // 2 for each in more] + [each - each // 2 for each in more],
        )

    def _max_pool_2d(self, operator: Operator) -> None:
        self._pool(operator, "MaxPool")

    def _average_pool_2d(self, operator: Operator) -> None:
        # what is padded does not count, as ONNX has it by default, too
        self._pool(operator, "AveragePool")

    def _pool(self, operator: Operator, kind: str) -> None:
        # the options are padding, stride and window, each x before y, and activation
        strides, window = ([_step(operator, f) for f in fields] for fields in ((2, 1), (4, 3)))
        self._node(
            kind,
            [_name(operator.inputs[0])],
            self._unfused(operator, 5),
            kernel_shape=window,
            strides=strides,
            pads=self._pads(operator, tuple(window), strides, [1, 1]),
        )

    def _prelu(self, operator: Operator) -> None:
        source, slope = operator.inputs
        values = self._floats(slope)
        if values.ndim != 3 or values.shape[:2] != (1, 1):
            raise corrupt("a slope is not one for each channel")
        values = values.reshape(-1, 1, 1)
        self._node("PRelu", [_name(source), self._constant(slope, values)], _name(operator.output))

    def _add(self, operator: Operator) -> None:
        first, second = operator.inputs
        if self._graph.tensors[first].shape != self._graph.tensors[second].shape:
            raise corrupt("what is added has two shapes")
        self._node("Add", [_name(first), _name(second)], self._unfused(operator, 0))

    def _mul(self, operator: Operator) -> None:
        first, second = operator.inputs
        shape, factor = self._image_shape(first), self._image_shape(second)
        if factor not in (shape, (1, 1, 1, shape[3])):
            raise corrupt("what is multiplied has two shapes")
        self._node("Mul", [_name(first), _name(second)], self._unfused(operator, 0))

    def _relu(self, operator: Operator) -> None:
        self._node("Relu", [_name(operator.inputs[0])], _name(operator.output))

    def _logistic(self, operator: Operator) -> None:
        self._node("Sigmoid", [_name(operator.inputs[0])], _name(operator.output))

    def _hard_swish(self, operator: Operator) -> None:
        # x relu6(x + 3) / 6; ONNX has a name for it only since opset 14
        source = _name(operator.inputs[0])
        gate = self._node("HardSigmoid", [source], f"gate_{operator.output}", alpha=1.0 / 6.0, beta=0.5)
        self._node("Mul", [source, gate], _name(operator.output))

    def _resize_bilinear(self, operator: Operator) -> None:
        # the options are two that are no longer used, whether corners meet, and whether centres do
        source, size = operator.inputs
        if operator.option(2, "b") or not operator.option(3, "b"):
            raise corrupt("pixels that are not resized from their centres are not known here")
        values = np.asarray(self._values[size], np.int64)
        batch, *_, channels = self._image_shape(source)
        if values.shape != (2,) or (batch, *values, channels) != self._image_shape(operator.output):
            raise corrupt("a picture is resized to another size")
        sizes = f"size_{operator.output}"
        self._constants[sizes] = np.array([batch, channels, *values], np.int64)
        self._node(
            "Resize",
            [_name(source), "", "", sizes],
            _name(operator.output),
            mode="linear",
            coordinate_transformation_mode="half_pixel",
        )

    def _pad(self, operator: Operator) -> None:
        source, widths = operator.inputs
        values = np.asarray(self._values[widths], np.int64)
        if values.shape != (4, 2) or values.min() < 0 or values.max() > self._image_shape(source)[3]:
            raise corrupt("a padding is wrong")
        pads = values[list(_TO_ONNX)].T.reshape(-1)
        self._node("Pad", [_name(source), self._constant(widths, pads)], _name(operator.output))

    def _reshape(self, operator: Operator) -> None:
        source, shape = operator.inputs[0], self._graph.tensors[operator.output].shape
        if len(shape) == 4:
            raise corrupt("a shape is not known here")
        name = _name(source)
        if len(self._graph.tensors[source].shape) == 4:
            name = self._node("Transpose", [name], f"{name}_before_{operator.output}", perm=_TO_TENSORFLOW)
        self._constants[f"shape_{operator.output}"] = np.array(shape, np.int64)
        self._node("Reshape", [name, f"shape_{operator.output}"], _name(operator.output))

    # ---- what they share

    def _node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self._nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def _unfused(self, operator: Operator, field: int) -> str:
        """The output's name. Raises ModelCorrupt for a fused activation, which is not known here."""
        activation = operator.option(field, "b")
        if activation == 0:
            return _name(operator.output)
        raise corrupt(f"activation {activation} is not known here")

    def _constant(self, index: int, values: NDArray[np.generic]) -> str:
        """The name of a constant made of tensor ``index``."""
        name = f"constant_{index}"
        if name in self._constants and not np.array_equal(self._constants[name], values):
            raise corrupt("a constant is used in two ways")
        self._constants[name] = values
        return name

    def _floats(self, index: int, axes: int | None = None) -> NDArray[np.float32]:
        values = self._values[index]
        if values.dtype.kind != "f" or axes not in (None, values.ndim):
            raise corrupt("weights are not floats, or have another number of axes")
        return values.astype(np.float32)

    def _image_shape(self, index: int) -> tuple[int, int, int, int]:
        batch, height, width, channels = self._graph.tensors[index].shape
        return batch, height, width, channels

    def _pads(
        self, operator: Operator, window: tuple[int, ...], strides: list[int], dilations: list[int]
    ) -> list[int]:
        """Rows and columns added before, then after, as TensorFlow does it: the odd one comes after."""
        if operator.option(0, "b") != _SAME:
            return [0, 0, 0, 0]
        sizes = self._image_shape(operator.inputs[0])[1:3]
        totals = [
            max(0, (-(-size // stride) - 1) * stride + (width - 1) * dilation + 1 - size)
            for size, width, stride, dilation in zip(sizes, window, strides, dilations, strict=True)
        ]
        return [total // 2 for total in totals] + [total - total // 2 for total in totals]


def _step(operator: Operator, field: int) -> int:
    value = operator.option(field, "i", 1)
    if not 1 <= value <= _LARGEST_STEP:
        raise corrupt("a stride or window is wrong")
    return value


def _name(index: int) -> str:
    return f"tensor_{index}"
