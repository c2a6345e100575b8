"""Converts the published MobileStyleGAN (OpenVINO IR, in a wheel on PyPI) to our own files.

The IR names most weights after the modules that they came from; the others (noise, demodulated pointwise
weights, the mapping network) are found by following the graph. The scalar that equalises each affine layer's
learning rate is folded into its weights.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from retouchml.errors import ModelCorrupt
from retouchml.progress import Progress, silent
from stylegan2.formats.safetensors_bytes import to_bytes
from stylegan2.latents import LatentSpace
from stylegan2.mobile import openvino_ir
from stylegan2.mobile.network import (
    CHANNELS,
    NUM_STYLES,
    RESOLUTION,
    W_DIM,
    Mapping,
    Synthesis,
    inverse_haar_by_convolution,
)
from stylegan2.mobile.openvino_ir import Graph, Node
from stylegan2.onnx import export

LATENT_SPACE = "ffhq-config-f"
_STATISTICS_SAMPLES = 20_000
_STATISTICS_SEED = 2024


def convert(ir_folder: Path, target: Path, progress: Progress = silent) -> None:
    """Write ``ffhq-mobile.safetensors`` and ``.onnx`` into ``target`` from the IR files in ``ir_folder``.

    Raises ModelCorrupt if the IR is not the expected network.
    """
    progress("reading", 0.0, None)
    synthesis_graph = openvino_ir.read(ir_folder / "SynthesisNetwork.xml")
    mapping_graph = openvino_ir.read(ir_folder / "MappingNetwork.xml")
    try:
        synthesis, mapping = synthesis_weights(synthesis_graph), mapping_weights(mapping_graph)
    except (LookupError, RuntimeError, ValueError) as error:
        raise ModelCorrupt("The network file is not wired as expected.", "Fetch it again.") from error
    progress("latent statistics", 0.3, None)
    weights = {f"synthesis.{name}": value for name, value in synthesis.items()}
    weights |= {f"mapping.{name}": value for name, value in mapping.items()}
    weights |= {f"latents.{name}": value for name, value in latent_space(mapping).tensors().items()}
    metadata = {
        "architecture": "mobilestylegan",
        "latent_space": LATENT_SPACE,
        "resolution": str(RESOLUTION),
        "num_styles": str(NUM_STYLES),
    }
    # safetensors' own writer hides the reason of a failure, such as a full disk
    content = to_bytes({k: v.contiguous() for k, v in weights.items()}, metadata)
    (target / "ffhq-mobile.safetensors").write_bytes(content)
    progress("fast renderer", 0.6, None)
    export_onnx(synthesis, target / "ffhq-mobile.onnx")
    progress("done", 1.0, None)


def latent_space(mapping: dict[str, Tensor]) -> LatentSpace:
    """Statistics of W over fixed random z, the same on every machine up to rounding."""
    network = Mapping()
    load_weights(network, mapping)
    z = np.random.default_rng(_STATISTICS_SEED).standard_normal((_STATISTICS_SAMPLES, W_DIM))
    with torch.no_grad():
        w = network(torch.from_numpy(z.astype(np.float32)))
    return LatentSpace.fit(LATENT_SPACE, w)


def load_weights(network: torch.nn.Module, weights: dict[str, Tensor]) -> None:
    """Load weights into a network and freeze it.

    Raises ModelCorrupt if a name or a shape does not fit, or a weight is not finite.
    """
    if not all(bool(torch.isfinite(value).all()) for value in weights.values()):
        raise ModelCorrupt("The network holds weights that are not finite.", "Fetch or import it again.")
    try:
        network.load_state_dict(weights, assign=True)  # not copied: the weights are the caller's gift
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise ModelCorrupt(
            f"The network file does not fit its architecture: {reason}", "Fetch it again."
        ) from error
    network.eval().requires_grad_(False)


def synthesis_weights(graph: Graph) -> dict[str, Tensor]:
    """The state of ``Synthesis`` from the IR of the synthesis network."""
    convolutions = graph.of_kind("Convolution")
    if len(convolutions) < 15:
        raise ModelCorrupt("The network file is not the MobileStyleGAN that was expected.", "Fetch it again.")
    weights = {
        "const": _tensor(graph.constant("m.input.input")),
        "first_weight": _weight_of(graph, convolutions[0]),
        "first_bias": _tensor(graph.constant("m.conv1.bias")).reshape(-1),
        "first_noise": _noise_after(graph, convolutions[0]),
    }
    weights |= _affine(graph, "first_affine", "m.conv1.conv")
    pointwise = iter(convolutions[1:])
    for i in range(len(CHANNELS) - 1):
        weights |= _affine(graph, f"blocks.{i}.up_affine", f"m.layers.{i}.up")
        for conv in ("conv1", "conv2"):
            source, target, node = f"m.layers.{i}.{conv}", f"blocks.{i}.{conv}", next(pointwise)
            weights |= _affine(graph, f"{target}.affine", f"{source}.conv")
            depthwise = _tensor(graph.constant(f"{source}.conv.weight_dw"))
            weights[f"{target}.depthwise"] = depthwise.reshape(-1, 1, 3, 3)
            weights[f"{target}.pointwise"] = _weight_of(graph, node)
            weights[f"{target}.bias"] = _tensor(graph.constant(f"{source}.bias")).reshape(-1)
            weights[f"{target}.noise"] = _noise_after(graph, node)
    image = f"m.layers.{len(CHANNELS) - 2}.to_img"
    weights |= _affine(graph, "image_affine", f"{image}.conv")
    weights["image_weight"] = _tensor(graph.constant(f"{image}.conv.weight")).reshape(12, CHANNELS[-1], 1, 1)
    weights["image_bias"] = _tensor(graph.constant(f"{image}.bias")).reshape(-1)
    return weights


def mapping_weights(graph: Graph) -> dict[str, Tensor]:
    """The state of ``Mapping`` from the IR of the mapping network."""
    weights = {}
    for i, product in enumerate(graph.of_kind("MatMul")):
        addition = graph.reader(product, "Add")
        bias = graph.other_input(addition, product)
        if bias.value is None:  # there is a reshape between bias and addition
            bias = graph.by_id[bias.inputs[0]]
        weights[f"layers.{i}.weight"] = _weight_of(graph, product)
        weights[f"layers.{i}.bias"] = _value_of(bias).reshape(-1)
    return weights


def export_onnx(synthesis: dict[str, Tensor], target: Path) -> None:
    """Write the synthesis network as ONNX: ``w_plus`` [1, 23, 512] → ``image`` [1, 3, 1024, 1024]."""
    network = Synthesis(inverse_haar_by_convolution)
    load_weights(network, synthesis)
    target.write_bytes(export(network, NUM_STYLES, W_DIM))


def _affine(graph: Graph, target: str, source: str) -> dict[str, Tensor]:
    bias = graph.named(f"{source}.modulation.bias")
    reshaped = graph.reader(graph.reader(bias), "Reshape")
    product = graph.reader(reshaped, "Multiply")
    factor = graph.other_input(product, reshaped).value
    gain = float(factor.reshape(())) if factor is not None and factor.size == 1 else 1.0
    weight = _tensor(graph.constant(f"{source}.modulation.weight"))
    return {
        f"{target}.weight": weight * gain,
        f"{target}.bias": _tensor(graph.constant(bias.name)).reshape(-1) * gain,
    }


def _noise_after(graph: Graph, convolution: Node) -> Tensor:
    noise = graph.other_input(graph.reader(convolution, "Add"), convolution).value
    if noise is None or noise.ndim != 4:
        raise ModelCorrupt(f"No noise follows {convolution.name} in the network file.", "Fetch it again.")
    return _tensor(noise)


def _weight_of(graph: Graph, node: Node) -> Tensor:
    return _value_of(graph.by_id[node.inputs[1]])


def _value_of(node: Node) -> Tensor:
    if node.value is None:
        raise ModelCorrupt(f"Layer {node.name} of the network file should be a constant.", "Fetch it again.")
    return _tensor(node.value)


def _tensor(value: NDArray[np.generic]) -> Tensor:
    return torch.from_numpy(np.array(value, dtype=np.float32))
