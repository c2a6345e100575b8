"""Applies the sliders of ``retouchml/sliders.py`` that have a latent step to a latent code.

A slider changes one measured attribute, in standard deviations of the generator's samples, and none of the
others. The attribute network gives the direction: a few damped Newton steps along its gradients in whitened
P space, each the smallest that does both.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from pipeline.latent_network import LatentNetwork, by_octave
from retouchml.sliders import EDITS, LatentStep
from stylegan2.generator import Generator

_STEPS = {slider.name: slider.latent for slider in EDITS if slider.latent is not None}

_STEPS_PER_DEVIATION = 3
_DAMPING = 1e-3


class EditApplier:
    """Applies expression sliders to the codes of one generator."""

    def __init__(self, generator: Generator, attributes: LatentNetwork) -> None:
        self._generator = generator
        self.attributes = attributes

    def apply(self, w_plus: Tensor, edits: Mapping[str, float]) -> Tensor:
        """The code [L, W] with every slider of ``edits`` applied, one after the other.

        Sliders that work on the photograph's own pixels change no code.
        """
        active = {name: value for name, value in edits.items() if value != 0.0 and name in _STEPS}
        if not active:
            return w_plus
        space = self._generator.latents
        v = space.whiten(w_plus)
        for name, value in active.items():
            v = self._moved(v, _STEPS[name], value)
        return space.unwhiten(v)

    @torch.no_grad()
    def _moved(self, v: Tensor, latent: LatentStep, value: float) -> Tensor:
        deviations = value * latent.deviations
        steps = max(1, math.ceil(abs(deviations) * _STEPS_PER_DEVIATION))
        layers = self._generator.layers
        free = v.new_tensor([[1.0 if layer.resolution <= latent.finest else 0.0] for layer in layers])
        names = self.attributes.outputs
        row = names.index(latent.attribute)
        rows = [i for i, name in enumerate(names) if name not in latent.released]
        start = self._values(v)
        target = start.clone()
        # [9, L] how much of each layer's code an octave has
        shares = by_octave(torch.eye(len(layers), device=v.device)[None], layers)[0]
        for step in range(1, steps + 1):
            target[row] = start[row] + deviations * step / steps
            octaves = by_octave(v[None], layers)
            gradients = self.attributes.jacobian(octaves[0])[rows]
            jacobian = (torch.einsum("kow,ol->klw", gradients, shares) * free).flatten(1)
            gram = jacobian @ jacobian.T
            gram = gram + _DAMPING * gram.diagonal().mean() * torch.eye(len(rows), device=v.device)
            difference = (target - self.attributes(octaves)[0])[rows]
            v = v + (jacobian.T @ torch.linalg.solve(gram, difference)).reshape(v.shape)
        return v

    def _values(self, v: Tensor) -> Tensor:
        values: Tensor = self.attributes(by_octave(v[None], self._generator.layers))[0]
        return values
