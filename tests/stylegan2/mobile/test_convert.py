"""From OpenVINO's graph to our own weights.

A network written as such a graph comes back whole, or is refused.
"""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from retouchml.errors import ModelCorrupt
from stylegan2.mobile import convert, openvino_ir
from stylegan2.mobile import generator as mobile_generator
from stylegan2.mobile.generator import MobileGenerator
from stylegan2.mobile.network import CHANNELS, Mapping, Synthesis
from tests.stylegan2.mobile.small_ir import Network
from tests.stylegan2.mobile.test_network import random_network

_GAIN = 0.125


def _array(value: Tensor) -> NDArray[np.float32]:
    return value.detach().numpy()


def synthesis_ir(network: Synthesis) -> Network:
    """The graph of a synthesis network, its affine layers divided by a gain that is multiplied back."""
    state = {name: _array(value) for name, value in network.state_dict().items()}
    ir = Network()
    style = ir.layer("style", "Parameter")

    def affine(source: str, target: str) -> None:
        weight = ir.constant(f"{source}.modulation.weight", state[f"{target}.weight"] / np.float32(_GAIN))
        bias = ir.constant(f"{source}.modulation.bias", state[f"{target}.bias"][None] / np.float32(_GAIN))
        product = ir.layer(f"{source}/product", "MatMul", inputs=(style, weight))
        total = ir.layer(f"{source}/sum", "Add", inputs=(product, bias))
        shaped = ir.layer(f"{source}/shaped", "Reshape", inputs=(total,))
        gain = ir.constant(f"{source}/gain", np.full((1, 1, 1, 1), _GAIN, np.float32))
        ir.layer(f"{source}/scaled", "Multiply", inputs=(shaped, gain))

    def convolution(name: str, weight: NDArray[np.float32], noise: NDArray[np.float32] | None) -> None:
        kernel = ir.constant(f"{name}/kernel", weight)
        node = ir.layer(f"{name}/convolution", "Convolution", inputs=(style, kernel))
        if noise is not None:
            ir.layer(f"{name}/noisy", "Add", inputs=(node, ir.constant(f"{name}/noise", noise)))

    ir.constant("m.input.input", state["const"])
    affine("m.conv1.conv", "first_affine")
    ir.constant("m.conv1.bias", state["first_bias"].reshape(1, -1, 1, 1))
    convolution("m.conv1", state["first_weight"], state["first_noise"])
    for i in range(len(CHANNELS) - 1):
        affine(f"m.layers.{i}.up", f"blocks.{i}.up_affine")
        for part in ("conv1", "conv2"):
            source, target = f"m.layers.{i}.{part}", f"blocks.{i}.{part}"
            affine(f"{source}.conv", f"{target}.affine")
            ir.constant(f"{source}.conv.weight_dw", state[f"{target}.depthwise"][:, :, None])
            ir.constant(f"{source}.bias", state[f"{target}.bias"].reshape(1, -1, 1, 1))
            convolution(source, state[f"{target}.pointwise"], state[f"{target}.noise"])
    image = f"m.layers.{len(CHANNELS) - 2}.to_img"
    affine(f"{image}.conv", "image_affine")
    ir.constant(f"{image}.conv.weight", state["image_weight"][None])
    ir.constant(f"{image}.bias", state["image_bias"].reshape(1, -1, 1, 1))
    return ir


def mapping_ir(network: Mapping) -> Network:
    """The graph of a mapping network; every bias passes through a reshape."""
    ir = Network()
    x = ir.layer("z", "Parameter")
    for i, layer in enumerate(network.layers):
        weight = ir.constant(f"weight{i}", _array(layer.weight))  # type: ignore[arg-type]
        bias = ir.constant(f"bias{i}", _array(layer.bias))  # type: ignore[arg-type]
        product = ir.layer(f"product{i}", "MatMul", inputs=(x, weight))
        shaped = ir.layer(f"shaped{i}", "Reshape", inputs=(bias,))
        x = ir.layer(f"sum{i}", "Add", inputs=(product, shaped))
    return ir


@pytest.fixture(scope="module")
def synthesis() -> Synthesis:
    return random_network()


@pytest.fixture(scope="module")
def mapping() -> Mapping:
    torch.manual_seed(8)
    network = Mapping().requires_grad_(False)
    for layer in network.layers:
        layer.weight.copy_(torch.randn(512, 512) / 22.6)  # type: ignore[operator]
    return network


