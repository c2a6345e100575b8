"""StyleGAN2 behind the generator interface: sizes, style layers, labels, latent statistics."""

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

import stylegan2
from retouchml.errors import UsageError
from stylegan2.full_generator import FullGenerator, style_layers
from stylegan2.networks.spec import SynthesisSpec
from stylegan2.precision import Precision
from tests.stylegan2.narrow_network import W_DIM, narrow_network

DATA = Path(__file__).parents[1] / "data" / "stylegan2"


@pytest.fixture(scope="module")
def generator() -> FullGenerator:
    loaded = stylegan2.load(DATA / "tf32_cond3.pkl")
    assert isinstance(loaded, FullGenerator)
    return loaded


@pytest.mark.parametrize(
    ("resolution", "precision", "tolerance"),
    [(256, "float32", 5e-5), (256, "float64", 1e-6), (1024, "float32", 5e-5)],
)
def test_a_network_of_256_px_works_as_well_as_one_of_1024(
    resolution: int, precision: Precision, tolerance: float
) -> None:
    whole = FullGenerator("noise", narrow_network(resolution), torch.device("cpu"), precision=precision)
    assert (whole.resolution, whole.num_layers) == (resolution, 2 * (resolution.bit_length() - 2))
    widest = [layer.index for layer in whole.layers if layer.resolution == resolution]
    assert widest == list(range(whole.num_layers))[-3:]
    z = torch.randn(2, whole.z_dim, dtype=torch.float64 if precision == "float64" else torch.float32)
    w_plus = whole.map(z, truncation_psi=0.7, truncation_cutoff=8)
    assert w_plus.shape == (2, whole.num_layers, W_DIM)
    for codes in (w_plus, w_plus[:1]):
        image, plain = whole.synthesize(codes), whole.synthesis(codes, plain=True)
        assert image.shape == (len(codes), 3, resolution, resolution)
        assert float((image - plain).abs().max()) <= tolerance
        assert 0.2 < float(image.abs().max()) < 20.0
    leaf = w_plus.clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(whole.synthesize(leaf, 128).square().mean(), leaf)
    assert bool((gradient.abs().amax((0, 2)) > 0.0).all())


def test_there_is_a_style_for_4_px_two_an_octave_and_one_for_the_picture() -> None:
    layers = style_layers(SynthesisSpec(W_DIM, (8,) * 9))
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


@pytest.mark.parametrize(("precision", "least"), [("float16", 80.0), ("bfloat16", 65.0)])
def test_half_precision_gives_nearly_the_same_picture(precision: Precision, least: float) -> None:
    whole, half = (
        FullGenerator("noise", narrow_network(256), torch.device("cpu"), precision=p)
        for p in ("float32", precision)
    )
    torch.manual_seed(1)
    w_plus = whole.map(torch.randn(2, whole.z_dim), truncation_psi=0.7)
    image = half.synthesize(w_plus)
    assert image.dtype == torch.float32
    error = float((image - whole.synthesize(w_plus)).square().mean())
    assert 10.0 * math.log10(4.0 / error) > least


def test_with_its_scale_the_gradient_in_float16_is_that_in_float32_and_without_it_is_not() -> None:
    """A mean over the pixels of 1024 px gives each of them less than float16 can hold."""
    whole, half = (
        FullGenerator("noise", narrow_network(1024), torch.device("cpu"), precision=p)
        for p in ("float32", "float16")
    )
    torch.manual_seed(0)
    w_plus = whole.map(torch.randn(1, whole.z_dim), truncation_psi=0.7)

    def gradient(generator: FullGenerator, scale: float) -> Tensor:
        leaf = w_plus.clone().requires_grad_(True)
        loss = (generator.synthesize(leaf, 256) - 0.1).abs().mean()
        return torch.autograd.grad(loss * scale, leaf)[0] / scale

    expected = gradient(whole, whole.gradient_scale)
    assert whole.gradient_scale == 1.0

    def error(scale: float) -> float:
        return float((gradient(half, scale) - expected).norm() / expected.norm())

    assert error(half.gradient_scale) < 0.005
    assert error(1.0) > 0.05
    assert error(half.gradient_scale / 16) < 0.02  # far from either end of the range
    assert error(half.gradient_scale * 8) < 0.02


def test_features_that_float16_cannot_hold_make_no_picture_without_numbers() -> None:
    network = narrow_network(256)
    for name, tensor in network.tensors.items():
        if name.endswith("conv1.bias"):
            tensor.fill_(9e4)  # float16 ends at 65504
    half = FullGenerator("noise", network, torch.device("cpu"), precision="float16")
    for count in (1, 2):
        assert half.synthesize(half.map(torch.randn(count, half.z_dim))).isfinite().all()
