"""What synthesis asks of a device: nothing that a CUDA graph cannot hold, or that would be slow on a GPU."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from stylegan2.generator import Noise
from stylegan2.mobile import network as mobile
from stylegan2.networks.spec import SynthesisSpec
from stylegan2.networks.synthesis import Synthesis
from tests.capturable import issued, objections

_W = 8
_SPEC = SynthesisSpec(_W, (12, 10, 8, 6, 4))


def synthesis(architecture: str, half_octaves: int, clamp: float | None = None) -> Synthesis:
    network = Synthesis(SynthesisSpec(_W, _SPEC.channels, architecture, clamp), half_octaves)
    for tensor in (*network.parameters(), *network.buffers()):
        nn.init.normal_(tensor)
    return network.eval().requires_grad_(False)


@pytest.mark.parametrize("architecture", ["skip", "resnet", "orig"])
@pytest.mark.parametrize("half_octaves", [0, 3])
@pytest.mark.parametrize("noise", ["const", "none"])
@pytest.mark.parametrize("count", [1, 2])
def test_synthesis_neither_waits_for_the_gpu_nor_leaves_it(
    architecture: str, half_octaves: int, noise: Noise, count: int
) -> None:
    network = synthesis(architecture, half_octaves, clamp=256.0).to("meta")
    w_plus = torch.empty(count, _SPEC.num_layers, _W, device="meta")
    operations = issued(lambda: network(w_plus, noise))
    assert sum(each.name == "convolution" for each in operations) > len(_SPEC.channels)
    assert objections(operations, "meta") == []


@pytest.mark.parametrize("resolution", [64, 512, 1024])
def test_nor_does_the_mobile_network(resolution: int) -> None:
    network = mobile.Synthesis().requires_grad_(False).to("meta")
    w_plus = torch.empty(1, mobile.NUM_STYLES, mobile.W_DIM, device="meta")
    compute = network if resolution == 1024 else lambda codes: network.coarse(codes, resolution)
    operations = issued(lambda: compute(w_plus))
    assert sum(each.name == "convolution" for each in operations) > 20
    assert objections(operations, "meta") == []


@pytest.mark.parametrize(
    ("compute", "objection"),
    [
        (lambda x: x * float(x.sum()), "_local_scalar_dense waits"),
        (lambda x: x.nonzero(), "nonzero waits"),
        (lambda x: x * torch.ones(3).to("cpu"), "ones on cpu"),
        (lambda x: x.double().float(), "_to_copy in double precision"),
    ],
)
def test_what_would_break_a_recording_is_noticed(compute: Callable[[Tensor], Tensor], objection: str) -> None:
    x = torch.ones(3)
    device = "meta" if "cpu" in objection else "cpu"
    assert objection in objections(issued(lambda: compute(x)), device)


def test_in_half_precision_convolutions_get_what_they_need_not_lay_out_anew() -> None:
    network, w_plus = synthesis("skip", 3), torch.randn(1, _SPEC.num_layers, _W)
    half = [
        each.tensors[:2]
        for each in issued(lambda: network(w_plus))
        if each.name == "convolution" and each.tensors[0].dtype == torch.float16
    ]
    assert len(half) == 3 * 4  # two convolutions, a filter and the image, at each of three resolutions
    for x, weight in half:
        assert weight.dtype == torch.float16
        assert x.is_contiguous(memory_format=torch.channels_last)
        assert weight.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("size", [0.01, 1e5])
@pytest.mark.parametrize("count", [1, 2])
def test_in_half_precision_the_scale_of_weights_does_not_matter(size: float, count: int) -> None:
    """Demodulation undoes it; on the way there, float16 must not overflow."""
    torch.manual_seed(1)
    network, half = synthesis("skip", 0), synthesis("skip", 3)
    for name, parameter in network.named_parameters():
        if name.endswith(("conv0.weight", "conv1.weight")):
            parameter.mul_(size)
    half.load_state_dict(network.state_dict())
    w_plus = torch.randn(count, _SPEC.num_layers, _W)
    expected = network(w_plus)
    assert float((half(w_plus) - expected).abs().max()) <= 0.02 * float(expected.abs().max())