@pytest.fixture(scope="module")
def ir_folder(synthesis: Synthesis, mapping: Mapping, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ir")
    synthesis_ir(synthesis).write(folder, "SynthesisNetwork")
    mapping_ir(mapping).write(folder, "MappingNetwork")
    return folder


def test_the_weights_are_found_and_gains_folded_into_them(
    synthesis: Synthesis, mapping: Mapping, ir_folder: Path
) -> None:
    converted = convert.synthesis_weights(openvino_ir.read(ir_folder / "SynthesisNetwork.xml"))
    original = synthesis.state_dict()
    assert converted.keys() == original.keys()
    assert all(torch.allclose(converted[name], original[name], atol=1e-6) for name in original)
    converted = convert.mapping_weights(openvino_ir.read(ir_folder / "MappingNetwork.xml"))
    original = mapping.state_dict()
    assert converted.keys() == original.keys()
    assert all(torch.equal(converted[name], original[name]) for name in original)


@pytest.mark.slow
def test_a_converted_model_loads_and_renders_what_the_network_does(
    synthesis: Synthesis,
    mapping: Mapping,
    ir_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # of the distillate's latent space, if only this network of noise were the distillate
    monkeypatch.setattr(mobile_generator, "known_space", lambda *_: "ffhq-config-f")
    stages: list[tuple[str, float]] = []
    convert.convert(ir_folder, tmp_path, lambda stage, fraction, _: stages.append((stage, fraction)))
    assert sorted(file.name for file in tmp_path.iterdir() if file.is_file()) == [
        "ffhq-mobile.onnx",
        "ffhq-mobile.safetensors",
    ]
    assert [fraction for _, fraction in stages] == sorted(fraction for _, fraction in stages)
    assert stages[-1] == ("done", 1.0)
    generator = MobileGenerator("ffhq-mobile", tmp_path / "ffhq-mobile.safetensors", torch.device("cpu"))
    assert generator.latents.name == "ffhq-config-f"
    z = torch.randn(1, 512)
    w_plus = generator.map(z)
    assert torch.allclose(w_plus[0, 0], mapping(z)[0], atol=1e-5)
    drawn = mapping(torch.randn(500, 512))
    assert float((drawn.mean(0) - generator.latents.mean).abs().max()) < 0.3 * float(drawn.std())
    expected = (synthesis(w_plus)[0] * 0.5 + 0.5).clamp(0.0, 1.0).permute(1, 2, 0).numpy()
    assert float(np.abs(generator.render(w_plus[0]) - expected).max()) < 1e-3


def _without(pattern: str, text: str) -> str:
    return re.sub(rf'<layer id="\d+" name="{pattern}".*?</layer>', "", text)


@pytest.mark.parametrize(
    "missing",
    [
        r"m\.input\.input",
        r"m\.conv1/noise",
        r"m\.conv1/noisy",
        r"m\.layers\.3\.conv2\.conv\.weight_dw",
        r"m\.layers\.3\.conv2/kernel",
        r"m\.layers\.3\.up\.modulation\.bias",
        r"m\.layers\.3\.up/scaled",
        r"m\.layers\.6\.to_img\.bias",
        r"m\.layers\.\d\.conv1/convolution",
    ],
)
def test_a_graph_from_which_something_is_missing_is_corrupt(
    missing: str, ir_folder: Path, tmp_path: Path
) -> None:
    text = (ir_folder / "SynthesisNetwork.xml").read_text()
    for file in ir_folder.iterdir():
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / "SynthesisNetwork.xml").unlink()
    (tmp_path / "SynthesisNetwork.xml").write_text(_without(missing, text))
    with pytest.raises(ModelCorrupt):
        convert.convert(tmp_path, tmp_path)


def test_a_graph_with_a_layer_too_few_or_of_another_size_is_corrupt(ir_folder: Path, tmp_path: Path) -> None:
    for file in ir_folder.iterdir():
        (tmp_path / file.name).symlink_to(file)
    path = tmp_path / "MappingNetwork.xml"
    text = path.read_text()
    path.unlink()
    for damaged in (
        _without("product7", text),
        text.replace('shape="512,512" offset="0"', 'shape="256,1024" offset="0"'),
        _without("shaped0", text),
    ):
        assert damaged != text
        path.write_text(damaged)
        with pytest.raises(ModelCorrupt):
            convert.convert(tmp_path, tmp_path)


def test_weights_that_are_not_finite_are_corrupt(synthesis: Synthesis) -> None:
    weights = dict(synthesis.state_dict())
    weights["image_bias"] = torch.full((12,), float("nan"))
    with pytest.raises(ModelCorrupt, match="finite"):
        convert.load_weights(Synthesis(), weights)
