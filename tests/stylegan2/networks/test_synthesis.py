"""What the reference networks do not show: other architectures, noise, sizes, labels, learning weights."""

import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

import stylegan2
from retouchml.errors import ModelMissing, UsageError
from stylegan2 import zoo
from stylegan2.formats.network_file import NetworkFile
from stylegan2.full_generator import FullGenerator, Precision, style_layers
from stylegan2.latents import space_name
from stylegan2.loading import read_network
from stylegan2.networks.discriminator import Discriminator
from stylegan2.networks.mapping import Mapping
from stylegan2.networks.spec import DiscriminatorSpec, GeneratorSpec, MappingSpec, SynthesisSpec
from stylegan2.networks.synthesis import Synthesis
from tests.conftest import at_home

DATA = Path(__file__).parents[2] / "data" / "stylegan2"
_W = 16


def synthesis(architecture: str, clamp: float | None = None) -> Synthesis:
    """A network of noise, 32 px."""
    torch.manual_seed(3)
    network = Synthesis(SynthesisSpec(_W, (12, 12, 10, 8), architecture, clamp))
    for tensor in (*network.parameters(), *network.buffers()):
        torch.nn.init.normal_(tensor)
    return network.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def generator() -> FullGenerator:
    loaded = stylegan2.load(DATA / "tf32_cond3.pkl")
    assert isinstance(loaded, FullGenerator)
    return loaded


@pytest.mark.parametrize("architecture", ["skip", "resnet", "orig"])
@pytest.mark.parametrize("clamp", [None, 0.7])
@pytest.mark.parametrize("count", [1, 3])
def test_the_fast_path_and_its_twin_agree(architecture: str, clamp: float | None, count: int) -> None:
    network, w_plus = synthesis(architecture, clamp), torch.randn(count, 8, _W)
    image, plain = network(w_plus), network(w_plus, plain=True)
    assert image.shape == (count, 3, 32, 32)
    assert torch.allclose(image, plain, atol=2e-5 * float(plain.abs().max()))


def narrow_network(resolution: int) -> NetworkFile:
    """A network of noise with the layers that NVIDIA's have at this side, but few features."""
    sides = range(resolution.bit_length() - 2)
    spec = GeneratorSpec(MappingSpec(_W, (_W,) * 3), SynthesisSpec(_W, tuple(max(4, 16 >> i) for i in sides)))
    random = torch.Generator().manual_seed(5)
    parts = {"mapping": Mapping(spec.mapping), "synthesis": Synthesis(spec.synthesis)}
    tensors = {
        f"{part}.{name}": torch.randn(tensor.shape, generator=random)
        for part, module in parts.items()
        for name, tensor in module.state_dict().items()
    }
    for name in tensors:
        if name.startswith("mapping.layers") and name.endswith("weight"):
            tensors[name] /= spec.mapping.rate
        elif "to_image" in name or name.endswith("noise_strength"):
            tensors[name] *= 0.1  # a picture of about [-1, 1]
    return NetworkFile("noise", spec, None, tensors)


@pytest.mark.parametrize(
    ("resolution", "precision", "tolerance"),
    [(256, "float32", 5e-5), (256, "float64", 1e-6), (1024, "float32", 5e-5)],
)
def test_a_network_of_256_px_works_as_well_as_one_of_1024(
    resolution: int, precision: Precision, tolerance: float
) -> None:
    whole = FullGenerator("noise", narrow_network(resolution), torch.device("cpu"), precision=precision)
    assert (whole.resolution, whole.num_layers) == (resolution, 2 * (resolution.bit_length() - 2))
    assert whole.layers_between(resolution, resolution) == list(range(whole.num_layers))[-3:]
    z = torch.randn(2, whole.z_dim, dtype=torch.float64 if precision == "float64" else torch.float32)
    w_plus = whole.map(z, truncation_psi=0.7, truncation_cutoff=8)
    assert w_plus.shape == (2, whole.num_layers, _W)
    for codes in (w_plus, w_plus[:1]):
        image, plain = whole.synthesize(codes), whole.synthesis(codes, plain=True)
        assert image.shape == (len(codes), 3, resolution, resolution)
        assert float((image - plain).abs().max()) <= tolerance
        assert 0.2 < float(image.abs().max()) < 20.0
    leaf = w_plus.clone().requires_grad_(True)
    (found,) = torch.autograd.grad(whole.synthesize(leaf, 128).square().mean(), leaf)
    assert bool((found.abs().amax((0, 2)) > 0.0).all())


