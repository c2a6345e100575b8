"""Fits the encoder's network: by the pictures that its codes lead to.

Each view begins at the ridge regression's guess and goes through all passes; each pass is judged by the
image of its code. A code alone tells little of how near the image is, so the known codes of generated faces
only help; photographs have none, and are judged by the person, too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from pipeline.encoder_network import (
    OCTAVES_SEEN,
    PASSES,
    SIDE,
    EncoderNetwork,
    add_changes,
    as_input,
    w_plus_of,
    without_offsets,
)
from pipeline.inversion_step import FEATURES_WEIGHT, IDENTITY_WEIGHT
from pipeline.inversion_target import Recognition, Target
from pipeline.latent_network import by_octave
from pipeline.threads import threads_restored, use_share
from pipeline.training.encoder_views import CROP, Face, View, view_of
from stylegan2.generator import Generator

BATCH = 8  # views a step
_RATE, _DECAY = 6e-4, 0.01
_WARM = 0.02  # share of the steps until the rate is reached; then it falls to zero
_PULL = 0.01  # towards the mean face
_CODE = 0.03
_LARGEST_GRADIENT = 1.0
_PHOTOGRAPHED = 0.5  # share of the views, if there are photographs


@dataclass(frozen=True)
class Example:
    """A face, and where its code is sought from."""

    face: Face
    guess: Tensor  # [W] whitened, by the ridge regression
    octaves: Tensor | None = None  # [9, W] its own whitened code, if that is known


class Learner:
    """Fits a network for a generator."""

    def __init__(self, generator: Generator, recognition: Recognition, components: int) -> None:
        """components: of the code, those that vary most"""
        torch.manual_seed(0)
        self._generator = generator
        self._recognition = recognition
        self._components = components
        self._network = EncoderNetwork(components).to(generator.device)

    @threads_restored()
    def fit(
        self,
        draw: Callable[[int], Example],  # a generated face for each number
        photographs: Sequence[Example],
        views: int,
        progress: Callable[[int, int], None],
    ) -> EncoderNetwork:
        """Learn from so many views; progress: how many are done, and of how many."""
        random = np.random.default_rng(0)
        optimizer = torch.optim.AdamW(self._network.parameters(), lr=_RATE, weight_decay=_DECAY)
        steps = -(-views // BATCH)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, steps + 1, pct_start=_WARM)
        share = _PHOTOGRAPHED if photographs else 0.0
        self._network.train()
        threads = torch.get_num_threads()
        for step in range(steps):
            use_share(threads, self._generator.device)
            optimizer.zero_grad()
            for number in range(step * BATCH, (step + 1) * BATCH):
                if random.random() < share:
                    example = photographs[int(random.integers(len(photographs)))]
                else:
                    example = draw(number)
                self._learn(example, view_of(example.face, random))
            torch.nn.utils.clip_grad_norm_(self._network.parameters(), _LARGEST_GRADIENT)
            optimizer.step()
            schedule.step()
            progress(min((step + 1) * BATCH, views), views)
        return self._network.eval()

    def nearness(self, examples: Sequence[Example]) -> tuple[float, ...]:
        """The mean picture loss of faces as they are: of the guess, and after each pass."""
        losses = []
        for example in examples:
            face = example.face
            target = self._target(face, frozenset([SIDE]))
            photo = as_input(face.crop).to(self._generator.device)
            codes, row = self._start(example), []
            with torch.no_grad():
                for _ in range(PASSES):
                    image = self._image(codes, SIDE)
                    row.append(float(target.compare(image)[0]))
                    codes = add_changes(codes, self._network(photo, image), self._generator.layers)
                row.append(float(target.compare(self._image(codes, SIDE))[0]))
            losses.append(row)
        return tuple(float(x) for x in np.mean(losses, axis=0)) if losses else ()

    def _learn(self, example: Example, view: View) -> None:
        """Add the gradient of one view."""
        # Only a picture of 128 px shows the person, at twice the cost: for the last look at a photograph.
        sides = [SIDE] * (PASSES - 1) + [SIDE if example.octaves is not None else CROP]
        target = self._target(view.target, frozenset(sides))
        photo = as_input(view.seen).to(self._generator.device)
        codes = self._start(example)
        with torch.no_grad():
            image = self._image(codes, SIDE)
        for side in sides:
            codes = add_changes(codes, self._network(photo, image), self._generator.layers)
            made = self._image(codes, side)
            loss = self._loss(target, made, codes, example)
            (loss / BATCH).backward()  # type: ignore[no-untyped-call]
            codes = codes.detach()
            image = F.interpolate(made.detach(), size=(SIDE, SIDE), mode="area")

    def _loss(self, target: Target, image: Tensor, codes: Tensor, example: Example) -> Tensor:
        near, identity = target.compare(image)
        layers = codes[:, :1] + codes[:, 1:]
        loss = near + _PULL * layers.square().mean()
        if identity is not None:
            loss = loss + IDENTITY_WEIGHT * identity[0].square() + FEATURES_WEIGHT * identity[1]
        if example.octaves is not None:
            found = by_octave(layers, self._generator.layers)[:, :OCTAVES_SEEN, -self._components :]
            known = example.octaves[None, :OCTAVES_SEEN, -self._components :].to(found)
            loss = loss + _CODE * F.smooth_l1_loss(found, known)
        return loss

    def _target(self, face: Face, sides: frozenset[int]) -> Target:
        return Target.of(face.crop, face.landmarks, self._recognition, self._generator.device, sides)

    def _start(self, example: Example) -> Tensor:
        return without_offsets(
            example.guess[None].to(self._generator.latents.mean), self._generator.num_layers
        )

    def _image(self, codes: Tensor, side: int) -> Tensor:
        return self._generator.synthesize(w_plus_of(codes, self._generator), side)
