"""Applies the manual sliders of ``pipeline/edit_table.py`` to a code.

A slider asks for a change of one measured attribute, in standard deviations of the generator's samples, and
for no change of the others. The attribute network gives the way: a few damped Newton steps along its
gradients in whitened P space, each the smallest that does both.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from pipeline.edit_table import BY_NAME, EDITS, EditInfo, check_names
from pipeline.latent_network import LatentNetwork, by_octave
from stylegan2.generator import Generator

__all__ = ["EDITS", "EditInfo", "Editor", "check_names"]

_STEPS_PER_DEVIATION = 3
_DAMPING = 1e-3


class Editor:
    """Applies sliders to codes of one generator."""

    def __init__(self, generator: Generator, attributes: LatentNetwork) -> None:
        self._generator = generator
        self.attributes = attributes

    def edit(self, w_plus: Tensor, edits: Mapping[str, float]) -> Tensor:
        """Code [L, W] with every slider of ``edits`` applied, one after the other.

        Raises UsageError for an unknown one.
        """
        check_names(edits)
        active = {name: value for name, value in edits.items() if value != 0.0}
        if not active:
            return w_plus
        space = self._generator.latents
        v = space.whiten(w_plus)
        for name, value in active.items():
            v = self._moved(v, BY_NAME[name], value)
        return space.unwhiten(v)

    def _moved(self, v: Tensor, edit: EditInfo, value: float) -> Tensor:
        wanted = value * edit.deviations
        steps = max(1, math.ceil(abs(wanted) * _STEPS_PER_DEVIATION))
        free = v.new_tensor([[1.0 if la.resolution <= edit.finest else 0.0] for la in self._generator.layers])
        names = self.attributes.outputs
        rows = [i for i, name in enumerate(names) if name not in edit.released]
        first = self._values(v).detach()
        target = first.clone()
        for step in range(1, steps + 1):
            target[names.index(edit.attribute)] = first[names.index(edit.attribute)] + wanted * step / steps
            v = v.detach().requires_grad_(True)
            values = self._values(v)
            gradients = [torch.autograd.grad(values[i], v, retain_graph=True)[0] * free for i in rows]
            jacobian = torch.stack(gradients).flatten(1)
            gram = jacobian @ jacobian.T
            gram = gram + _DAMPING * gram.diagonal().mean() * torch.eye(len(rows), device=v.device)
            away = (target - values.detach())[rows]
            v = v.detach() + (jacobian.T @ torch.linalg.solve(gram, away)).reshape(v.shape)
        return v

    def _values(self, v: Tensor) -> Tensor:
        values: Tensor = self.attributes(by_octave(v[None], self._generator.layers))[0]
        return values
