"""The manual sliders: smile, age, yaw, eyes, mouth.

A slider asks for a change of one measured attribute, in standard deviations of the generator's samples, and
for no change of the others. The attribute network gives the way: a few damped Newton steps along its
gradients in whitened P space, each the smallest that does both.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.latent_network import LatentNetwork, by_octave
from retouchml.errors import UsageError
from stylegan2.generator import Generator


@dataclass(frozen=True)
class EditInfo:
    """One slider.

    attribute: what it moves; deviations: how many standard deviations a value of 1 asks for; finest: pixels,
    the finest layers it touches; released: attributes that may follow, being part of the same movement
    """

    name: str
    description: str
    attribute: str
    deviations: float
    finest: int
    released: tuple[str, ...] = ()
    low: float = -1.0
    high: float = 1.0


EDITS = (
    EditInfo("smile", "mouth corners up, or down", "smile", 1.8, 64, ("mouth_open", "eyes_open")),
    EditInfo("age", "older, or younger", "age", 1.5, 256),
    EditInfo("yaw", "turn towards the right of the picture, or the left", "yaw", 0.7, 32, ("pitch",)),
    EditInfo("pitch", "chin down, or up", "pitch", 0.8, 32, ("yaw", "brows")),
    EditInfo("eyes", "eyes wider, or narrower", "eyes_open", 1.6, 64, ("brows",)),
    EditInfo("mouth", "mouth open, or closed", "mouth_open", 1.6, 64, ("smile",)),
    EditInfo("brows", "brows up, or down", "brows", 1.4, 64, ("eyes_open",)),
)
_BY_NAME = {edit.name: edit for edit in EDITS}
_STEPS_PER_DEVIATION = 3
_DAMPING = 1e-3


def check_names(edits: Mapping[str, float]) -> None:
    """Raise UsageError where a slider is not known."""
    for name in edits:
        if name not in _BY_NAME:
            raise UsageError(f"There is no edit called {name}.", f"Known are: {', '.join(_BY_NAME)}.")


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
            v = self._moved(v, _BY_NAME[name], value)
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
