"""Rated samples from paths of a scorer: where it is asked, and where its error is largest.

An ascent seeks codes that a scorer rates too high, and these are unlike random samples. Rated there, they
tell the next scorer so (data set aggregation: Ross et al. 2011, arXiv 1011.0686).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.ascent import Ascent, Climber, typical_norm
from pipeline.identity_metric import load_metric
from pipeline.latent_network import LatentNetwork, by_octave, layer_octaves, learned_part, load_network
from pipeline.rating_network import load_scorer
from pipeline.training.code_pictures import related_octaves
from pipeline.training.rated import CodeRater, rater_in_use
from pipeline.training.sampling import Drawn, Measure, Row, Rows, SampleKind
from stylegan2.generator import Generator
from stylegan2.zoo.storage import digest

_STEP = 0.5  # twice as long as usual: the samples lie between steps anyway


@dataclass(frozen=True)
class ClimbedSamples(Rows):
    """Codes from paths, and their ratings."""

    octaves: NDArray[np.float16]  # [N, OCTAVES, W] whitened codes
    ratings: NDArray[np.float32]  # [N]
    gradients: NDArray[np.float16]  # [N, OCTAVES, W] of the rating to the whitened code by octave


@dataclass(frozen=True)
class PathRater:
    """Climbs by a scorer, and rates what it finds."""

    climber: Climber
    rate: CodeRater

    @classmethod
    def load(cls, scorer: Path, generator: Generator) -> "PathRater":
        """Raises LatentSpaceMismatch, ModelMissing or ModelCorrupt."""
        climber = Climber(
            generator,
            load_scorer(scorer, generator),
            load_edits(generator),
            Ascent(step=_STEP),
            load_metric(generator),
            typical_norm(generator),
        )
        return cls(climber, CodeRater.load(generator))

    def __call__(self, codes: NDArray[np.float32], length: float) -> Row:
        """The row of ``ClimbedSamples`` at ``length`` of the path that starts at whitened codes [9, W]."""
        generator = self.rate.pictures.generator
        layers = layer_octaves(generator.layers)
        start = torch.from_numpy(codes).to(generator.device)[layers]
        (end,) = self.along(start, [length])
        kept = as_kept(end, generator)
        return kept, *self.rate(torch.from_numpy(kept.astype(np.float32)).to(generator.device)[layers])

    def along(self, start: Tensor, lengths: Sequence[float]) -> Iterator[Tensor]:
        """Whitened codes [L, W] at rising lengths of the path that begins at ``start`` [L, W]."""
        limit, target = self.climber.limit(start), self.climber.predicted(start)
        v, gone = start, 0
        for length in lengths:
            steps, rest = divmod(length, self.climber.settings.step)
            for _ in range(gone, int(steps)):
                v = self.climber.step(v, limit, target, start)
            gone = int(steps)
            after = self.climber.step(v, limit, target, start)
            yield v.lerp(after, rest / self.climber.settings.step)


def as_kept(v_plus: Tensor, generator: Generator) -> NDArray[np.float16]:
    """A whitened code [L, W] by octave [9, W], as a table keeps it."""
    octaves = by_octave(v_plus[None], generator.layers)[0]
    return np.asarray(octaves.cpu().numpy(), np.float16)


def load_edits(generator: Generator) -> LatentNetwork:
    """What holds a path. Raises LatentSpaceMismatch or ModelCorrupt."""
    return load_network(learned_part("edits", generator.latents.name), "edits", generator)[0]


def climbed(scorer: Path) -> SampleKind[ClimbedSamples]:
    """Samples from paths of the scorer in a file."""
    return SampleKind(
        "climbed",
        1,
        ClimbedSamples,
        partial(_measure, scorer),
        partial(_names, scorer),
        _draw,
    )


def _measure(scorer: Path, generator: Generator) -> Measure:
    return PathRater.load(scorer, generator)


def _names(scorer: Path) -> str:
    return f"{rater_in_use()}-{digest(scorer)[:12]}"


def _draw(generator: Generator, count: int, seed: int) -> Iterator[Drawn]:
    """Starts, and how far to go from there."""
    for octaves, random in related_octaves(generator, count, seed):
        yield octaves, float(random.uniform(0.0, Ascent().reach))
