"""Finds the path of rising score in latent space, while other attributes of the face stay.

The steps are those of ``pipeline.ascent``. Small pictures show the drift of attributes that the network does
not predict. The ascent ends when the score hardly rises, after a given length or gain, before the face would
no longer be recognised as the same person, and, if the network has a discriminator, before the picture would
look less real.
"""

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from pipeline.ascent import Ascent, Climber, typical_norm
from pipeline.identity import FaceRecognition
from pipeline.identity_metric import IdentityMetric
from pipeline.latent_network import LatentFunction, LatentNetwork, Learned, fingerprint
from pipeline.realism import VERSION as GUARD_VERSION
from pipeline.realism import RealismGuard
from pipeline.threads import threads_restored, use_share
from retouchml.progress import NEVER, Cancel, Progress, check, silent
from stylegan2.generator import Generator, as_picture

VERSION = 2  # of the ascent; a cached path of another version is not used
Measure = Callable[[NDArray[np.float32]], Mapping[str, float]]

_SIDE = 128  # pixels; side of the pictures on which drift and identity are measured
_MEASURE_EVERY = 2  # steps
_HASTY = 2.0  # times as long as usual are the steps of a path that must be there soon


@dataclass(frozen=True)
class ScorePath:
    """A path through latent space along which the score rises."""

    knots: Tensor  # [K, L, W] codes, the first is that of the face as it is
    gains: Tensor  # [K] rise of the score at each knot, in rating points, from 0
    score: float  # of the first knot, on the raters' scale

    def at(self, strength: float) -> Tensor:
        """Code [L, W] at ``strength`` 0 to 1.

        The strength is a share of the path's whole gain, so that equal steps have equal effect.
        """
        if len(self.knots) == 1 or strength <= 0.0:
            return self.knots[0]
        gain = strength * self.gains[-1]
        upper = int(torch.searchsorted(self.gains, gain).clamp(1, len(self.gains) - 1))
        low, high = self.gains[upper - 1], self.gains[upper]
        share = float(((gain - low) / (high - low).clamp_min(1e-6)).clamp(0.0, 1.0))
        return self.knots[upper - 1].lerp(self.knots[upper], share)


