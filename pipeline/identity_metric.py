"""Which changes of the latent code make another person of a face: a metric, learned of a generator.

A few dozen directions of the code carry most of what moves the recognition network's descriptor. A way up a
score that hardly uses these goes further before the face is somebody else's (the natural gradient of Amari
1998, with the descriptor's mean metric in place of Fisher's).
"""

import torch
from torch import Tensor, nn

from pipeline.latent_network import OCTAVES, LearnedFile, layer_octaves, learned_part, load_for_space
from retouchml.errors import LatentSpaceMismatch, ModelMissing
from stylegan2.generator import Generator

KIND = "identity"


class IdentityMetric(nn.Module):
    """Orthonormal directions of the code by octave, and how much each moves the descriptor.

    In the unit of the mean over all directions: the strengths of random directions have the mean 1.
    """

    directions: Tensor  # [K, 9, C] of the C components of a whitened code that vary most
    strengths: Tensor  # [K] mean squares of the descriptor's gradient along each

    def __init__(self, count: int, components: int) -> None:
        super().__init__()
        self.outputs: tuple[str, ...] = (KIND,)
        self.register_buffer("directions", torch.zeros(count, OCTAVES, components))
        self.register_buffer("strengths", torch.ones(count))

    @classmethod
    def of_gradients(cls, gradients: Tensor, count: int) -> "IdentityMetric":
        """Learn from gradients [N, 9, C] to the code of random projections of the descriptor.

        count: of directions, at most
        """
        flat = gradients.double().flatten(1)
        count = min(count, *flat.shape)
        squares = flat.T @ flat / len(flat)
        values, vectors = torch.linalg.eigh(squares)
        metric = cls(count, gradients.shape[2])
        metric.directions.copy_(vectors.T.flip(0)[:count].reshape(count, *gradients.shape[1:]))
        metric.strengths.copy_(values.flip(0)[:count] / values.mean())
        return metric

    def explained(self, gradients: Tensor) -> float:
        """The share of the square of unseen gradients [N, 9, C] that the directions hold."""
        along = torch.einsum("now,kow->nk", gradients, self.directions)
        return float(along.square().sum() / gradients.square().sum())

    def eased(self, gradients: Tensor, ease: float) -> Tensor:
        """Gradients [N, 9, W] to a code, with the less of each direction the more it moves the descriptor.

        ease: the strength at which half of a gradient stays
        """
        used = gradients[..., gradients.shape[-1] - self.directions.shape[2] :]
        lost = self.strengths / (self.strengths + ease)
        along = torch.einsum("now,kow->nk", used, self.directions) * lost
        eased = gradients.clone()
        eased[..., gradients.shape[-1] - self.directions.shape[2] :] -= torch.einsum(
            "nk,kow->now", along, self.directions
        )
        return eased


class LayerMetric:
    """The same for the codes of a generator's layers [L, W]."""

    def __init__(self, metric: IdentityMetric, generator: Generator) -> None:
        self._metric = metric
        octaves = torch.tensor(layer_octaves(generator.layers))
        self._spread = torch.nn.functional.one_hot(octaves, OCTAVES).float().to(generator.device)  # [L, 9]

    def eased(self, gradients: Tensor, ease: float) -> Tensor:
        """Gradients [N, L, W] to codes by layer, likewise; layers of an octave move alike."""
        by_octave = torch.einsum("lo,nlw->now", self._spread, gradients)
        return torch.einsum("lo,now->nlw", self._spread, self._metric.eased(by_octave, ease))


def load_metric(generator: Generator) -> IdentityMetric | None:
    """The metric for a generator; None if none was learned for its W space.

    Raises the errors of ``load_for_space``, but for LatentSpaceMismatch.
    """
    try:
        return load_for_space(learned_part(KIND, generator.latents.name), KIND, generator, _build)[0]
    except (LatentSpaceMismatch, ModelMissing):
        return None


def _build(state: dict[str, Tensor], _file: LearnedFile) -> IdentityMetric:
    count, octaves, components = state["directions"].shape
    if octaves != OCTAVES:
        raise ValueError(f"{octaves} octaves")
    return IdentityMetric(count, components)
