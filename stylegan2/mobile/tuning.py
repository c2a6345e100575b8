"""MobileStyleGAN with weights of its own for one face: a network that can be tuned, and rendered as it is.

Roich et al., "Pivotal tuning for latent-based editing of real images", ACM TOG 2022 (arXiv 2106.05744): the
code of a face stays, and the weights change until the image of that code is the photograph. Here only the
pointwise convolutions and the biases change, 1.4 million numbers. They hold what is seen; codes still reach
them through the same styles, and nothing is tied to a place in the image, as the noise maps are.
"""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from retouchml.errors import ModelCorrupt
from stylegan2.generator import as_picture
from stylegan2.mobile.half_images import SizedHalf, Tape
from stylegan2.mobile.network import RESOLUTION, Synthesis, inverse_haar

_SMALL = 256  # pixels; what images of that size need is kept beside that of larger ones


class TunableNetwork:
    """A copy of a synthesis network whose pointwise convolutions and biases may change.

    All other weights are those of the network itself, and shared with it.
    """

    def __init__(self, network: Synthesis, *, half: bool) -> None:
        """half: whether to compute the gradients in bfloat16, on a CPU that multiplies in it."""
        self._network = Synthesis(inverse_haar, network.channels)
        state = network.state_dict()
        names = [name for name in state if name.endswith((".pointwise", ".bias")) and ".conv" in name]
        self._names = [name for name in names if not name.endswith("affine.bias")]
        state = {name: value.clone() if name in self._names else value for name, value in state.items()}
        self._network.load_state_dict(state, assign=True)
        self._network.eval().requires_grad_(False)
        self._original = {name: state[name].clone() for name in self._names}
        self._half = _TunedHalf(self._network) if half else None
        self._image: Tensor | None = None

    @property
    def parameters(self) -> tuple[Tensor, ...]:
        """The weights that may change; ``backward`` adds to the gradient of each, in ``grad``."""
        own = dict(self._network.named_parameters())
        return tuple(own[name] for name in self._names)

    def image(self, w_plus: Tensor, resolution: int) -> Tensor:
        """The image [3, R, R] of a code [L, W] with the weights as they are; R at most 512."""
        if self._half is not None:
            return self._half.image(w_plus, resolution)
        with torch.enable_grad():
            for parameter in self.parameters:
                parameter.requires_grad_(True)
            self._image = self._network.coarse(w_plus[None], resolution)[0]
        return self._image.detach()

    def backward(self, gradient: Tensor) -> None:
        """Add to the parameters' gradients, from that of the last image [3, R, R]."""
        if self._half is not None:
            self._half.backward(gradient)
            return
        assert self._image is not None
        self._image.backward(gradient)  # type: ignore[no-untyped-call]
        self._image = None
        self._network.requires_grad_(False)

    def changes(self) -> dict[str, Tensor]:
        """How far the parameters are from those of the network, by name."""
        own = dict(self._network.named_parameters())
        return {name: own[name].detach() - self._original[name] for name in self._names}

    def load(self, changes: Mapping[str, Tensor]) -> None:
        """Take such changes. Raises ModelCorrupt if they are another network's."""
        own = dict(self._network.named_parameters())
        if changes.keys() != self._original.keys():
            raise ModelCorrupt("The tuned weights are those of another network.")
        for name, change in changes.items():
            if change.shape != own[name].shape:
                raise ModelCorrupt("The tuned weights are those of another network.")
            own[name].copy_(self._original[name] + change.to(own[name]))

    @torch.no_grad()
    def render(self, w_plus: Tensor, resolution: int) -> NDArray[np.float32]:
        """The picture [R, R, 3] in [0, 1] of a code [L, W]; R from 256, a power of two."""
        if resolution < RESOLUTION:
            return as_picture(self._network.coarse(w_plus[None], resolution)[0])
        return as_picture(self._network(w_plus[None])[0])


class _TunedHalf:
    """The images of a network whose pointwise weights and biases are being tuned, and the gradients of these.

    As ``HalfImages``, for one code and one thread at a time.
    """

    def __init__(self, network: Synthesis) -> None:
        """network: its weights may change between two images"""
        self._network = network
        self._sizes: dict[int, SizedHalf] = {}
        self._last: tuple[SizedHalf, Tape] | None = None

    def image(self, w_plus: Tensor, resolution: int) -> Tensor:
        """The image [3, R, R] of a code [23, 512]."""
        if resolution not in self._sizes:
            for other in [each for each in self._sizes if each > min(resolution, _SMALL)]:
                del self._sizes[other]  # releases its memory first
            self._sizes[resolution] = SizedHalf(self._network, resolution)
        size = self._sizes[resolution]
        size.load()
        with torch.no_grad():
            image, tape = size.forward(w_plus, tunes=True)
        self._last = size, tape
        return image

    def backward(self, gradient: Tensor) -> None:
        """Add to the weights' gradients, from that of the last image [3, R, R]."""
        assert self._last is not None
        size, tape = self._last
        with torch.no_grad():
            size.backward(gradient, tape)
        self._last = None
