"""How much of an inversion a better start saves: the likeness after few steps, from several starts.

    python -m benchmarks.starts [--steps 0,6,12,20,35] [--whole 12] PHOTO...

The largest face of every photograph is inverted from the mean face, from the encoder's guess, and from points
between that guess and the code that the whole inversion finds: from where an encoder would start that had
removed such a share of the error. No encoder is needed for them, so they bound what one can save.

--steps counts those of the smallest picture, with the recipe's rates squeezed together. After them the
likeness of pictures of 256 px is printed in decibels, the face weighted as in an inversion. --whole also does
the stages of the larger pictures, and prints the identity distance, too.
"""

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.inversion_target import TARGET, face_weight
from pipeline.invert import RECIPE, Inversion, InversionStage, recipe_from
from pipeline.local_face import face_crop
from pipeline.networks import Networks, load_networks
from pipeline.pictures import read_picture
from pipeline.rater_input import face_chip
from pipeline.working_space import WorkingSpace
from retouchml.errors import RetouchError
from retouchml.settings import DEFAULT_DEVICE, DEFAULT_MODEL

SMALLEST = RECIPE[0].resolution  # pixels
_LARGER = tuple(stage for stage in RECIPE if stage.resolution > SMALLEST)
SHARES = (0.25, 0.5, 0.75)  # of the encoder's error that better starts have removed
_BACKGROUND = 0.15  # weight of pixels outside the face, as in the inversion
_LEAST_ERROR = 1e-10  # 100 dB


@dataclass(frozen=True)
class Subject:
    """A face to invert."""

    crop: NDArray[np.float32]  # [S, S, 3]
    points: NDArray[np.float64]  # [68, 2] crop pixels


@dataclass(frozen=True)
class Outcome:
    """What an inversion of few steps found."""

    start: str
    steps: int  # of the smallest picture
    is_whole: bool  # whether the stages of larger pictures followed
    decibels: float
    distance: float  # identity distance; infinite if no stage looked at it


def small_steps(start: Tensor | None) -> int:
    """The steps of the smallest picture in the recipe for a start."""
    return sum(stage.steps for stage in recipe_from(start) if stage.resolution == SMALLEST)


def squeezed(steps: int, recipe: Sequence[InversionStage] = RECIPE) -> tuple[InversionStage, ...]:
    """The stages of the smallest picture with so many steps in all, shared out as in the recipe."""
    small = [stage for stage in recipe if stage.resolution == recipe[0].resolution]
    total = sum(stage.steps for stage in small)
    ends = [round(sum(s.steps for s in small[: i + 1]) * steps / total) for i in range(len(small))]
    counts = [end - before for end, before in zip(ends, [0, *ends], strict=False)]
    return tuple(replace(stage, steps=n) for stage, n in zip(small, counts, strict=True) if n)


def decibels(picture: Tensor, subject: Subject) -> float:
    """Likeness of a generator's picture [1, 3, 256, 256] and a face's crop."""
    size = subject.crop.shape[0]
    interpolation = cv2.INTER_AREA if size > TARGET else cv2.INTER_CUBIC
    small = np.clip(cv2.resize(subject.crop, (TARGET, TARGET), interpolation=interpolation), 0.0, 1.0)
    mask = face_weight((subject.points + 0.5) * (TARGET / size) - 0.5, TARGET)[..., None]
    weight = _BACKGROUND + (1.0 - _BACKGROUND) * mask
    made = picture[0].permute(1, 2, 0).cpu().numpy() * 0.5 + 0.5
    error = (np.square(made - small).mean(2, keepdims=True) * weight).sum() / weight.sum()
    return float(-10.0 * np.log10(max(error, _LEAST_ERROR)))


def towards(guess: Tensor, found: Tensor, share: float) -> Tensor:
    """The code [1 + L, W], shared part and offsets, a share of the way from a guess to codes [L, W]."""
    layers = _layers(guess) + share * (found - _layers(guess))
    shared = layers.mean(0)
    return torch.cat([shared[None], layers - shared])


def _layers(guess: Tensor) -> Tensor:
    """The codes [L, W], or [W] if all layers share one, of a guess [W] or [1 + L, W]."""
    return guess if guess.ndim == 1 else guess[0] + guess[1:]