def test_a_clamp_bounds_the_image_of_a_network_without_skips() -> None:
    w_plus = torch.randn(2, 8, _W)
    assert float(synthesis("orig")(w_plus).abs().max()) > 0.7
    assert float(synthesis("orig", 0.7)(w_plus).abs().max()) == pytest.approx(0.7)


def test_weights_that_learn_give_the_same_image_and_get_gradients() -> None:
    network, w_plus = synthesis("skip"), torch.randn(2, 8, _W)
    frozen = network(w_plus)
    network.requires_grad_(True)
    image = network(w_plus)
    assert torch.allclose(image, frozen, atol=2e-5 * float(frozen.abs().max()))
    image.square().mean().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_random_noise_is_another_each_time_and_none_is_none() -> None:
    network, w_plus = synthesis("skip"), torch.randn(1, 8, _W)
    first, second = network(w_plus, "random"), network(w_plus, "random")
    assert not torch.allclose(first, second, atol=0.1)
    assert torch.equal(network(w_plus, "none"), network(w_plus, "none"))
    with pytest.raises(UsageError, match="loud"):
        network(w_plus, "loud")


def test_there_is_a_style_for_4_px_two_an_octave_and_one_for_the_picture() -> None:
    layers = style_layers(SynthesisSpec(_W, (8,) * 9))
    assert len(layers) == 18
    assert [layer.resolution for layer in layers] == [4, *(4 << i for i in range(1, 9) for _ in "ab"), 1024]
    assert [layer.role for layer in layers] == ["conv", *["up", "conv"] * 8, "image"]


def test_smaller_pictures_are_averages_and_larger_ones_interpolations(generator: FullGenerator) -> None:
    w_plus = generator.map(torch.randn(1, 64))
    whole = generator.synthesize(w_plus)
    small = generator.synthesize(w_plus, 8)
    assert torch.allclose(small[0, :, 0, 0], whole[0, :, :4, :4].mean((1, 2)), atol=1e-5)
    assert generator.synthesize(w_plus, 256).shape == (1, 3, 256, 256)
    for resolution in (0, 2, 48, -64):
        with pytest.raises(UsageError, match=str(resolution)):
            generator.synthesize(w_plus, resolution)


def test_missing_labels_count_as_zeros_and_wrong_ones_are_refused(generator: FullGenerator) -> None:
    z = torch.randn(2, 64)
    assert torch.equal(generator.map(z), generator.map(z, torch.zeros(2, 3)))
    assert not torch.allclose(generator.map(z), generator.map(z, torch.eye(3)[:2]), atol=0.01)
    for labels in (torch.zeros(2, 4), torch.zeros(1, 3)):
        with pytest.raises(UsageError, match="Labels"):
            generator.map(z, labels)
    with pytest.raises(UsageError, match="z of shape"):
        generator.map(torch.randn(2, 65))
    unconditional = stylegan2.load(DATA / "tf32_resnet.pkl")
    with pytest.raises(UsageError, match="no labels"):
        unconditional.map(z, torch.eye(3)[:2])


def test_the_latent_statistics_are_those_of_the_mapping_network(generator: FullGenerator) -> None:
    labels = torch.eye(3)[torch.randint(3, (3000,))]
    w = generator.map(torch.randn(3000, 64), labels)[:, 0]
    assert float((w.mean(0) - generator.latents.mean).abs().max()) < 0.1
    v = generator.latents.whiten(w)
    assert v[:, -16:].std(0).mean().item() == pytest.approx(1.0, abs=0.05)


