"""Applies the sliders of ``retouchml/sliders.py`` that have a latent step to a latent code.

A slider changes one measured attribute, in standard deviations of the generator's samples, and none of the
others. The attribute network gives the direction: a few damped Newton steps along its gradients in whitened
P space, each the smallest that does both.
"""

import math
from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Protocol

import torch
from torch import Tensor

from pipeline.latent_network import LatentNetwork, by_octave, learned_part, load_network
from pipeline.taste.judgement import Joined, Judgement
from pipeline.threads import threads_restored
from retouchml.errors import LatentSpaceMismatch
from retouchml.sliders import EDITS, LatentStep
from stylegan2.generator import Generator

_STEPS = {slider.name: slider.latent for slider in EDITS if slider.latent is not None}

_STEPS_PER_DEVIATION = 3
_DAMPING = 1e-3
APPEARANCE = "appearance"  # the learned part of hair, beard and skin


class Measured(Protocol):
    """Attributes of a code, in standard deviations: an attribute network, or several in a row."""

    @property
    def outputs(self) -> tuple[str, ...]: ...
    def __call__(self, octaves: Tensor) -> Tensor: ...
    def jacobian(self, octaves: Tensor) -> Tensor: ...


class EditApplier:
    """Applies expression sliders to the codes of one generator."""

    def __init__(
        self,
        generator: Generator,
        attributes: LatentNetwork,
        own: Mapping[str, Judgement] = MappingProxyType({}),
    ) -> None:
        """own: the sliders that the user trained for this generator, by name."""
        self._generator = generator
        self.attributes = attributes
        self._own = own

    def apply(self, w_plus: Tensor, edits: Mapping[str, float]) -> Tensor:
        """The code [L, W] with every slider of ``edits`` applied, one after the other.

        Sliders that work on the photograph's own pixels change no code. Raises LatentSpaceMismatch for a
        slider that this generator does not have.
        """
        active = {name: value for name, value in edits.items() if value != 0.0 and name in _STEPS}
        if not active:
            return w_plus
        space = self._generator.latents
        v = space.whiten(w_plus)
        for name, value in active.items():
            v = moved(v, _STEPS[name], value, self.measured_by(_STEPS[name]), self._generator)
        return space.unwhiten(v)

    def measured_by(self, latent: LatentStep) -> Measured:
        """What a step looks at: the attributes, hair, beard and skin if it holds them, and its own if any."""
        if latent.holds_appearance:
            return Joined((self.attributes, self.appearance))
        if latent.attribute in self.attributes.outputs:
            return self.attributes
        if latent.attribute not in self._own:
            raise LatentSpaceMismatch(
                f"The slider {latent.attribute} was not trained for {self._generator.name}.",
                f"Label faces of it: retouchml label {latent.attribute} --model {self._generator.name}.",
            )
        return Joined((self.attributes, self._own[latent.attribute]))

    @cached_property
    def appearance(self) -> LatentNetwork:
        """What tells hair, beard and skin; read when it is first used: a generator of one's own has none.

        Raises ModelMissing, ModelCorrupt or LatentSpaceMismatch.
        """
        path = learned_part(APPEARANCE, self._generator.latents.name)
        return load_network(path, APPEARANCE, self._generator)[0]


@torch.no_grad()
@threads_restored()
def moved(v: Tensor, latent: LatentStep, value: float, measured: Measured, generator: Generator) -> Tensor:
    """The whitened code [L, W] after a step of a slider that is set to ``value``."""
    torch.set_num_threads(1)  # many short sums: threads would wait for each other longer than they add
    deviations = value * latent.counted
    steps = max(1, math.ceil(abs(deviations) * _STEPS_PER_DEVIATION))
    layers = generator.layers
    reached = (latent.coarsest <= layer.resolution <= latent.finest for layer in layers)
    free = v.new_tensor([[float(each)] for each in reached])
    names = measured.outputs
    row = names.index(latent.attribute)
    rows = [i for i, name in enumerate(names) if name not in latent.released]
    start = measured(by_octave(v[None], layers))[0]
    target = start.clone()
    # [9, L] how much of each layer's code an octave has
    shares = by_octave(torch.eye(len(layers), device=v.device)[None], layers)[0]
    for step in range(1, steps + 1):
        target[row] = start[row] + deviations * step / steps
        octaves = by_octave(v[None], layers)
        gradients = measured.jacobian(octaves[0])[rows]
        jacobian = (torch.einsum("kow,ol->klw", gradients, shares) * free).flatten(1)
        gram = jacobian @ jacobian.T
        gram = gram + _DAMPING * gram.diagonal().mean() * torch.eye(len(rows), device=v.device)
        difference = (target - measured(octaves)[0])[rows]
        v = v + (jacobian.T @ torch.linalg.solve(gram, difference)).reshape(v.shape)
    return v
