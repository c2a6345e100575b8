"""StyleGAN2 run by TensorFlow 1.15 behind the common generator interface.

For the pipeline it is like any other: its images are torch tensors, and the child process also computes their
gradients.
"""

import secrets
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from retouchml.errors import DeviceError, UsageError
from stylegan2.formats.network_file import NetworkFile
from stylegan2.full_generator import identity_of, style_layers
from stylegan2.generator import Generator, Noise
from stylegan2.latents import LatentSpace
from stylegan2.networks.discriminator import Discriminator
from stylegan2.networks.mapping import truncate
from stylegan2.tensorflow1.child_process import ChildProcess
from stylegan2.tensorflow1.py37 import messages

_SEEDS = 1 << 31  # number of different seeds
_BATCH = 64  # samples that the child process takes at most


class TensorFlow1Generator(Generator):
    """A network that a child process runs. Its tensors are on the CPU, wherever TensorFlow computes.

    A smaller image is the full-size one, averaged: exact, but no cheaper. Leaving out the high resolutions
    would be cheaper, but those of a skip network add much of the coarse brightness and colour as well, and
    the result would look like another picture.
    """

    def __init__(
        self,
        name: str,
        network: NetworkFile,
        latents: LatentSpace,
        child: ChildProcess,
    ) -> None:
        self.name, self.latents, self.device = name, latents, torch.device("cpu")
        self.resolution = network.generator.synthesis.resolution
        self.layers = style_layers(network.generator.synthesis)
        self.child = child
        self._spec = network.generator.mapping
        self._identity = identity_of(name, latents, network)  # now, so that the weights need not be kept
        self._mean = network.tensors["mean"]
        if network.discriminator is not None:
            self.discriminator = Discriminator(network.discriminator)
            self.discriminator.load_state_dict(network.below("discriminator."))
            self.discriminator.eval().requires_grad_(False)

    @property
    def identity(self) -> str:
        return self._identity

    @property
    def labels(self) -> int:
        return self._spec.labels

    @property
    def z_dim(self) -> int:
        return self._spec.z_dim

    def map(
        self,
        z: Tensor,
        labels: Tensor | None = None,
        truncation_psi: float = 1.0,
        truncation_cutoff: int | None = None,
    ) -> Tensor:
        if labels is not None and labels.numel() and not self.labels:
            raise UsageError("This network takes no labels.")
        parts = []
        for first in range(0, max(1, len(z)), _BATCH):
            batch = slice(first, first + _BATCH)
            request: messages.Message = {"op": "map", "z": _packed(z[batch])}
            if labels is not None and self.labels:
                request["labels"] = _packed(labels[batch].to(z))
            parts.append(_unpacked(self.child.ask(request), z))
        w = torch.cat(parts)
        return truncate(w, self._mean.to(w), self.num_layers, truncation_psi, truncation_cutoff)

    def synthesize(self, w_plus: Tensor, resolution: int | None = None, noise: Noise = "const") -> Tensor:
        if w_plus.ndim != 3 or w_plus.shape[1:] != (self.num_layers, self.w_dim):
            raise UsageError(f"w_plus of shape {tuple(w_plus.shape)} does not fit this generator.")
        side = self.resolution if resolution is None else resolution
        if side < 4 or side & (side - 1):
            raise UsageError(f"This generator renders at powers of two; {side} is not one.")
        factor = max(1, self.resolution // side)
        seed = secrets.randbelow(_SEEDS) if noise == "random" else 0
        call = {"noise": noise, "seed": seed, "factor": factor}
        image = cast(Tensor, _Synthesis.apply(w_plus, self.child, call))  # type: ignore[no-untyped-call]
        if side > self.resolution:
            size = (side, side)
            return torch.nn.functional.interpolate(image, size, mode="bilinear", align_corners=False)
        return image


class _Synthesis(torch.autograd.Function):
    """Synthesis by the child process, differentiable once."""

    @staticmethod
    def forward(ctx: Any, w_plus: Tensor, child: ChildProcess, call: messages.Message) -> Tensor:
        ctx.save_for_backward(w_plus)
        ctx.child, ctx.call = child, call
        return _unpacked(child.ask({"op": "synthesize", "w_plus": _packed(w_plus), **call}), w_plus)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor, None, None]:
        (w_plus,) = ctx.saved_tensors
        request = {"op": "pull_back", "w_plus": _packed(w_plus), "cotangent": _packed(cotangent.to(w_plus))}
        return _unpacked(ctx.child.ask({**request, **ctx.call}), w_plus), None, None


def _packed(tensor: Tensor) -> messages.Message:
    numbers = tensor.detach().cpu()
    return messages.pack_array((numbers if numbers.dtype == torch.float64 else numbers.float()).numpy())


def _unpacked(answer: Any, like: Tensor) -> Tensor:
    try:
        array = messages.unpack_array(answer)
    except messages.MessageError as error:
        raise DeviceError(f"The TensorFlow 1.15 engine gave an invalid answer: {error}.") from error
    if not np.isfinite(array).all():
        raise DeviceError("The TensorFlow 1.15 engine computed numbers that are not finite.")
    return torch.from_numpy(array.copy()).to(like)
