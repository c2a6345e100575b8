"""StyleGAN2 itself behind the common generator interface."""

import math
from functools import cached_property
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from retouchml.errors import UsageError
from stylegan2.formats.network_file import NetworkFile
from stylegan2.generator import Generator, Noise, StyleLayer
from stylegan2.graphed import Graphed
from stylegan2.latents import LatentSpace, measure_latent_space
from stylegan2.networks.discriminator import Discriminator
from stylegan2.networks.mapping import Mapping, truncate
from stylegan2.networks.spec import SynthesisSpec
from stylegan2.networks.synthesis import Synthesis
from stylegan2.precision import Precision, check_precision, half_type

Network = TypeVar("Network", bound=nn.Module)
HALF_OCTAVES = 4  # number of highest resolutions in half precision, as in NVIDIA's training


def style_layers(spec: SynthesisSpec) -> tuple[StyleLayer, ...]:
    """The style inputs: one at 4 px, two for each doubling, one for the last image."""
    layers = [(4, "conv")]
    for index in range(1, len(spec.channels)):
        layers += [(4 << index, "up"), (4 << index, "conv")]
    layers.append((spec.resolution, "image"))
    return tuple(StyleLayer(index, side, role) for index, (side, role) in enumerate(layers))


def identity_of(name: str, latents: LatentSpace, network: NetworkFile) -> str:
    """The value of ``Generator.identity`` for a network, whichever engine runs it."""
    return f"{name}/{latents.name}/{network.fingerprint}"


class FullGenerator(Generator):
    """StyleGAN2 in torch, for any network that ``stylegan2.formats`` reads; its weights are frozen."""

    discriminator: Discriminator | None

    def __init__(
        self,
        name: str,
        network: NetworkFile,
        device: torch.device,
        latents: LatentSpace | None = None,
        precision: Precision = "float32",
    ) -> None:
        """latents: measured when first used if None.

        precision: float16 and bfloat16 are used for the four highest resolutions only, and are fast only on
        GPUs. Raises UsageError if there is no such precision.
        """
        check_precision(precision)
        self.name, self.device, self.network = name, device, network
        self.layers = style_layers(network.generator.synthesis)
        self.resolution = network.generator.synthesis.resolution
        dtype = torch.float64 if precision == "float64" else torch.float32
        self.mapping = _load(Mapping(network.generator.mapping), network.below("mapping."))
        self._latents = latents
        half = half_type(precision)
        synthesis = Synthesis(network.generator.synthesis, HALF_OCTAVES if half else 0, half or torch.float16)
        self.synthesis = _load(synthesis, network.below("synthesis."))
        if half == torch.float16:
            # A loss that is a mean over pixels has gradients at a pixel that float16 rounds to nothing. So
            # scaled, they are of about 2^-8, and the sum of all of them is far from overflowing.
            self.gradient_scale = 2.0 ** round(math.log2(3 * self.resolution**2) - 8)
        self.graphed = Graphed(self.synthesis, self.synthesis, enabled=False)
        self.discriminator = None
        if network.discriminator is not None:
            self.discriminator = _load(Discriminator(network.discriminator), network.below("discriminator."))
            self.discriminator.to(device, dtype)
        self.mapping.to(device, dtype)
        self.synthesis.to(device, dtype)
        mean = network.tensors.get("mean")
        self._mean = self.latents.mean if mean is None else mean.to(device)

    @cached_property
    def latents(self) -> LatentSpace:  # type: ignore[override]  # an attribute there, computed on demand here
        """The statistics of W."""
        if self._latents is not None:
            return self._latents.to(self.device)
        return measure_latent_space(self.network.mapping()).to(self.device)

    @property
    def identity(self) -> str:
        return identity_of(self.name, self.latents, self.network)

    @property
    def labels(self) -> int:
        return self.network.generator.mapping.labels

    @property
    def w_dim(self) -> int:
        return self.network.generator.synthesis.w_dim

    @property
    def z_dim(self) -> int:
        return self.network.generator.mapping.z_dim

    def map(
        self,
        z: Tensor,
        labels: Tensor | None = None,
        truncation_psi: float = 1.0,
        truncation_cutoff: int | None = None,
    ) -> Tensor:
        with torch.no_grad():
            w = self.mapping(z, labels)
            return truncate(w, self._mean.to(w), self.num_layers, truncation_psi, truncation_cutoff)

    def synthesize(self, w_plus: Tensor, resolution: int | None = None, noise: Noise = "const") -> Tensor:
        # Random noise is not recorded, so that it depends on the seed as on every device.
        compute = self.graphed.plain if noise == "random" else self.graphed
        image = compute(w_plus, noise)
        if resolution is None or resolution == self.resolution:
            return image
        if resolution < 4 or resolution & (resolution - 1):
            raise UsageError(f"This generator renders at powers of two; {resolution} is not one.")
        if resolution < self.resolution:
            return F.avg_pool2d(image, self.resolution // resolution)
        size = (resolution, resolution)
        return F.interpolate(image, size, mode="bilinear", align_corners=False)


def _load(network: Network, weights: dict[str, Tensor]) -> Network:
    """The network with its weights, frozen."""
    network.load_state_dict(weights)
    network.eval().requires_grad_(False)
    return network
