"""Rated samples on score paths that begin at photographs: where retouching asks a scorer.

Inversions of photographs are unlike the generator's own codes, and a scorer that never saw them promises more
than it keeps there. A short inversion will do: paths from it are as those from a whole one.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from pipeline.ascent import Ascent
from pipeline.encoder import Encoder
from pipeline.faces import FaceFinder
from pipeline.identity import Recognizer
from pipeline.invert import InversionStage, Inverter
from pipeline.latent_network import OCTAVES, learned_part
from pipeline.rater_input import face_chip
from pipeline.training.climbed import ClimbedSamples, PathRater, as_kept
from pipeline.training.encoder_views import largest_face
from pipeline.training.labellers import load_recognizer
from pipeline.training.rated import rater_in_use
from pipeline.training.sampling import Drawn, Measure, Row, Rows, SampleKind
from stylegan2.generator import Generator
from stylegan2.zoo.storage import digest

RATINGS = 4  # of a photograph
_START = 0.2  # the first of them lies within this share of the path
_SHORT = (InversionStage(64, 20, 0.07, True),)
_PART = 50  # photographs in a file, which take some three minutes


@dataclass(frozen=True)
class PhotoSamples(Rows):
    """Ratings of N photographs' paths; NaN for a photograph without a face."""

    octaves: NDArray[np.float16]  # [N, 4, OCTAVES, W] whitened codes
    ratings: NDArray[np.float32]  # [N, 4]
    gradients: NDArray[np.float16]  # [N, 4, OCTAVES, W] of the rating to the whitened code by octave

    @property
    def faces(self) -> NDArray[np.intp]:
        """Which photographs show a face."""
        return np.flatnonzero(np.isfinite(self.ratings).all(1))

    def of(self, photographs: NDArray[np.intp]) -> ClimbedSamples:
        """The samples of some photographs, one after the other."""
        return ClimbedSamples(
            np.concatenate(self.octaves[photographs]),
            np.concatenate(self.ratings[photographs]),
            np.concatenate(self.gradients[photographs]),
        )


@dataclass(frozen=True)
class _Way:
    """From a photograph to the ratings along its path."""

    generator: Generator
    finder: FaceFinder
    recognizer: Recognizer
    encoder: Encoder | None
    inverter: Inverter
    rater: PathRater

    @classmethod
    def load(cls, scorer: Path, generator: Generator) -> "_Way":
        recognizer = load_recognizer(str(generator.device))
        rater = PathRater.load(scorer, generator)
        return cls(
            generator,
            rater.rate.pictures.finder,
            recognizer,
            Encoder.load(learned_part("encoder", generator.latents.name), generator),
            Inverter(generator, recognizer.network),
            rater,
        )

    def __call__(self, photographs: Sequence[Path], lengths: NDArray[np.float32], number: float) -> Row:
        """The row of ``PhotoSamples`` of one of the photographs, at ``lengths`` [4] of its path."""
        found = largest_face(photographs[int(number)], self.finder)
        if found is None:
            none = np.zeros((RATINGS, OCTAVES, self.generator.w_dim), np.float16)
            return none, np.full(RATINGS, np.nan, np.float32), none
        start = self.generator.latents.whiten(self._inverted(*found))
        rows = [
            (as_kept(code, self.generator), *self.rater.rate(code))
            for code in self.rater.along(start, lengths.tolist())
        ]
        return tuple(np.stack(column) for column in zip(*rows, strict=True))

    def _inverted(self, crop: NDArray[np.float32], points: NDArray[np.float64]) -> Tensor:
        """The code [L, W] of a crop's face."""
        guess = None
        if self.encoder is not None:
            descriptor = self.recognizer.describe(crop, points)
            guess = self.encoder(face_chip(crop, points), descriptor, points)
            guess = self.encoder.refined(guess, crop, self.generator)
        near = guess is not None and guess.ndim == 2
        return self.inverter.invert(crop, points, guess, recipe=_SHORT if near else None).w_plus


def photo_paths(scorer: Path, photographs: Sequence[Path]) -> SampleKind[PhotoSamples]:
    """Samples from the paths of photographs by the scorer in a file; these are drawn in random order."""
    paths = tuple(photographs)
    return SampleKind(
        "photographed",
        1,
        PhotoSamples,
        partial(_measure, scorer, paths),
        partial(_names, scorer, paths),
        partial(_draw, len(paths)),
        part=_PART,
    )


def _measure(scorer: Path, photographs: Sequence[Path], generator: Generator) -> Measure:
    return partial(_Way.load(scorer, generator), photographs)


def _names(scorer: Path, photographs: Sequence[Path]) -> str:
    known = hashlib.sha256("".join(digest(path) for path in photographs).encode()).hexdigest()
    return f"{rater_in_use()}-{digest(scorer)[:12]}-{known[:12]}"


def _draw(photographs: int, _generator: Generator, count: int, seed: int) -> Iterator[Drawn]:
    """How far to go on the path of each photograph, and its number."""
    order = np.random.default_rng(0).permutation(photographs)
    random = np.random.default_rng(seed)
    for number in order[(seed - 1) * _PART :][:count]:
        lengths = np.sort(random.uniform(0.0, Ascent().reach, RATINGS)).astype(np.float32)
        lengths[0] *= _START
        yield lengths, float(number)
