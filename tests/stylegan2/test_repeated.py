"""A repeated step: what is done before it is recorded, and when it cannot be; n calls are always n steps."""

import logging
from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor

from stylegan2.repeated import Repeated
from tests.tape import Tape

CPU = torch.device("cpu")


class Counter:
    """A step whose count is a tensor, and how often Python did it."""

    def __init__(self) -> None:
        self.count, self.python = torch.zeros(1), 0

    def __call__(self) -> None:
        self.python += 1
        self.count.add_(1.0)


class Failing(Tape):
    """Cannot record."""

    error: Exception = RuntimeError("operation not permitted when stream is capturing")

    def record(self) -> None:
        raise self.error


class WithoutMemory(Failing):
    """Has no memory to record."""

    error = torch.OutOfMemoryError("CUDA out of memory")


def made_by(kind: type[Tape], made: list[Tape]) -> Callable[[Callable[[], None], torch.device], Tape]:
    def make(step: Callable[[], None], device: torch.device) -> Tape:
        made.append(kind(step, device))
        return made[-1]

    return make


def test_three_times_are_done_then_it_is_recorded_once_and_replayed() -> None:
    step, tapes = Counter(), list[Tape]()
    repeated = Repeated(step, CPU, record=made_by(Tape, tapes), device_type="cpu")
    for done in range(1, 9):
        repeated()
        assert step.count.item() == done
    assert step.python == 4  # the last of them for the recording
    assert (tapes[0].warmed_up, tapes[0].replayed) == (3, 5)
    repeated.close()
    assert tapes[0].closed
    repeated()
    assert step.count.item() == 9


@pytest.mark.parametrize(("kind", "warnings"), [(Failing, 1), (WithoutMemory, 0)])
def test_where_it_cannot_be_recorded_it_is_done(
    kind: type[Tape], warnings: int, caplog: pytest.LogCaptureFixture
) -> None:
    step = Counter()
    repeated = Repeated(step, CPU, record=kind, device_type="cpu")
    with caplog.at_level(logging.WARNING, "stylegan2"):
        for done in range(1, 9):
            repeated()
            assert step.count.item() == done
    assert step.python == 8
    assert not repeated.recorded
    assert len(caplog.messages) == warnings
    repeated.close()


@pytest.mark.parametrize("options", [{"enabled": False, "device_type": "cpu"}, {"device_type": "cuda"}])
def test_on_other_devices_or_if_graphs_are_off_nothing_is_recorded(options: dict[str, object]) -> None:
    step, tapes = Counter(), list[Tape]()
    repeated = partial(Repeated, step, CPU, record=made_by(Tape, tapes))(**options)  # type: ignore[arg-type]
    for _ in range(6):
        repeated()
    assert (step.python, tapes) == (6, [])


# ---- the tape itself, which stands for a CUDA graph in tests


def test_a_tape_holds_what_python_read_and_follows_what_tensors_say() -> None:
    x, rate, results = torch.zeros(3), torch.ones(()), list[Tensor]()
    number = 1.0

    def step() -> None:
        leaf = x.detach().requires_grad_(True)
        (gradient,) = torch.autograd.grad((leaf - 2.0).square().sum(), leaf)
        results.append(gradient)
        with torch.no_grad():
            x.sub_(gradient * rate * number)

    tape = Tape(step, CPU)
    tape.record()
    assert not x.any()  # recording does nothing
    number = 100.0
    rate.fill_(0.25)
    tape.replay()
    assert torch.equal(x, torch.ones(3))
    assert torch.equal(results[-1], torch.full((3,), -4.0))
    tape.replay()
    assert torch.equal(x, torch.full((3,), 1.5))
