"""The standard score as a function of the latent code: an ensemble of small networks.

Each hidden unit looks at its own mixture of the octaves' whitened codes, and a linear part at each octave by
itself. ``retouchml train scorer`` fits it to ratings and to their gradients (Sobolev training, Czarnecki et
al. 2017, arXiv 1706.04859). Files of earlier versions hold a ``LatentNetwork``, and are still read.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from pipeline.latent_network import OCTAVES, LatentNetwork, LearnedFile, load_for_space
from stylegan2.generator import Generator


class RatingNetwork(nn.Module):
    """Whitened codes by octave [N, 9, W] → the rating by each of M members [N, M], in standard deviations."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, members: int, components: int, hidden: int) -> None:
        """components: of the code, those that vary most; the others hardly show in a picture."""
        super().__init__()
        self.outputs = ("rating",) * members
        start = torch.randn(members, hidden, components) / math.sqrt(components)
        self.octave_logits = nn.Parameter(torch.zeros(members, hidden, OCTAVES))
        self.hidden_weight = nn.Parameter(start)
        self.hidden_bias = nn.Parameter(torch.zeros(members, hidden))
        self.readout = nn.Parameter(torch.zeros(members, hidden))
        self.linear = nn.Parameter(torch.zeros(members, OCTAVES, components))
        self.bias = nn.Parameter(torch.zeros(members))
        self.register_buffer("mean", torch.zeros(1))
        self.register_buffer("deviation", torch.ones(1))

    def forward(self, octaves: Tensor) -> Tensor:
        used = self._used(octaves)
        linear = torch.einsum("now,mow->nm", used, self.linear)
        return linear + (self._hidden(used) * self.readout).sum(2) + self.bias

    def with_gradient(self, octaves: Tensor) -> tuple[Tensor, Tensor]:
        """As ``forward``, and the gradients [N, M, 9, components] to the components of the code."""
        used = self._used(octaves)
        hidden = self._hidden(used)
        linear = torch.einsum("now,mow->nm", used, self.linear)
        slope = ((1.0 - hidden.square()) * self.readout)[:, :, None] * self._mixture()  # [N, M, 9, H]
        gradient = self.linear + torch.einsum("nmoh,mhw->nmow", slope, self.hidden_weight)
        return linear + (hidden * self.readout).sum(2) + self.bias, gradient

    def values(self, octaves: Tensor) -> Tensor:
        """Ratings [N, M] in rating points."""
        ratings: Tensor = self(octaves) * self.deviation + self.mean
        return ratings

    def _used(self, octaves: Tensor) -> Tensor:
        return octaves[..., octaves.shape[-1] - self.linear.shape[-1] :]

    def _mixture(self) -> Tensor:
        """[M, 9, H], each column sums to 1: how much each octave matters to each hidden unit."""
        return self.octave_logits.softmax(2).transpose(1, 2)

    def _hidden(self, used: Tensor) -> Tensor:
        """The hidden units [N, M, H]."""
        # each octave by itself, then their mixture: weights for every octave would be nine times as many
        by_octave = torch.einsum("now,mhw->nmoh", used, self.hidden_weight)
        return torch.tanh((by_octave * self._mixture()).sum(2) + self.hidden_bias)


def ensemble_of(networks: Sequence[RatingNetwork]) -> RatingNetwork:
    """The members of several networks with one scale as one network."""
    members, hidden, components = networks[0].hidden_weight.shape
    whole = RatingNetwork(members * len(networks), components, hidden).requires_grad_(False)
    parts = [network.state_dict() for network in networks]
    scale = {name: parts[0].pop(name) for name in ("mean", "deviation")}
    whole.load_state_dict({name: torch.cat([part[name] for part in parts]) for name in parts[0]} | scale)
    return whole.eval()


def load_scorer(path: Path, generator: Generator) -> RatingNetwork | LatentNetwork:
    """Read a scorer for ``generator``.

    Raises LatentSpaceMismatch if it was learned for another W space, and the errors of ``load_learned``.
    """
    return load_for_space(path, "scorer", generator, _build)[0]


def _build(state: dict[str, Tensor], file: LearnedFile) -> RatingNetwork | LatentNetwork:
    if state["hidden_weight"].ndim == 2:
        hidden, width = state["hidden_weight"].shape
        return LatentNetwork(file.metadata["outputs"].split(","), width, hidden)
    members, hidden, components = state["hidden_weight"].shape
    return RatingNetwork(members, components, hidden)
