"""A StyleGAN2 network of noise that is quick on every machine."""

import torch

from stylegan2.formats.network_file import NetworkFile
from stylegan2.networks.mapping import Mapping
from stylegan2.networks.spec import GeneratorSpec, MappingSpec, SynthesisSpec
from stylegan2.networks.synthesis import Synthesis

W_DIM = 16


def narrow_network(resolution: int) -> NetworkFile:
    """A network of noise with the layers that NVIDIA's have at this side, but few features."""
    sides = range(resolution.bit_length() - 2)
    spec = GeneratorSpec(
        MappingSpec(W_DIM, (W_DIM,) * 3), SynthesisSpec(W_DIM, tuple(max(4, 16 >> i) for i in sides))
    )
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
