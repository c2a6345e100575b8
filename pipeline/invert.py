"""Inversion: finds the w_plus of a face, whose picture looks like it and shows the same person.

Optimisation in the whitened P space of the mapping network (arXiv 2012.09036): one code v shared by all
layers, and an offset for each layer. Coarse to fine, on the generator's cheap small pictures. Pulling v
towards the mean and the offsets towards zero keeps the code editable. What is compared is in
``pipeline.inversion_target``; ``pipeline.inversion_step`` is one step.
"""

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.inversion_step import Descent
from pipeline.inversion_target import Recognition, Target
from pipeline.threads import threads_restored, use_share
from retouchml.progress import NEVER, Cancel, Progress, check, silent
from stylegan2.generator import Generator
from stylegan2.repeated import Repeated

VERSION = 2  # of the recipe; a cached inversion of another version is not used


@dataclass(frozen=True)
class InversionStage:
    """Steps of Adam at one picture size."""

    resolution: int
    steps: int
    rate: float  # learning rate
    offsets: bool  # whether each layer has an offset of its own

    def rates(self) -> list[float]:
        """The learning rate of each step."""
        return [self.rate * _ramp(step, self.steps) for step in range(self.steps)]


RECIPE = (
    InversionStage(64, 10, 0.08, False),
    InversionStage(64, 25, 0.07, True),
    InversionStage(128, 28, 0.06, True),
    InversionStage(256, 9, 0.035, True),
)
"""From a code that all layers share."""
NEAR_RECIPE = (InversionStage(64, 20, 0.07, True), *RECIPE[2:])
"""From a code with an offset for each layer, which is nearer to the face."""


@dataclass(frozen=True)
class Begun:
    """An inversion after the stages of its smallest picture; see ``Inverter.begin``."""

    code: Tensor  # [1 + L, W] whitened: what all layers share, and the offset of each
    w_plus: Tensor  # [L, W]
    recipe: Sequence[InversionStage]  # by which ``invert`` goes on


@dataclass(frozen=True)
class Inversion:
    """The code of a face, and how well it fits."""

    w_plus: Tensor  # [L, W]
    loss: float  # final image loss, lower is nearer
    distance: float  # descriptor distance between crop and picture at 256 px


