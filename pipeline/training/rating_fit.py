"""Fits the standard scorer to ratings and their gradients, and measures it on held-out samples."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pipeline.rating_network import RatingNetwork, ensemble_of
from pipeline.training.fitting import explained, octaves_of, split
from pipeline.training.rated import RatedSamples
from stylegan2.latents import LatentSpace

Progress = Callable[[int, int], object]  # done, total
_FOR_SCALE = 2000  # samples, for the mean square of gradients


@dataclass(frozen=True)
class Recipe:
    """How a scorer is fitted; ``docs/models.md`` has what others explain."""

    components: int = 100  # of the code, those that vary most
    hidden: int = 768
    members: int = 5
    epochs: int = 30
    batch: int = 256
    rate: float = 4e-3
    decay: float = 0.5
    # weight of the gradients' error, as a share of their own square, beside that of the ratings
    gradients: float = 16.0


@dataclass(frozen=True)
class RatedCodes:
    """What a scorer learns from."""

    octaves: Tensor  # [N, 9, components] whitened codes
    ratings: Tensor  # [N]
    gradients: Tensor  # [N, 9, components] float16

    @classmethod
    def of(cls, samples: RatedSamples, space: LatentSpace, components: int) -> "RatedCodes":
        """Those of samples; only the components of the code that vary most."""
        used = slice(-components, None)
        return cls(
            octaves_of(samples, space, components),
            torch.from_numpy(samples.ratings),
            torch.from_numpy(np.ascontiguousarray(samples.gradients[..., used])),
        )


def fit_scorer(
    codes: RatedCodes, recipe: Recipe, progress: Progress = lambda _done, _total: None
) -> tuple[RatingNetwork, float]:
    """Fit an ensemble; returns it and its mean's R² on the hold-out.

    Members differ by their start and by the order of the samples. progress: called after each epoch with the
    number of these, and how many there will be.
    """
    train, test = (torch.from_numpy(part) for part in split(len(codes.ratings)))
    network = ensemble_of(
        [_fit_member(codes, train, recipe, seed, progress) for seed in range(recipe.members)]
    )
    said = torch.cat(
        [network.values(codes.octaves[part]).mean(1) for part in torch.split(test, recipe.batch)]
    )
    return network, round(float(explained(said, codes.ratings[test])), 3)


def _fit_member(
    codes: RatedCodes, train: Tensor, recipe: Recipe, seed: int, progress: Progress
) -> RatingNetwork:
    torch.manual_seed(seed)
    network = RatingNetwork(1, codes.octaves.shape[2], recipe.hidden)
    ratings = codes.ratings[train]
    network.mean.copy_(ratings.mean())
    network.deviation.copy_(ratings.std())
    scaled = (codes.ratings - network.mean) / network.deviation
    scale = float(network.deviation)
    some = codes.gradients[train[:_FOR_SCALE]].float() / scale
    square = max(float(some.square().sum((1, 2)).mean()), 1e-12)
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, recipe.epochs)
    for epoch in range(1, recipe.epochs + 1):
        for rows in torch.split(train[torch.randperm(len(train))], recipe.batch):
            rating, gradient = network.with_gradient(codes.octaves[rows])
            error = (rating[:, 0] - scaled[rows]).square().mean()
            missed = (gradient[:, 0] - codes.gradients[rows].float() / scale).square().sum((1, 2)).mean()
            loss = error + recipe.gradients * missed / square
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        schedule.step()
        progress(seed * recipe.epochs + epoch, recipe.members * recipe.epochs)
    return network.requires_grad_(False)
