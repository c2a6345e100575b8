"""Finds the path of rising score in latent space, while other attributes of the face stay.

Gradient ascent in whitened P space, every layer on its own. At each step the gradient is projected off the
gradients of the attributes that stay (expression, pose, gender, glasses; age may move a little), and their
remaining drift is corrected. A code grows no longer than the generator's own samples are. The ascent ends
when the score hardly rises, after a given length or gain, before the face would no longer be recognised as
the same person, and, if the network has a discriminator, before the picture would look less real.
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

from pipeline.identity import FaceRecognition
from pipeline.latent_network import LatentFunction, LatentNetwork, by_octave, fingerprint
from pipeline.realism import VERSION as GUARD_VERSION
from pipeline.realism import RealismGuard
from pipeline.threads import threads_restored, use_share
from retouchml.progress import NEVER, Cancel, Progress, check, silent
from stylegan2.generator import Generator, as_picture

VERSION = 1  # of the ascent; a cached path of another version is not used
Measure = Callable[[NDArray[np.float32]], Mapping[str, float]]

_SIDE = 128  # pixels; side of the pictures on which drift and identity are measured
_MEASURE_EVERY = 2  # steps
_HASTY = 2.0  # times as long as usual are the steps of a path that must be there soon
_SAMPLES = 512  # codes, for the typical norm of a code


@dataclass(frozen=True)
class Ascent:
    """The settings of the ascent; lengths are per layer, in standard deviations of whitened codes."""

    step: float = 0.2  # length of a step
    reach: float = 2.9  # length of the whole path
    gain: float = 2.0  # rating points at which the path ends
    # attributes that stay
    held: tuple[str, ...] = ("smile", "eyes_open", "yaw", "pitch", "mouth_open", "male", "glasses")
    # attributes that may move a little, with the share of the gradient towards them that is let through
    loosely: tuple[tuple[str, float], ...] = (("age", 0.15), ("brows", 0.5))
    # largest norm of a layer's code, in norms of a typical sample; a face beyond may stay there
    shell: float = 1.0
    # descriptor distance between the generator's own pictures at which the path ends
    identity: float = 0.33
    finest: int = 256  # pixels; layers above only paint texture


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
    ) -> None:
        """scorer: the rating, or an output for each member of an ensemble that rates.

        measure: picture [S, S, 3] in [0, 1] → attributes by name, those that a picture shows.
        """
        self._generator = generator
        self._scorer = scorer
        self._attributes = attributes
        self._recognition = recognition
        self._measure = measure
        self.ascent = ascent or Ascent()
        random = torch.Generator().manual_seed(0)
        z = torch.randn(_SAMPLES, generator.z_dim, generator=random).to(generator.device)
        labels = generator.random_labels(np.random.default_rng(0), _SAMPLES)
        samples = generator.latents.whiten(generator.map(z, labels)[:, 0])
        self._typical_norm = float(samples.norm(dim=1).mean())
        self._guides = "/".join(fingerprint(network) for network in (scorer, attributes))
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
        other._guides = "/".join(fingerprint(network) for network in (scorer, self._attributes))
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
        start = space.whiten(w_plus)
        free = self._free_layers(start.device)
        limit = start.norm(dim=1, keepdim=True).clamp_min(settings.shell * self._typical_norm)
        v = start.clone()
        codes, scores = [start], [self._score(start)]
        shown = {0: self._picture(start)}  # by position in ``codes``
        predicted_start, measured_start = self._predicted(start), self._measured(shown[0])
        unpredicted = torch.zeros_like(predicted_start)
        steps = math.ceil(settings.reach / settings.step)
        for index in range(steps):
            check(cancel)
            progress("beautify", 0.6 * index / steps, None)
            v = self._step(v, free, limit, predicted_start - unpredicted, start)
            score = self._score(v)
            if index % _MEASURE_EVERY == 1:
                # The picture shows drift that the network does not predict.
                shown[len(codes)] = self._picture(v)
                drift = self._measured(shown[len(codes)]) - measured_start
                predicted = self._predicted(v) - predicted_start
                unpredicted = torch.where(drift.isnan(), torch.zeros_like(drift), drift - predicted)
            if score - scores[-1] < 1e-3 or _length(v - start, free) > settings.reach:
                break
            codes.append(v)
            scores.append(score)
            if score - scores[0] > settings.gain:
                break
        count = self._recognizable(codes, shown, chip_grid, progress, cancel)
        knots = space.unwhiten(torch.stack(codes[:count]))
        knots[0] = w_plus
        if self._guard is not None:
            knots = knots[: self._guard.believable(knots.unbind(), cancel)]
        gains = torch.tensor(scores[: len(knots)]) - scores[0]
        progress("beautify", 1.0, 0.0)
        return ScorePath(knots, gains, scores[0])

    def _step(
        self,
        v: Tensor,  # [L, W] whitened code
        free: Tensor,  # [L, 1] 1 for layers that may change, 0 for others
        limit: Tensor,  # [L, 1] largest norm of each layer's code
        target: Tensor,  # of the attributes
        start: Tensor,  # [L, W] code of the face as it is
    ) -> Tensor:
        """One step up, across the gradients of the attributes that stay, cut to ``limit``."""
        settings = self.ascent
        v = v.detach().requires_grad_(True)
        octaves = by_octave(v[None], self._generator.layers)
        score = self._scorer(octaves)[0].mean()  # of an ensemble's members
        (uphill,) = torch.autograd.grad(score, v, retain_graph=True)
        values = self._attributes(octaves)[0]
        rows, drift, share = [], [], []
        for index, name in enumerate(self._attributes.outputs):
            allowed = dict(settings.loosely).get(name, 0.0)
            if name in settings.held or allowed > 0.0:
                (row,) = torch.autograd.grad(values[index], v, retain_graph=True)
                rows.append((row * free).flatten())
                drift.append(values[index].detach() - target[index])
                share.append(allowed)
        jacobian = torch.stack(rows)
        direction = (uphill * free).flatten()
        direction = direction / direction.norm().clamp_min(1e-12)
        gram = jacobian @ jacobian.T + 1e-6 * torch.eye(len(rows), device=v.device)
        keep = 1.0 - torch.tensor(share, device=v.device)
        direction = direction - jacobian.T @ torch.linalg.solve(gram, (jacobian @ direction) * keep)
        direction = direction.reshape(v.shape)
        length = _length(direction, free).clamp_min(1e-12)
        correction = -(jacobian.T @ torch.linalg.solve(gram, torch.stack(drift) * keep)).reshape(v.shape)
        moved = v.detach() + settings.step * direction / length + 0.5 * correction
        # A code longer than those of samples has no believable picture.
        norm = moved.norm(dim=1, keepdim=True)
        return torch.where(free > 0, moved * (limit / norm).clamp_max(1.0), start).detach()

    def _free_layers(self, device: torch.device) -> Tensor:
        free = [1.0 if layer.resolution <= self.ascent.finest else 0.0 for layer in self._generator.layers]
        return torch.tensor(free, device=device)[:, None]

    def _score(self, v: Tensor) -> float:
        with torch.no_grad():
            return float(self._scorer.values(by_octave(v[None], self._generator.layers))[0].mean())

    def _predicted(self, v: Tensor) -> Tensor:
        """Attributes as the network predicts them, in standard deviations."""
        with torch.no_grad():
            values: Tensor = self._attributes(by_octave(v[None], self._generator.layers))[0]
        return values

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
    ) -> int:
        """The number of codes, from the first on, that the recognition network takes for the same person."""

        def describe(index: int) -> Tensor:
            picture = shown[index] if index in shown else self._picture(codes[index])
            with torch.no_grad():
                chip = F.grid_sample(picture * 0.5 + 0.5, grid, align_corners=False)
                descriptor: Tensor = self._recognition(chip)[0]
            return descriptor[0]

        first: Tensor | None = None
        low, high = 1, len(codes)
        # Distance grows along the path: bisection finds its end.
        while low < high:
            check(cancel)
            middle = (low + high + 1) // 2
            if first is None:
                first = describe(0)
            if float((describe(middle - 1) - first).norm()) <= self.ascent.identity:
                low = middle
            else:
                high = middle - 1
            progress("beautify", 0.9, None)
        return low


def _length(offset: Tensor, free: Tensor) -> Tensor:
    """Root mean square over the free layers of each layer's length."""
    return ((offset * free).square().sum() / free.sum()).sqrt()
