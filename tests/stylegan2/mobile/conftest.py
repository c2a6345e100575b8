"""A small network, of which several ways to compute images are tested."""

import pytest
import torch

from stylegan2.mobile.network import Synthesis

_CHANNELS = (16, 16, 24, 16, 16, 8, 8, 8)


@pytest.fixture(scope="module")
def network() -> Synthesis:
    """A narrow network of random weights, whose maps stay of about the same size."""
    torch.manual_seed(4)
    network = Synthesis(channels=_CHANNELS).eval().requires_grad_(False)
    for name, value in [*network.named_parameters(), *network.named_buffers()]:
        if "affine" not in name:
            value.copy_(torch.randn_like(value) * (0.3 if "noise" in name or "bias" in name else 0.5))
        elif name.endswith("bias"):
            value.add_(1.0)
    return network
