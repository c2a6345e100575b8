"""The MobileStyleGAN network against plain twins of its parts."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from stylegan2.generator import Generator
from stylegan2.mobile.network import (
    W_DIM,
    Mapping,
    ModulatedConv,
    Synthesis,
    inverse_haar,
    inverse_haar_by_convolution,
)

_LOW, _HIGH = np.array([1.0, 1.0]), np.array([1.0, -1.0])


def plain_inverse_haar(bands: NDArray[np.float32]) -> NDArray[np.float64]:
    """[4C, H, W] → [C, 2H, 2W], pixel by pixel from the definition of the two-dimensional Haar basis."""
    channels, height, width = bands.shape[0] // 4, bands.shape[1], bands.shape[2]
    image = np.zeros((channels, 2 * height, 2 * width))
    for c in range(channels):
        parts = (bands[c], *bands[channels + 3 * c : channels + 3 * c + 3])
        for part, (rows, columns) in zip(
            parts, ((_LOW, _LOW), (_HIGH, _LOW), (_LOW, _HIGH), (_HIGH, _HIGH)), strict=True
        ):
            for y in range(height):
                for x in range(width):
                    image[c, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2] += part[y, x] * np.outer(rows, columns) / 2
    return image


@pytest.fixture
def bands() -> torch.Tensor:
    torch.manual_seed(1)
    return torch.randn(2, 12, 5, 7)


def test_the_inverse_haar_transform_equals_its_definition(bands: torch.Tensor) -> None:
    image = inverse_haar(bands).numpy()
    assert image.shape == (2, 3, 10, 14)
    for picture, coefficients in zip(image, bands.numpy(), strict=True):
        assert np.allclose(picture, plain_inverse_haar(coefficients), atol=1e-6)


def test_the_way_to_it_that_onnx_runtime_takes_is_the_same(bands: torch.Tensor) -> None:
    assert torch.allclose(inverse_haar_by_convolution(bands), inverse_haar(bands), atol=1e-6)


def test_the_inverse_haar_transform_is_orthonormal(bands: torch.Tensor) -> None:
    assert torch.allclose(inverse_haar(bands).square().sum(), bands.square().sum(), rtol=1e-5)


def test_half_the_low_low_band_is_the_box_filtered_picture(bands: torch.Tensor) -> None:
    assert torch.allclose(F.avg_pool2d(inverse_haar(bands), 2), 0.5 * bands[:, :3], atol=1e-6)


def test_the_mapping_normalises_z() -> None:
    mapping = Mapping()
    z = torch.randn(3, W_DIM)
    assert torch.allclose(mapping(z), mapping(7.0 * z), atol=1e-5)


def convolution(channels: int, resolution: int) -> ModulatedConv:
    """A modulated convolution that only applies a random depthwise kernel: no style, no mixing, no noise."""
    torch.manual_seed(2)
    network = ModulatedConv(channels, channels, resolution).requires_grad_(False)
    network.affine.weight.zero_()
    network.affine.bias.fill_(1.0)
    network.depthwise.copy_(torch.randn_like(network.depthwise))
    network.pointwise.copy_(torch.eye(channels)[:, :, None, None])
    network.bias.zero_()
    network.noise.zero_()
    return network


@pytest.mark.parametrize("halvings", [1, 2, 3])
def test_a_coarsened_kernel_does_to_a_small_picture_what_the_fine_one_does_to_the_enlarged(
    halvings: int,
) -> None:
    factor = 2**halvings
    network = convolution(3, 8 * factor)
    small = torch.randn(1, 3, 8, 8)
    large = small.repeat_interleave(factor, 2).repeat_interleave(factor, 3)
    fine = F.conv2d(large, network.depthwise, padding=1, groups=3)
    kernel, _ = network.coarsened(halvings)
    coarse = F.conv2d(small, kernel, padding=1, groups=3)
    assert torch.allclose(coarse, F.avg_pool2d(fine, factor), atol=1e-5)


def test_coarsened_noise_is_the_mean_of_the_fine_noise() -> None:
    network = convolution(1, 8)
    network.noise.copy_(torch.arange(64.0).reshape(1, 1, 8, 8))
    _, noise = network.coarsened(2)
    assert noise.shape == (1, 1, 2, 2)
    assert float(noise[0, 0, 0, 0]) == pytest.approx(
        np.mean([[8 * y + x for x in range(4)] for y in range(4)])
    )


def test_a_style_scales_its_input_channel() -> None:
    network = convolution(2, 8)
    network.affine.weight[0, 0] = 1.0
    x = torch.rand(1, 2, 8, 8)
    w = torch.zeros(1, W_DIM)
    plain, styled = network(x, w), network(x, w + torch.eye(W_DIM)[:1] * 2.0)
    assert torch.allclose(styled[:, 0], 3.0 * plain[:, 0], atol=1e-5)
    assert torch.equal(styled[:, 1], plain[:, 1])


def random_network() -> Synthesis:
    """A network whose every weight is random but small enough for the activations to stay finite."""
    torch.manual_seed(3)
    network = Synthesis().requires_grad_(False)
    for name, value in [*network.named_parameters(), *network.named_buffers()]:
        fan_in = max(1, value[0].numel() if value.ndim > 1 else 1)
        value.copy_(torch.randn_like(value) * (fan_in**-0.5 if "weight" in name or "wise" in name else 0.1))
        if name.endswith("affine.bias"):
            value.add_(1.0)
    return network.eval()


def test_the_picture_at_half_the_side_is_the_box_filtered_picture() -> None:
    network = random_network()
    w_plus = torch.randn(1, 23, W_DIM) * 0.3
    whole, half = network(w_plus), network.coarse(w_plus, 512)
    assert half.shape == (1, 3, 512, 512)
    assert torch.allclose(half, F.avg_pool2d(whole, 2), atol=1e-4 * float(whole.abs().max()))


@pytest.mark.parametrize(("resolution", "decibels"), [(512, 44.0), (256, 34.0), (128, 29.0), (64, 27.0)])
def test_small_pictures_resemble_the_reduced_large_one(
    generator: Generator, resolution: int, decibels: float
) -> None:
    torch.manual_seed(4)
    w_plus = generator.map(torch.randn(1, W_DIM), truncation_psi=0.7)
    with torch.no_grad():
        exact = F.avg_pool2d(generator.synthesize(w_plus), 1024 // resolution)
        error = (generator.synthesize(w_plus, resolution) - exact).square().mean()
    assert float(10.0 * torch.log10(4.0 / error)) > decibels


@pytest.mark.parametrize("resolution", [64, 512])
def test_a_gradient_reaches_every_style_that_the_picture_depends_on(
    generator: Generator, resolution: int
) -> None:
    torch.manual_seed(6)
    w_plus = generator.map(torch.randn(1, W_DIM)).requires_grad_(True)
    generator.synthesize(w_plus, resolution).square().mean().backward()  # type: ignore[no-untyped-call]
    assert w_plus.grad is not None
    assert bool(torch.isfinite(w_plus.grad).all())
    assert bool((w_plus.grad[0].abs().sum(1) > 0).all())
