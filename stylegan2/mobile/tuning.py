"""MobileStyleGAN with weights of its own for one face: a network that can be tuned, and rendered as it is.

Roich et al., "Pivotal tuning for latent-based editing of real images", ACM TOG 2022 (arXiv 2106.05744): the
code of a face stays, and the weights change until the image of that code is the photograph. Here only the
pointwise convolutions and the biases change, 1.4 million numbers. They hold what is seen; codes still reach
them through the same styles, and nothing is tied to a place in the image, as the noise maps are.
"""

from collections.abc import Iterable, Mapping

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
        with torch.device("meta"):  # its own weights are never made
            self._network = Synthesis(inverse_haar, network.channels)
        original = network.state_dict()
        self._names = _tunable(original)
        own = {name: original[name].clone() for name in self._names}
        self._network.load_state_dict({**original, **own}, assign=True)
        self._network.eval().requires_grad_(False)
        self._original = {name: original[name] for name in self._names}
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

    @property
    def nbytes(self) -> int:
        """The memory of the weights that are not shared with the network."""
        return sum(parameter.nbytes for parameter in self.parameters)

    def release(self) -> None:
        """Free the memory that images were made in; the next one takes it again."""
        self._image = None
        if self._half is not None:
            self._half.release()

    def load(self, changes: Mapping[str, Tensor]) -> None:
        """Take such changes. Raises ModelCorrupt if they are another network's."""
        own = dict(self._network.named_parameters())
        if not _fit(self._original, changes):
            raise ModelCorrupt("The tuned weights are those of another network.")
        for name, change in changes.items():
            own[name].copy_(self._original[name] + change.to(own[name]))

    @torch.no_grad()
    def render(self, w_plus: Tensor, resolution: int) -> NDArray[np.float32]:
        """The picture [R, R, 3] in [0, 1] of a code [L, W]; R from 256, a power of two."""
        if resolution < RESOLUTION:
            return as_picture(self._network.coarse(w_plus[None], resolution)[0])
        return as_picture(self._network(w_plus[None])[0])


def changes_fit(network: Synthesis, changes: Mapping[str, Tensor]) -> bool:
    """Whether changes have the names and shapes of the weights of a network that may change."""
    state = network.state_dict()
    return _fit({name: state[name] for name in _tunable(state)}, changes)


def _tunable(names: Iterable[str]) -> list[str]:
    """The names of the weights that may change."""
    ends = (".pointwise", ".bias")
    return [
        name for name in names if ".conv" in name and name.endswith(ends) and not name.endswith("affine.bias")
    ]


def _fit(weights: Mapping[str, Tensor], changes: Mapping[str, Tensor]) -> bool:
    return changes.keys() == weights.keys() and all(
        change.shape == weights[name].shape for name, change in changes.items()
    )


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

    def release(self) -> None:
        """Free the memory of feature maps."""
        self._sizes.clear()
        self._last = None
