"""One step of an inversion: a picture, its loss, the gradient, and Adam.

A step only changes tensors at fixed addresses, and reads nothing back from the device: which step it is, its
learning rate and what it lost are tensors, too. So the whole of it can be one CUDA graph, and the host never
waits within a stage.

Adam is that of Kingma and Ba (arXiv 1412.6980), rounded as by ``torch.optim.Adam``. That class imports
torch's compiler when it is first used, which takes a second or more.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from pipeline.inversion_target import Target
from stylegan2.generator import Generator
from stylegan2.repeated import Repeated

_SHARED_PULL, _OFFSET_PULL = 0.03, 0.1
IDENTITY_WEIGHT, FEATURES_WEIGHT = 0.4, 0.15  # of descriptor and early features, in the loss
_BETAS = 0.9, 0.99
_EPSILON = 1e-8


class InversionState:
    """The code that is sought, and what Adam remembers; all of it tensors that are written to in place."""

    def __init__(self, start: Tensor, num_layers: int, most_steps: int) -> None:
        """Start at a whitened code [W], or at that and each layer's offset [1 + L, W].

        most_steps: of any stage
        """
        # whitened; the first row is shared by all layers, the others are the layers' offsets from it
        self.code = start.new_zeros(1 + num_layers, start.shape[-1])  # [1 + L, W]
        self._means = torch.zeros_like(self.code), torch.zeros_like(self.code)  # of gradient and its square
        self._moves = start.new_zeros(1 + num_layers, 1)  # 1 for rows that the stage changes
        self._schedule = start.new_zeros(most_steps, 2)  # of each step, see ``_schedule_of``
        self._step = torch.zeros(1, dtype=torch.int64, device=start.device)
        self._losses = start.new_zeros(2)
        self.restart(start)

    @property
    def most_steps(self) -> int:
        """The largest number of steps of a stage."""
        return len(self._schedule)

    def restart(self, start: Tensor) -> None:
        """Begin another inversion at a whitened code [W], or at that and each layer's offset [1 + L, W]."""
        self.code.zero_()
        rows = start.reshape(-1, start.shape[-1])
        self.code[: len(rows)].copy_(rows)
        self._losses.fill_(math.inf)

    def begin(self, rates: Sequence[float], *, offsets: bool) -> None:
        """Begin a stage, whose steps have these learning rates; Adam forgets the stage before.

        offsets: whether each layer may leave the shared code
        """
        for mean in self._means:
            mean.zero_()
        self._moves.fill_(1.0 if offsets else 0.0)
        self._moves[0] = 1.0
        schedule = torch.tensor(_schedule_of(rates), dtype=torch.float64).reshape(-1, 2)
        self._schedule[: len(schedule)].copy_(schedule)
        self._step.zero_()

    def descend(self, gradient: Tensor) -> None:
        """Adam's step against a gradient [1 + L, W]."""
        mean, square = self._means
        size, root = self._schedule.index_select(0, self._step)[0].unbind()
        mean.lerp_(gradient, 1.0 - _BETAS[0])
        square.mul_(_BETAS[1]).addcmul_(gradient, gradient, value=1.0 - _BETAS[1])
        self.code.add_(mean * (size * self._moves) / (square.sqrt() / root).add_(_EPSILON))
        self._step.add_(1)

    def note(self, picture: Tensor, distance: Tensor | None) -> None:
        """Keep the losses of a step: that of the picture, and the distance if there is one."""
        self._losses[0].copy_(picture)
        if distance is not None:
            self._losses[1].copy_(distance)

    def losses(self) -> tuple[float, float]:
        """Image loss and descriptor distance as last noted, infinite if never; waits for the device."""
        picture, distance = self._losses.tolist()
        return picture, distance


class InversionStep:
    """A step at one picture size, as a function of the state that it changes."""

    def __init__(self, generator: Generator, target: Target, state: InversionState, side: int) -> None:
        """side: of the picture, in pixels"""
        self._generator = generator
        self._target = target
        self._state = state
        self._side = side

    def __call__(self) -> None:
        space = self._generator.latents
        with torch.enable_grad():
            code = self._state.code.detach().requires_grad_(True)
            shared, offsets = code[0], code[1:]
            picture = self._generator.synthesize(space.unwhiten(shared + offsets)[None], self._side)
            near, identity = self._target.compare(picture)
            loss = near + _SHARED_PULL * shared.square().mean()
            loss = loss + _OFFSET_PULL * offsets.square().mean()
            if identity is not None:
                loss = loss + IDENTITY_WEIGHT * identity[0].square() + FEATURES_WEIGHT * identity[1]
        scale = self._generator.gradient_scale
        (gradient,) = torch.autograd.grad(loss if scale == 1.0 else loss * scale, code)
        with torch.no_grad():
            if scale != 1.0:  # a step whose gradient overflowed all the same must not spoil the code
                gradient = torch.nan_to_num(gradient / scale, nan=0.0, posinf=0.0, neginf=0.0)
            self._state.descend(gradient)
            self._state.note(near, None if identity is None else identity[0])


class Descent:
    """Everything that the inversion of a face changes or compares with, at fixed addresses.

    Steps that were recorded as CUDA graphs for one face thus serve the next. One thread at a time may use it.
    """

    def __init__(
        self,
        generator: Generator,
        target: Target,
        start: Tensor,
        most_steps: int,
        make_step: Callable[[Callable[[], None], torch.device], Repeated] | None = None,
    ) -> None:
        """Start as an InversionState does.

        make_step: None for steps without graphs
        """
        self.state = InversionState(start, generator.num_layers, most_steps)
        self._target = target
        self._steps: dict[int, Callable[[], None]] = {}
        self._repeated: list[Repeated] = []
        for side in target.octaves:
            step = InversionStep(generator, target, self.state, side)
            self._steps[side] = step
            if make_step is not None:
                self._repeated.append(make_step(step, generator.device))
                self._steps[side] = self._repeated[-1]

    def step(self, side: int) -> Callable[[], None]:
        """The step at one size of the picture."""
        return self._steps[side]

    def fits(self, target: Target, most_steps: int) -> bool:
        """Whether another inversion can use it."""
        return most_steps <= self.state.most_steps and target.octaves.keys() == self._target.octaves.keys()

    def restart(self, target: Target, start: Tensor) -> None:
        """Begin the inversion of another face."""
        self._target.load(target)
        self.state.restart(start)

    def close(self) -> None:
        """Release the memory of recordings."""
        for step in self._repeated:
            step.close()


def _schedule_of(rates: Sequence[float]) -> list[tuple[float, float]]:
    """Of each step: the factor of the mean gradient, and the root of the correction of its mean square."""
    return [
        (-rate / (1.0 - _BETAS[0] ** step), (1.0 - _BETAS[1] ** step) ** 0.5)
        for step, rate in enumerate(rates, 1)
    ]
