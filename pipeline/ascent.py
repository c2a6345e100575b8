"""One step of the ascent in latent space: up the score, while other attributes of the face stay.

It goes in whitened P space, every layer on its own. The gradient is eased where it would make another person
of the face, and projected off the gradients of the attributes that stay (expression, pose, gender, glasses;
age may move a little), whose drift is corrected. A code grows no longer than the generator's own samples are.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pipeline.identity_metric import IdentityMetric, LayerMetric
from pipeline.latent_network import LatentFunction, LatentNetwork, by_octave
from stylegan2.generator import Generator

_SAMPLES = 512  # codes, for the typical norm of a code


@dataclass(frozen=True)
class Ascent:
    """The settings of the ascent; lengths are per layer, in standard deviations of whitened codes."""

    step: float = 0.25  # length of a step
    reach: float = 3.5  # length of the whole path
    # how strongly a direction makes another person of a face, in the mean of all, where half of it is left
    ease: float = 1.3
    gain: float = 2.0  # rating points at which the path ends
    # attributes that stay
    held: tuple[str, ...] = ("smile", "eyes_open", "yaw", "pitch", "mouth_open", "male", "glasses")
    # attributes that may move a little, with the share of the gradient towards them that is let through
    loosely: tuple[tuple[str, float], ...] = (("age", 0.15), ("brows", 0.5))
    # largest norm of a layer's code, in norms of a typical sample; a face beyond may stay there
    shell: float = 1.0
    # descriptor distance between the generator's own pictures at which the path ends
    identity: float = 0.34
    finest: int = 256  # pixels; layers above only paint texture


class Climber:
    """Steps of one ascent by a score, held by the attribute network."""

    def __init__(
        self,
        generator: Generator,
        scorer: LatentFunction,
        attributes: LatentNetwork,
        settings: Ascent,
        metric: IdentityMetric | None,
        typical: float,
    ) -> None:
        """scorer: the rating, or an output for each member of an ensemble that rates.

        metric: None takes all changes for equal; typical: the norm of a layer's code, see ``typical_norm``
        """
        self.settings = settings
        self._layers = generator.layers
        self._scorer = scorer
        self._attributes = attributes
        self.free = torch.tensor(
            [[1.0 if layer.resolution <= settings.finest else 0.0] for layer in generator.layers],
            device=generator.device,
        )  # [L, 1] 1 for layers that may change, 0 for others
        self._metric = None if metric is None else LayerMetric(metric, generator)
        self._least_limit = settings.shell * typical

    def limit(self, start: Tensor) -> Tensor:
        """Largest norm of each layer's code [L, 1] on a way from ``start`` [L, W]."""
        limit: Tensor = start.norm(dim=1, keepdim=True).clamp_min(self._least_limit)
        return limit

    def score(self, v: Tensor) -> float:
        """The score of a whitened code [L, W], in rating points."""
        with torch.no_grad():
            return float(self._scorer.values(by_octave(v[None], self._layers))[0].mean())

    def predicted(self, v: Tensor) -> Tensor:
        """Attributes of a whitened code as the network predicts them, in standard deviations."""
        with torch.no_grad():
            values: Tensor = self._attributes(by_octave(v[None], self._layers))[0]
        return values

    def length(self, offset: Tensor) -> Tensor:
        """Root mean square over the free layers of each layer's length."""
        length: Tensor = ((offset * self.free).square().sum() / self.free.sum()).sqrt()
        return length

    def step(
        self,
        v: Tensor,  # [L, W] whitened code
        limit: Tensor,  # [L, 1] largest norm of each layer's code
        target: Tensor,  # of the attributes
        start: Tensor,  # [L, W] code of the face as it is
    ) -> Tensor:
        """One step up, across the gradients of the attributes that stay, cut to ``limit``."""
        settings, free = self.settings, self.free
        v = v.detach().requires_grad_(True)
        octaves = by_octave(v[None], self._layers)
        score = self._scorer(octaves)[0].mean()  # of an ensemble's members
        (uphill,) = torch.autograd.grad(score, v, retain_graph=True)
        values = self._attributes(octaves)[0]
        rows, drift, share = [], [], []
        for index, name in enumerate(self._attributes.outputs):
            allowed = dict(settings.loosely).get(name, 0.0)
            if name in settings.held or allowed > 0.0:
                (row,) = torch.autograd.grad(values[index], v, retain_graph=True)
                rows.append(row * free)
                drift.append(values[index].detach() - target[index])
                share.append(allowed)
        # what changes the score, and each attribute, most for a given change of the person
        direction, *ways = self._eased(torch.stack([uphill * free, *rows])).flatten(1)
        across = torch.stack(ways)
        jacobian = torch.stack(rows).flatten(1)
        gram = jacobian @ across.T
        gram = gram + 1e-6 * gram.diagonal().mean() * torch.eye(len(rows), device=v.device)
        keep = 1.0 - torch.tensor(share, device=v.device)
        direction = direction - across.T @ torch.linalg.solve(gram, (jacobian @ direction) * keep)
        direction = direction.reshape(v.shape)
        length = self.length(direction).clamp_min(1e-12)
        correction = -(across.T @ torch.linalg.solve(gram, torch.stack(drift) * keep)).reshape(v.shape)
        moved = v.detach() + settings.step * direction / length + 0.5 * correction
        # A code longer than those of samples has no believable picture.
        norm = moved.norm(dim=1, keepdim=True)
        return torch.where(free > 0, moved * (limit / norm).clamp_max(1.0), start).detach()

    def _eased(self, gradients: Tensor) -> Tensor:
        if self._metric is None:
            return gradients
        return self._metric.eased(gradients, self.settings.ease) * self.free


def typical_norm(generator: Generator) -> float:
    """The mean norm of the whitened codes of random samples."""
    random = torch.Generator().manual_seed(0)
    z = torch.randn(_SAMPLES, generator.z_dim, generator=random).to(generator.device)
    labels = generator.random_labels(np.random.default_rng(0), _SAMPLES)
    return float(generator.latents.whiten(generator.map(z, labels)[:, 0]).norm(dim=1).mean())
