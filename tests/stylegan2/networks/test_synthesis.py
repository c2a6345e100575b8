"""The synthesis network: what the reference networks do not have (architectures, clamps, noise, training)."""

import pytest
import torch

from retouchml.errors import UsageError
from stylegan2.networks.spec import SynthesisSpec
from stylegan2.networks.synthesis import Synthesis

_W = 16


def synthesis(architecture: str, clamp: float | None = None) -> Synthesis:
    """A network of noise, 32 px."""
    torch.manual_seed(3)
    network = Synthesis(SynthesisSpec(_W, (12, 12, 10, 8), architecture, clamp))
    for tensor in (*network.parameters(), *network.buffers()):
        torch.nn.init.normal_(tensor)
    return network.eval().requires_grad_(False)


@pytest.mark.parametrize("architecture", ["skip", "resnet", "orig"])
@pytest.mark.parametrize("clamp", [None, 0.7])
@pytest.mark.parametrize("count", [1, 3])
def test_the_fast_path_and_its_twin_agree(architecture: str, clamp: float | None, count: int) -> None:
    network, w_plus = synthesis(architecture, clamp), torch.randn(count, 8, _W)
    image, plain = network(w_plus), network(w_plus, plain=True)
    assert image.shape == (count, 3, 32, 32)
    assert torch.allclose(image, plain, atol=2e-5 * float(plain.abs().max()))


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