class Beautifier:
    """Finds score paths for one generator with its scorer and its attribute network."""

    def __init__(
        self,
        generator: Generator,
        scorer: LatentFunction,
        attributes: LatentNetwork,
        recognition: FaceRecognition,
        measure: Measure,
        ascent: Ascent | None = None,
        metric: IdentityMetric | None = None,
    ) -> None:
        """scorer: the rating, or an output for each member of an ensemble that rates.

        measure: picture [S, S, 3] in [0, 1] → attributes by name, those that a picture shows; metric: None
        where none was learned for this generator.
        """
        self._generator = generator
        self._scorer = scorer
        self._attributes = attributes
        self._recognition = recognition
        self._measure = measure
        self._metric = metric
        self.ascent = ascent or Ascent()
        self._typical = typical_norm(generator)
        self._guides = self._fingerprints()
        self._guard = RealismGuard.of(generator)

    @property
    def identity(self) -> str:
        """A string that differs for every beautifier that would find other paths."""
        # "critic", an older word for the guard, stays: another string would make cached paths unknown
        guard = "" if self._guard is None else f"/critic {GUARD_VERSION}"
        return f"{self._generator.identity}/{VERSION}/{self._guides}/{self.ascent}{guard}"

    def hasty(self) -> "Beautifier":
        """One that finds nearly the same paths in two thirds of the time, with longer steps."""
        other = copy.copy(self)
        other.ascent = replace(self.ascent, step=_HASTY * self.ascent.step)
        return other

    def with_scorer(self, scorer: LatentFunction) -> "Beautifier":
        """One that climbs another score."""
        other = copy.copy(self)
        other._scorer = scorer
        other._guides = other._fingerprints()
        return other

    @threads_restored()
    def path(
        self, w_plus: Tensor, chip_grid: Tensor, *, progress: Progress = silent, cancel: Cancel = NEVER
    ) -> ScorePath:
        """The path from a code [L, W].

        chip_grid: [1, 150, 150, 2] samples the face chip from the picture. Raises Cancelled.
        """
        use_share(torch.get_num_threads(), w_plus.device)
        settings, space = self.ascent, self._generator.latents
        climber = self._climber()
        start = space.whiten(w_plus)
        limit = climber.limit(start)
        v = start.clone()
        codes, scores = [start], [climber.score(start)]
        shown = {0: self._picture(start)}  # by position in ``codes``
        predicted_start, measured_start = climber.predicted(start), self._measured(shown[0])
        unpredicted = torch.zeros_like(predicted_start)
        steps = math.ceil(settings.reach / settings.step)
        for index in range(steps):
            check(cancel)
            progress("beautify", 0.6 * index / steps, None)
            v = climber.step(v, limit, predicted_start - unpredicted, start)
            score = climber.score(v)
            if index % _MEASURE_EVERY == 1:
                # The picture shows drift that the network does not predict.
                shown[len(codes)] = self._picture(v)
                drift = self._measured(shown[len(codes)]) - measured_start
                predicted = climber.predicted(v) - predicted_start
                unpredicted = torch.where(drift.isnan(), torch.zeros_like(drift), drift - predicted)
            if score - scores[-1] < 1e-3 or climber.length(v - start) > settings.reach:
                break
            codes.append(v)
            scores.append(score)
            if score - scores[0] > settings.gain:
                break
        same = self._recognizable(codes, shown, chip_grid, progress, cancel)
        knots = space.unwhiten(torch.stack(same))
        knots[0] = w_plus
        if self._guard is not None:
            knots = knots[: self._guard.believable(knots.unbind(), cancel)]
        gains = torch.tensor([climber.score(v) for v in same[: len(knots)]]) - scores[0]
        progress("beautify", 1.0, 0.0)
        return ScorePath(knots, gains, scores[0])

    def _fingerprints(self) -> str:
        networks: list[Learned] = [self._scorer, self._attributes]
        if self._metric is not None:
            networks.append(self._metric)
        return "/".join(fingerprint(network) for network in networks)

    def _climber(self) -> Climber:
        return Climber(
            self._generator, self._scorer, self._attributes, self.ascent, self._metric, self._typical
        )

    def _picture(self, v: Tensor) -> Tensor:
        """The small picture [1, 3, S, S] of a whitened code."""
        with torch.no_grad():
            return self._generator.synthesize(self._generator.latents.unwhiten(v)[None], _SIDE)

    def _measured(self, picture: Tensor) -> Tensor:
        """Attributes as measured on a picture, in standard deviations; NaN for those it cannot show."""
        measured = self._measure(as_picture(picture[0]))
        values = self._attributes.mean.new_tensor(
            [measured.get(name, math.nan) for name in self._attributes.outputs]
        )
        return (values - self._attributes.mean) / self._attributes.deviation

    def _recognizable(
        self,
        codes: list[Tensor],
        shown: Mapping[int, Tensor],  # pictures that were made of them
        grid: Tensor,
        progress: Progress,
        cancel: Cancel,
    ) -> list[Tensor]:
        """The codes, from the first on, that the recognition network takes for the same person.

        The last one lies between two of ``codes``, where the bound is.
        """

        def describe(index: int) -> Tensor:
            picture = shown[index] if index in shown else self._picture(codes[index])
            with torch.no_grad():
                chip = F.grid_sample(picture * 0.5 + 0.5, grid, align_corners=False)
                descriptor: Tensor = self._recognition(chip)[0]
            return descriptor[0]

        bound = self.ascent.identity
        first: Tensor | None = None
        same, other = 0, len(codes)
        distance = {0: 0.0}
        # Distance grows along the path: bisection finds its end.
        while other - same > 1:
            check(cancel)
            middle = (same + other) // 2
            if first is None:
                first = describe(0)
            distance[middle] = float((describe(middle) - first).norm())
            same, other = (middle, other) if distance[middle] <= bound else (same, middle)
            progress("beautify", 0.9, None)
        if other == len(codes):
            return codes
        share = (bound - distance[same]) / (distance[other] - distance[same])
        return [*codes[:other], codes[same].lerp(codes[other], share)]
