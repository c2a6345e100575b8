"""A network that is tuned: its gradients against torch's own, and what it shares with the one it is from."""

import pytest
import torch
from torch import Tensor

from retouchml.errors import ModelCorrupt
from stylegan2.generator import as_picture
from stylegan2.mobile.network import NUM_STYLES, W_DIM, Synthesis
from stylegan2.mobile.tuning import TunableNetwork


def gradients(network: TunableNetwork, w_plus: Tensor, upstream: Tensor) -> list[Tensor]:
    """Of the sum of image times upstream [3, R, R]."""
    network.image(w_plus, upstream.shape[-1])
    network.backward(upstream)
    made = [parameter.grad for parameter in network.parameters]
    for parameter in network.parameters:
        parameter.grad = None
    assert all(each is not None for each in made)
    return [each for each in made if each is not None]


@pytest.mark.parametrize("side", [64, 256, 512])
def test_gradients_by_hand_are_nearly_those_of_torch(side: int, network: Synthesis) -> None:
    torch.manual_seed(side)
    w_plus = torch.randn(NUM_STYLES, W_DIM)
    upstream = torch.randn(3, 1, 1).expand(3, side, side).contiguous()
    by_hand = gradients(TunableNetwork(network, half=True), w_plus, upstream)
    by_torch = gradients(TunableNetwork(network, half=False), w_plus, upstream)
    assert [each.shape for each in by_hand] == [each.shape for each in by_torch]
    for one, other in zip(by_hand, by_torch, strict=True):
        cosine = torch.nn.functional.cosine_similarity(one.flatten(), other.flatten(), dim=0)
        assert float(cosine) > 0.95
        assert 0.9 < float(one.norm() / other.norm()) < 1.1


@pytest.mark.parametrize("half", [False, True])
def test_the_gradients_of_two_images_add_up(half: bool, network: Synthesis) -> None:
    torch.manual_seed(2)
    tunable = TunableNetwork(network, half=half)
    codes, upstream = torch.randn(2, NUM_STYLES, W_DIM), torch.randn(3, 64, 64)
    apart = [gradients(tunable, code, upstream) for code in codes]
    for code in codes:
        tunable.image(code, 64)
        tunable.backward(upstream)
    for parameter, one, other in zip(tunable.parameters, *apart, strict=True):
        assert parameter.grad is not None
        assert torch.allclose(parameter.grad, one + other, rtol=1e-4, atol=1e-4 * float(one.abs().max()))


def test_a_step_changes_its_own_weights_and_none_of_the_network(network: Synthesis) -> None:
    torch.manual_seed(3)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    tunable, code = TunableNetwork(network, half=False), torch.randn(NUM_STYLES, W_DIM)
    first = tunable.image(code, 64)
    assert torch.equal(first, network.coarse(code[None], 64)[0])
    assert not any(change.any() for change in tunable.changes().values())
    for parameter, gradient in zip(
        tunable.parameters, gradients(tunable, code, torch.ones(3, 64, 64)), strict=True
    ):
        parameter.sub_(1e-3 * gradient.sign())
    assert float(tunable.image(code, 64).sum()) < float(first.sum())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert len(tunable.changes()) == 4 * len(network.blocks)
    other = TunableNetwork(network, half=False)
    other.load(tunable.changes())
    assert (other.render(code, 256) == tunable.render(code, 256)).all()
    assert (other.render(code, 256) != as_picture(network.coarse(code[None], 256)[0])).any()


def test_weights_of_another_network_are_refused(network: Synthesis) -> None:
    tunable = TunableNetwork(network, half=False)
    changes = tunable.changes()
    name = next(iter(changes))
    with pytest.raises(ModelCorrupt):
        tunable.load({key: value for key, value in changes.items() if key != name})
    with pytest.raises(ModelCorrupt):
        tunable.load({**changes, name: changes[name][:1]})