class Inverter:
    """Inverts FFHQ crops with one generator and the recognition network."""

    def __init__(
        self,
        generator: Generator,
        recognition: Recognition,
        *,
        make_step: Callable[[Callable[[], None], torch.device], Repeated] | None = None,
    ) -> None:
        """make_step: records steps as CUDA graphs; None for steps without"""
        self._generator = generator
        self._recognition = recognition
        self._make_step = make_step
        self._kept: Descent | None = None  # whose recordings serve the next face, too
        self._lock = threading.Lock()

    @threads_restored()
    def begin(
        self,
        crop: NDArray[np.float32],  # FFHQ crop [S, S, 3] in [0, 1]
        landmarks: NDArray[np.float64],  # [68, 2] in crop pixels
        start: Tensor | None = None,  # whitened code [W] to start from, or [1 + L, W] with offsets
        *,
        recipe: Sequence[InversionStage] | None = None,  # None: the one for such a start
        progress: Progress = silent,
        cancel: Cancel = NEVER,
    ) -> Begun:
        """The stages of the smallest picture, after which the code is like the face.

        ``invert`` goes on from there, to the same result. Raises Cancelled.
        """
        recipe = recipe_from(start) if recipe is None else recipe
        code, _ = self._run(crop, landmarks, start, recipe, slice(_small_stages(recipe)), progress, cancel)
        return Begun(code, self._generator.latents.unwhiten(code[0] + code[1:]), recipe)

    @threads_restored()
    def invert(
        self,
        crop: NDArray[np.float32],  # FFHQ crop [S, S, 3] in [0, 1]
        landmarks: NDArray[np.float64],  # [68, 2] in crop pixels
        start: Tensor | Begun | None = None,  # whitened code [W] to start from, or [1 + L, W] with offsets
        *,
        recipe: Sequence[InversionStage] | None = None,  # None: the one for such a start
        progress: Progress = silent,
        cancel: Cancel = NEVER,
    ) -> Inversion:
        """The code of a face. Checks ``cancel`` at every step; raises Cancelled.

        start: or what ``begin`` gave for the same crop, whose recipe it follows whatever ``recipe`` says
        """
        stages = slice(None)
        if isinstance(start, Begun):
            recipe = start.recipe
            start, stages = start.code, slice(_small_stages(recipe), None)
        recipe = recipe_from(start) if recipe is None else recipe
        code, losses = self._run(crop, landmarks, start, recipe, stages, progress, cancel)
        return Inversion(self._generator.latents.unwhiten(code[0] + code[1:]), *losses)

    def _run(
        self,
        crop: NDArray[np.float32],
        landmarks: NDArray[np.float64],
        start: Tensor | None,
        recipe: Sequence[InversionStage],
        stages: slice,  # of the recipe
        progress: Progress,
        cancel: Cancel,
    ) -> tuple[Tensor, tuple[float, float]]:
        """The code [1 + L, W] after some stages, and the last losses."""
        space = self._generator.latents
        initial = torch.zeros_like(space.mean) if start is None else start.to(space.mean)
        sides = frozenset(stage.resolution for stage in recipe)
        target = Target.of(crop, landmarks, self._recognition, self._generator.device, sides)
        steps = _StepProgress(recipe, stages, progress)
        if self._make_step is None:
            return self._descend(self._descent(target, initial, recipe), recipe[stages], steps, cancel)
        with self._lock:
            try:
                if self._kept is None or not self._kept.fits(target, _most_steps(recipe)):
                    self._close()
                    self._kept = self._descent(target, initial, recipe, self._make_step)
                else:
                    self._kept.restart(target, initial)
                return self._descend(self._kept, recipe[stages], steps, cancel)
            except torch.OutOfMemoryError:
                self._close()
        return self._descend(self._descent(target, initial, recipe), recipe[stages], steps, cancel)

    def _descent(
        self,
        target: Target,
        start: Tensor,
        recipe: Sequence[InversionStage],
        make_step: Callable[[Callable[[], None], torch.device], Repeated] | None = None,
    ) -> Descent:
        return Descent(self._generator, target, start, _most_steps(recipe), make_step)

    def _descend(
        self, descent: Descent, stages: Sequence[InversionStage], steps: "_StepProgress", cancel: Cancel
    ) -> tuple[Tensor, tuple[float, float]]:
        state, threads = descent.state, torch.get_num_threads()
        for stage in stages:
            use_share(threads, state.code.device)
            state.begin(stage.rates(), offsets=stage.offsets)
            step = descent.step(stage.resolution)
            for _ in range(stage.steps):
                check(cancel)
                step()
                steps.advance(stage)
        return state.code.clone(), state.losses()

    def _close(self) -> None:
        if self._kept is not None:
            self._kept.close()
        self._kept = None


def recipe_from(start: Tensor | None) -> Sequence[InversionStage]:
    """The recipe for a start: a code [W] that all layers share or None, or [1 + L, W] with offsets."""
    return RECIPE if start is None or start.ndim == 1 else NEAR_RECIPE


def _most_steps(recipe: Sequence[InversionStage]) -> int:
    return max(stage.steps for stage in recipe)


def _ramp(step: int, steps: int) -> float:
    """Factor of the learning rate: a short warm-up, and a cosine descent in the second half."""
    warm = min(1.0, (step + 1) / 5.0)
    late = max(0.0, 2.0 * step / steps - 1.0)
    return warm * (0.5 + 0.5 * math.cos(math.pi * late)) + 0.02


def _small_stages(recipe: Sequence[InversionStage]) -> int:
    """How many of the first stages have the smallest picture."""
    return next((i for i, stage in enumerate(recipe) if stage.resolution > recipe[0].resolution), len(recipe))


class _StepProgress:
    """Progress by the cost of the steps, which is about proportional to the picture's side."""

    def __init__(self, recipe: Sequence[InversionStage], stages: slice, progress: Progress) -> None:
        """stages: those that are done now"""
        self._total = sum(self._cost(stage) * stage.steps for stage in recipe)
        self._done = sum(self._cost(stage) * stage.steps for stage in recipe[: stages.start or 0])
        self._begun = self._done / self._total
        self._progress = progress
        self._start = time.monotonic()
        progress("invert", self._begun, None)

    @staticmethod
    def _cost(stage: InversionStage) -> float:
        return stage.resolution / 64.0

    def advance(self, stage: InversionStage) -> None:
        """Report one more step of a stage."""
        self._done += self._cost(stage)
        fraction = min(1.0, self._done / self._total)
        elapsed = time.monotonic() - self._start
        self._progress("invert", fraction, elapsed * (1.0 - fraction) / (fraction - self._begun))
