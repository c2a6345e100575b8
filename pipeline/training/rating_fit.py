"""Fits the standard scorer to ratings and their gradients, and measures it on held-out samples."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.rating_network import RatingNetwork, ensemble_of
from pipeline.training.climbed import ClimbedSamples
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
    def of(cls, samples: RatedSamples | ClimbedSamples, space: LatentSpace, components: int) -> "RatedCodes":
        """Those of samples; only the components of the code that vary most."""
        used = slice(-components, None)
        if isinstance(samples, RatedSamples):
            octaves = octaves_of(samples, space, components)
        else:
            octaves = torch.from_numpy(samples.octaves[..., used].astype(np.float32))
        return cls(
            octaves,
            torch.from_numpy(samples.ratings),
            torch.from_numpy(np.ascontiguousarray(samples.gradients[..., used])),
        )

    @classmethod
    def joined(cls, parts: Sequence["RatedCodes"]) -> "RatedCodes":
        """The codes of several tables as one."""
        return cls(
            torch.cat([part.octaves for part in parts]),
            torch.cat([part.ratings for part in parts]),
            torch.cat([part.gradients for part in parts]),
        )

    def at(self, rows: NDArray[np.intp]) -> "RatedCodes":
        """Some of them."""
        index = torch.from_numpy(rows)
        return RatedCodes(self.octaves[index], self.ratings[index], self.gradients[index])


def fit_scorer(
    tables: Sequence[RatedCodes], recipe: Recipe, progress: Progress = lambda _done, _total: None
) -> tuple[RatingNetwork, list[float]]:
    """Fit an ensemble; returns it and, for each table, its mean's R² on what it held out of that.

    Members differ by their start and by the order of the samples. progress: called after each epoch with the
    number of these, and how many there will be.
    """
    parts = [split(len(table.ratings)) for table in tables]
    codes = RatedCodes.joined([table.at(train) for table, (train, _) in zip(tables, parts, strict=True)])
    network = ensemble_of([_fit_member(codes, recipe, seed, progress) for seed in range(recipe.members)])
    held_out = [table.at(test) for table, (_, test) in zip(tables, parts, strict=True)]
    return network, [_explained(network, table, recipe.batch) for table in held_out]


def missed_by(
    network: RatingNetwork, octaves: Tensor, ratings: Tensor, gradients: Tensor
) -> tuple[Tensor, Tensor]:
    """The mean squares of what a network misses of ratings and of their gradients, in standard deviations.

    octaves: [N, 9, components]; ratings: [N, M or 1]; gradients: [N, M or 1, 9, components]
    """
    said, slope = network.with_gradient(octaves)
    return (said - ratings).square().mean(), (slope - gradients).square().sum((2, 3)).mean()


def mean_square(gradients: Tensor) -> float:
    """Of gradients [N, 9, components]; never zero."""
    return max(float(gradients.square().sum((1, 2)).mean()), 1e-12)


def _explained(network: RatingNetwork, codes: RatedCodes, batch: int) -> float:
    said = torch.cat([network.values(part).mean(1) for part in torch.split(codes.octaves, batch)])
    return round(float(explained(said, codes.ratings)), 3)


def _fit_member(codes: RatedCodes, recipe: Recipe, seed: int, progress: Progress) -> RatingNetwork:
    torch.manual_seed(seed)
    network = RatingNetwork(1, codes.octaves.shape[2], recipe.hidden)
    network.mean.copy_(codes.ratings.mean())
    network.deviation.copy_(codes.ratings.std())
    scaled = (codes.ratings - network.mean) / network.deviation
    scale = float(network.deviation)
    order = torch.randperm(len(codes.ratings))
    square = mean_square(codes.gradients[order[:_FOR_SCALE]].float() / scale)
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, recipe.epochs)
    for epoch in range(1, recipe.epochs + 1):
        for rows in torch.split(torch.randperm(len(codes.ratings)), recipe.batch):
            gradients = codes.gradients[rows, None].float() / scale
            error, missed = missed_by(network, codes.octaves[rows], scaled[rows, None], gradients)
            loss = error + recipe.gradients * missed / square
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        schedule.step()
        progress(seed * recipe.epochs + epoch, recipe.members * recipe.epochs)
    return network.requires_grad_(False)
