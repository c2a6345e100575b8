"""The latent space: whitened coordinates, the way back, and its name."""

import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import stylegan2
from stylegan2 import zoo
from stylegan2.latents import LatentSpace, space_name
from stylegan2.networks.mapping import Mapping
from stylegan2.networks.spec import MappingSpec
from tests.conftest import at_home

DATA = Path(__file__).parents[1] / "data" / "stylegan2"

_WIDTH = 24


@pytest.fixture
def samples() -> torch.Tensor:
    """Codes [4000, 24] as a mapping network makes them: leaky, correlated, of unequal spread."""
    torch.manual_seed(5)
    mixed = torch.randn(4000, _WIDTH) @ (torch.randn(_WIDTH, _WIDTH) * torch.linspace(0.4, 1.6, _WIDTH))
    return torch.nn.functional.leaky_relu(mixed + 0.7, 0.2)


@pytest.fixture
def space(samples: torch.Tensor) -> LatentSpace:
    return LatentSpace.fit("test", samples)


def test_unwhitening_undoes_whitening_for_codes_of_any_shape(
    space: LatentSpace, samples: torch.Tensor
) -> None:
    for w in (samples[0], samples[:7], samples[:12].reshape(2, 6, _WIDTH)):
        assert torch.allclose(space.unwhiten(space.whiten(w)), w, atol=1e-4)
    v = torch.randn(5, _WIDTH)
    assert torch.allclose(space.whiten(space.unwhiten(v)), v, atol=1e-4)


def test_whitened_samples_are_centred_and_uncorrelated_with_unit_variance(
    space: LatentSpace, samples: torch.Tensor
) -> None:
    v = space.whiten(samples)
    assert torch.allclose(v.mean(0), torch.zeros(_WIDTH), atol=1e-3)
    assert torch.allclose(torch.cov(v.T), torch.eye(_WIDTH), atol=1e-2)


def test_directions_that_hardly_vary_are_not_blown_up_to_unit_variance(samples: torch.Tensor) -> None:
    samples = samples.clone()
    samples[:, :4] = 1.0 + 1e-3 * torch.randn(len(samples), 4)
    v = LatentSpace.fit("test", samples).whiten(samples)
    variance = v.var(0)
    assert (variance[:4] < 1e-4).all()
    assert torch.allclose(variance[4:], torch.ones(_WIDTH - 4), atol=1e-2)


def test_the_last_components_are_those_that_vary_most(samples: torch.Tensor, space: LatentSpace) -> None:
    moved = [
        float((space.unwhiten(torch.eye(_WIDTH)[i] * 0.01) - space.unwhiten(torch.zeros(_WIDTH))).norm())
        for i in (0, -1)
    ]
    assert moved[1] > 2.0 * moved[0]


def test_the_mean_is_that_of_w(space: LatentSpace, samples: torch.Tensor) -> None:
    assert torch.allclose(space.mean, samples.mean(0), atol=1e-5)


def test_negative_codes_are_stretched_by_the_slope_of_the_mapping(space: LatentSpace) -> None:
    step = torch.zeros(_WIDTH)
    step[3] = 0.1
    up = space.whiten(torch.ones(_WIDTH) + step) - space.whiten(torch.ones(_WIDTH))
    down = space.whiten(-torch.ones(_WIDTH) + step) - space.whiten(-torch.ones(_WIDTH))
    assert torch.allclose(down, 5.0 * up, atol=1e-4)


def test_a_gradient_flows_both_ways(space: LatentSpace) -> None:
    v = torch.randn(3, _WIDTH, requires_grad=True)
    space.whiten(space.unwhiten(v)).sum().backward()  # type: ignore[no-untyped-call]
    assert v.grad is not None
    assert torch.allclose(v.grad, torch.ones_like(v), atol=1e-3)


def test_the_tensors_make_the_same_space_again(space: LatentSpace, samples: torch.Tensor) -> None:
    again = LatentSpace("test", **space.tensors()).to("cpu")
    assert torch.equal(again.whiten(samples), space.whiten(samples))


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
