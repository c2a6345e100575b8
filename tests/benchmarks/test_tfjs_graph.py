"""``benchmarks.tfjs_graph`` against convolutions that are computed here, with TensorFlow's padding."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.tfjs_graph import TfjsGraph
from retouchml.errors import ModelCorrupt

Array = NDArray[np.float32]


def write_graph(folder: Path, nodes: list[dict[str, Any]], weights: dict[str, Array]) -> tuple[Path, Path]:
    manifest = [
        {
            "name": name,
            "shape": list(value.shape),
            "dtype": "float32",
            "quantization": {"dtype": "float16", "original_dtype": "float32"},
        }
        for name, value in weights.items()
    ]
    constants = [{"name": name, "op": "Const"} for name in weights]
    description = {
        "weightsManifest": [{"paths": ["w.bin"], "weights": manifest}],
        "modelTopology": {"node": [{"name": "x", "op": "Placeholder"}, *constants, *nodes]},
    }
    (folder / "w.bin").write_bytes(b"".join(v.astype(np.float16).tobytes() for v in weights.values()))
    (folder / "w.json").write_text(json.dumps(description))
    return folder / "w.json", folder / "w.bin"


def strided(name: str, op: str, inputs: list[str], stride: int, padding: str) -> dict[str, Any]:
    return {
        "name": name,
        "op": op,
        "input": inputs,
        "attr": {
            "padding": {"s": base64.b64encode(padding.encode()).decode()},
            "strides": {"list": {"i": ["1", str(stride), str(stride), "1"]}},
        },
    }


def slow_convolution(x: Array, kernel: Array, stride: int) -> Array:
    """[H, W, in] with TensorFlow's SAME: the odd pixel of padding lies to the right and below."""
    side, height = kernel.shape[0], x.shape[0]
    out = -(-height // stride)
    total = max((out - 1) * stride + side - height, 0)
    padded = np.pad(x, ((total // 2, total - total // 2),) * 2 + ((0, 0),))
    result = np.zeros((out, out, kernel.shape[3]), np.float32)
    for i in range(out):
        for j in range(out):
            part = padded[i * stride : i * stride + side, j * stride : j * stride + side]
            result[i, j] = np.einsum("hwc,hwco->o", part, kernel)
    return result


@pytest.mark.parametrize(("side", "stride"), [(8, 2), (7, 2), (6, 1)])
def test_a_convolution_pads_as_tensorflow_does(tmp_path: Path, side: int, stride: int) -> None:
    random = np.random.default_rng(1)
    x = random.standard_normal((1, side, side, 3)).astype(np.float32)
    kernel = random.standard_normal((3, 3, 3, 4)).astype(np.float16).astype(np.float32)
    files = write_graph(
        tmp_path, [strided("y", "Conv2D", ["x", "kernel"], stride, "SAME")], {"kernel": kernel}
    )
    y = TfjsGraph(*files)(x, "y")[0].transpose(1, 2, 0)
    np.testing.assert_allclose(y, slow_convolution(x[0], kernel, stride), atol=1e-4)


def test_a_depthwise_convolution_keeps_channels_apart_and_constants_go_with_channels(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    x = random.standard_normal((1, 6, 6, 2)).astype(np.float32)
    kernel = random.standard_normal((3, 3, 2, 1)).astype(np.float16).astype(np.float32)
    shift = np.array([1.0, -2.0], np.float32)
    nodes = [
        strided("d", "DepthwiseConv2dNative", ["x", "kernel"], 1, "SAME"),
        {"name": "y", "op": "Add", "input": ["d", "shift"]},
    ]
    y = TfjsGraph(*write_graph(tmp_path, nodes, {"kernel": kernel, "shift": shift}))(x, "y")[0]
    for channel in range(2):
        single = slow_convolution(x[0, ..., channel : channel + 1], kernel[:, :, channel : channel + 1], 1)
        np.testing.assert_allclose(y[channel], single[..., 0] + shift[channel], atol=1e-4)


def test_an_operation_that_is_not_known_is_named(tmp_path: Path) -> None:
    files = write_graph(tmp_path, [{"name": "y", "op": "While", "input": ["x"]}], {})
    with pytest.raises(ModelCorrupt, match="While"):
        TfjsGraph(*files)


def test_weights_of_another_length_are_refused(tmp_path: Path) -> None:
    description, weights = write_graph(tmp_path, [], {"a": np.ones(4, np.float32)})
    weights.write_bytes(weights.read_bytes() + b"\0\0")
    with pytest.raises(ModelCorrupt, match=r"no TensorFlow\.js graph"):
        TfjsGraph(description, weights)
