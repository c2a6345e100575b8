"""The interface of all generators, whatever their network and engine."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stylegan2.latents import LatentSpace

Noise = Literal["const", "random", "none"]


@dataclass(frozen=True)
class StyleLayer:
    """One style input of the synthesis network."""

    index: int  # position along the L axis of ``w_plus``
    resolution: int  # side in pixels of the feature map that it modulates
    role: str  # "conv", "up" or "image"


class Generator(ABC):
    """A pre-trained StyleGAN2-like network: z → w_plus → image.

    Layers are referred to by resolution, never by index, so that edits and scorers of one W space work for
    every network that shares it.
    """

    name: str
    resolution: int
    layers: tuple[StyleLayer, ...]
    latents: LatentSpace
    device: torch.device
    discriminator: nn.Module | None = None
    gradient_scale: float = 1.0
    """What a loss should be multiplied by so that its gradient with respect to ``w_plus`` is not rounded away
    on the way; the gradient is then to be divided by it."""

    @property
    def half_is_quick(self) -> bool:
        """Whether an image of half the side is ``render``'s, box-filtered, and takes about half the time."""
        return False

    @property
    def identity(self) -> str:
        """Identifies this network, also among networks of the same name."""
        return self.name

    @property
    def w_dim(self) -> int:
        """W, the width of the latent space."""
        return int(self.latents.mean.shape[0])

    @property
    def num_layers(self) -> int:
        """L, the number of style inputs."""
        return len(self.layers)

    @property
    def z_dim(self) -> int:
        """Z, the width of the input of ``map``."""
        return self.w_dim

    @property
    def labels(self) -> int:
        """Number of classes; 0 for an unconditional network."""
        return 0

    def random_labels(self, random: np.random.Generator, count: int) -> Tensor | None:
        """Uniformly random classes, one-hot [count, classes]; None for an unconditional network."""
        if not self.labels:
            return None
        return torch.eye(self.labels, device=self.device)[random.integers(self.labels, size=count)]

    @abstractmethod
    def map(
        self,
        z: Tensor,
        labels: Tensor | None = None,
        truncation_psi: float = 1.0,
        truncation_cutoff: int | None = None,
    ) -> Tensor:
        """z [N, Z] → w_plus [N, L, W]; layers below ``truncation_cutoff``, or all, are drawn to the mean.

        labels: [N, classes], zeros if a conditional network gets none; truncation_psi: 1 leaves codes
        unchanged, 0 replaces them by the mean. Raises UsageError if a shape does not fit.
        """

    @abstractmethod
    def synthesize(self, w_plus: Tensor, resolution: int | None = None, noise: Noise = "const") -> Tensor:
        """w_plus [N, L, W] → images [N, 3, H, H], sRGB-encoded, about [-1, 1], unclipped; differentiable.

        resolution: side of the image, a power of two; below the network's own, the image may be approximate.
        Raises UsageError if a shape does not fit, or the network has no such size or noise.
        """

    def render(self, w_plus: Tensor) -> NDArray[np.float32]:
        """w_plus [L, W] → picture [H, H, 3] in [0, 1] of full size, by the fastest way, without gradient."""
        with torch.no_grad():
            return as_picture(self.synthesize(w_plus[None])[0])


def as_picture(image: Tensor) -> NDArray[np.float32]:
    """Network output [3, H, W] in about [-1, 1] → picture [H, W, 3] float32 in [0, 1], clipped."""
    picture = image.detach().permute(1, 2, 0).float().contiguous()
    if picture.data_ptr() == image.data_ptr():  # it was in this order, and must stay as it is
        picture = picture.clone()
    return np.asarray(picture.mul_(0.5).add_(0.5).clamp_(0.0, 1.0).cpu().numpy(), np.float32)