def test_the_same_network_has_the_same_latent_space_in_every_format() -> None:
    names = [
        stylegan2.load(DATA / name).latents.name
        for name in ("tf32_skip_as_ada.pkl", "tf32_skip_as_rosinality.pt", "tf32_resnet.pkl")
    ]
    assert names[0] == names[1] != names[2]
    assert names[0].startswith("w-")


def test_config_f_is_recognised_by_its_mapping_network(real_home: Path) -> None:
    with at_home(real_home):
        distillate = load_file(zoo.path("ffhq-mobile", "ffhq-mobile.safetensors"))
    spec = MappingSpec(512, (512,) * 8)
    mapping = Mapping(spec).requires_grad_(False)
    gain = {"weight": spec.rate / math.sqrt(512), "bias": spec.rate}
    state = {
        name: distillate[f"mapping.{name}"] / gain[name.rpartition(".")[2]] for name in mapping.state_dict()
    }
    mapping.load_state_dict(state)
    assert space_name(mapping) == "ffhq-config-f"
    state["layers.7.bias"][3] += 10.0
    mapping.load_state_dict(state)
    assert space_name(mapping) != "ffhq-config-f"


def test_a_discriminator_judges_whole_groups() -> None:
    judge = Discriminator(DiscriminatorSpec((8, 8, 8), dense=8)).requires_grad_(False)
    for tensor in judge.parameters():
        torch.nn.init.normal_(tensor)
    assert judge(torch.randn(8, 3, 16, 16)).shape == (8, 1)
    with pytest.raises(UsageError, match="4 images at a time"):
        judge(torch.randn(6, 3, 16, 16))
    with pytest.raises(UsageError, match="do not fit"):
        judge(torch.randn(4, 3, 32, 32))


def rosinality_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A discriminator of 16 px in the names of rosinality's checkpoints."""
    named = {"convs.0.0.weight": state["from_image.16.weight"], "convs.0.1.bias": state["from_image.16.bias"]}
    for number, side in ((1, 16), (2, 8)):
        named[f"convs.{number}.conv1.0.weight"] = state[f"blocks.{side}.conv0.weight"]
        named[f"convs.{number}.conv1.1.bias"] = state[f"blocks.{side}.conv0.bias"]
        named[f"convs.{number}.conv2.1.weight"] = state[f"blocks.{side}.conv1.weight"]
        named[f"convs.{number}.conv2.2.bias"] = state[f"blocks.{side}.conv1.bias"]
        named[f"convs.{number}.skip.1.weight"] = state[f"blocks.{side}.skip.weight"]
    named |= {"final_conv.0.weight": state["conv.weight"], "final_conv.1.bias": state["conv.bias"]}
    for number, part in enumerate(("dense", "output")):
        named |= {f"final_linear.{number}.{kind}": state[f"{part}.{kind}"] for kind in ("weight", "bias")}
    return named


@pytest.mark.parametrize("zipped", [True, False])
def test_a_training_checkpoint_gives_its_discriminator(zipped: bool, tmp_path: Path) -> None:
    judge = Discriminator(DiscriminatorSpec((8, 6, 4), dense=8))
    for tensor in judge.parameters():
        torch.nn.init.normal_(tensor)
    state = {name: tensor.detach() for name, tensor in judge.state_dict().items()}
    whole = torch.load(DATA / "tf32_skip_as_rosinality.pt", weights_only=True)
    path = tmp_path / "a checkpoint without a suffix"
    torch.save({**whole, "d": rosinality_names(state)}, path, _use_new_zipfile_serialization=zipped)
    network = read_network(path)
    assert network.discriminator is not None
    assert (network.discriminator.channels, network.discriminator.architecture) == ((8, 6, 4), "resnet")
    found = network.below("discriminator.")
    assert found.keys() == state.keys()
    assert all(torch.equal(found[name], state[name]) for name in state)


def test_a_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing):
        stylegan2.load(tmp_path / "none.pkl")
    with pytest.raises(ModelMissing):
        stylegan2.load(tmp_path)
    with pytest.raises(UsageError, match="float8"):
        stylegan2.load(DATA / "tf32_resnet.pkl", precision="float8")