class Starts:
    """Inversions of a face from several starts."""

    def __init__(self, networks: Networks, steps: Sequence[int], whole: Sequence[int]) -> None:
        """steps: of the smallest picture; whole: those after which the larger pictures follow."""
        self._networks = networks
        self._steps, self._whole = steps, whole

    def outcomes(self, subject: Subject) -> list[Outcome]:
        """All of them, for one face."""
        networks, space = self._networks, self._networks.generator.latents
        crop, points = subject.crop, subject.points
        mean = torch.zeros_like(space.mean)
        starts, guess = {"mean": mean}, mean
        if networks.encoder is not None:
            descriptor = networks.recognizer.describe(crop, points)
            guess = networks.encoder(face_chip(crop, points), descriptor, points).to(mean)
            starts["encoder" if networks.encoder.network is None else "ridge"] = guess
        if networks.encoder is not None and networks.encoder.network is not None:
            guess = networks.encoder.refined(guess, crop, networks.generator).to(mean)
            starts["encoder"] = guess
        full = networks.inverter.invert(crop, points, guess)
        found = space.whiten(full.w_plus)
        starts |= {f"{share:.0%} nearer": towards(guess, found, share) for share in SHARES}
        rows = [self._outcome(subject, "whole recipe", small_steps(guess), full, is_whole=True)]
        for name, start in starts.items():
            rows += [self._run(subject, name, start, n, ()) for n in self._steps]
            rows += [self._run(subject, name, start, n, _LARGER) for n in self._whole]
        return rows

    def _run(
        self, subject: Subject, name: str, start: Tensor, steps: int, larger: Sequence[InversionStage]
    ) -> Outcome:
        recipe = (*squeezed(steps, recipe_from(start)), *larger)
        if recipe:
            inversion = self._networks.inverter.invert(subject.crop, subject.points, start, recipe=recipe)
        else:
            generator = self._networks.generator
            layers = _layers(start).expand(generator.num_layers, -1)
            inversion = Inversion(generator.latents.unwhiten(layers), math.inf, math.inf)
        return self._outcome(subject, name, steps, inversion, is_whole=bool(larger))

    def _outcome(
        self, subject: Subject, name: str, steps: int, inversion: Inversion, *, is_whole: bool
    ) -> Outcome:
        with torch.no_grad():
            picture = self._networks.generator.synthesize(inversion.w_plus[None], TARGET)
        return Outcome(name, steps, is_whole, decibels(picture, subject), inversion.distance)


def table(outcomes: Sequence[Outcome]) -> str:
    """The mean over faces of every start and number of steps, as lines of text."""
    rows: dict[tuple[str, int, bool], list[Outcome]] = {}
    for outcome in outcomes:
        rows.setdefault((outcome.start, outcome.steps, outcome.is_whole), []).append(outcome)
    larger = sum(stage.steps for stage in _LARGER)
    lines = [f"{'start':14}{'steps':>10}{'dB':>8}{'identity':>10}{'faces':>7}"]
    for (name, steps, is_whole), same in rows.items():
        count = f"{steps} + {larger}" if is_whole else str(steps)
        distance = float(np.mean([outcome.distance for outcome in same]))
        shown = f"{distance:10.3f}" if np.isfinite(distance) else f"{'':10}"
        mean = float(np.mean([outcome.decibels for outcome in same]))
        lines.append(f"{name:14}{count:>10}{mean:8.2f}{shown}{len(same):7}")
    return "\n".join(lines)


def subject_of(path: Path, networks: Networks) -> Subject | None:
    """The largest face of a photograph; None without one. Raises RetouchError."""
    picture = read_picture(path)
    found = networks.finder.find(picture.pixels, icc=picture.icc)
    if not found:
        return None
    crop, alignment = face_crop(picture.pixels, found[0].landmarks, WorkingSpace.of(picture.icc))
    return Subject(crop, alignment.to_crop(found[0].landmarks))


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",") if number]


def main(arguments: Sequence[str] | None = None) -> int:
    """Invert the faces of the photographs and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO")
    parser.add_argument("--steps", type=_numbers, default=[0, 6, 12, 20, small_steps(None)], metavar="N,N…")
    parser.add_argument("--whole", type=_numbers, default=[12], metavar="N,N…")
    options = parser.parse_args(arguments)
    networks = load_networks(DEFAULT_MODEL, DEFAULT_DEVICE)
    starts = Starts(networks, options.steps, options.whole)
    outcomes: list[Outcome] = []
    for path in options.photos:
        try:
            subject = subject_of(path, networks)
        except RetouchError as error:
            print(f"{path.name}: {error}", file=sys.stderr)
            continue
        if subject is None:
            print(f"{path.name}: no face", file=sys.stderr)
            continue
        outcomes += starts.outcomes(subject)
        print(f"{path.name}: done", file=sys.stderr, flush=True)
    if outcomes:
        print(table(outcomes))
    return 0 if outcomes else 1


if __name__ == "__main__":
    sys.exit(main())
