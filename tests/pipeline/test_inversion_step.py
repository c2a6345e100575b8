"""A step of an inversion: Adam as torch has it, and nothing that makes the host wait for the device."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pipeline.inversion_step import InversionState, InversionStep
from pipeline.inversion_target import Octave, Recognition, Target, octaves
from pipeline.invert import InversionStage, Inverter
from pipeline.networks import Networks
from stylegan2 import zoo
from stylegan2.full_generator import FullGenerator
from stylegan2.generator import Generator
from stylegan2.mobile import network as mobile
from stylegan2.mobile.generator import MobileGenerator
from stylegan2.repeated import Repeated
from tests.capturable import issued, objections
from tests.conftest import at_home
from tests.pipeline.synthetic_faces import landmarks
from tests.stylegan2.narrow_network import W_DIM, narrow_network
from tests.tape import Tape

_LAYERS = 3


class _Features(nn.Module):
    """Gives what the recognition network gives, at little cost."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.ParameterList(nn.Parameter(torch.randn(4, c, 3, 3)) for c in (3, 4, 4, 4, 4))
        self.projection = nn.Parameter(torch.randn(4, 128) * 1e-4)
        self.requires_grad_(False)

    def forward(self, chips: Tensor) -> tuple[Tensor, list[Tensor]]:
        features = []
        x = chips
        for weight in self.weights:
            x = nn.functional.conv2d(x, weight, stride=2)
            features.append(x)
        return x.mean((2, 3)) @ self.projection, features


def target(recognition: Recognition, side: int, device: str = "cpu") -> Target:
    """A target of noise, for pictures of one size."""
    picture, weight = torch.rand(1, 3, side, side, device=device), torch.rand(1, 1, side, side, device=device)
    scales: tuple[Octave, ...] = octaves(picture, weight, 3)
    grid = torch.rand(1, 150, 150, 2, device=device) * 2.0 - 1.0
    with torch.no_grad():
        descriptor, features = recognition(torch.rand(1, 3, 150, 150, device=device))
    return Target({side: scales}, grid, descriptor, tuple(features[i] for i in (0, 2, 4)), recognition)


def narrow(device: str = "cpu") -> Generator:
    generator = FullGenerator("noise", narrow_network(256), torch.device(device))
    generator._latents = generator.latents.to(device)
    return generator


# ---- Adam


@pytest.mark.parametrize("offsets", [False, True])
def test_steps_are_those_of_torch_s_adam_to_the_bit(offsets: bool) -> None:
    random = torch.Generator().manual_seed(2)
    start = torch.randn(W_DIM, generator=random)
    rates = [0.016, 0.05, 0.08, 0.07, 0.001]
    state = InversionState(start, _LAYERS, len(rates))
    shared = start.clone().requires_grad_(True)
    others = torch.zeros(_LAYERS, W_DIM, requires_grad=True)
    for stage_offsets in (not offsets, offsets):
        state.begin(rates, offsets=stage_offsets)
        reference = torch.optim.Adam([shared, others] if stage_offsets else [shared], betas=(0.9, 0.99))
        for rate in rates:
            gradient = torch.randn(1 + _LAYERS, W_DIM, generator=random) * 0.01
            state.descend(gradient)
            shared.grad, others.grad = gradient[0], gradient[1:]
            reference.param_groups[0]["lr"] = rate
            reference.step()
            assert torch.equal(state.code[0], shared)
            assert torch.equal(state.code[1:], others)


def test_adam_goes_down_a_bowl() -> None:
    state = InversionState(torch.full((W_DIM,), 3.0), _LAYERS, 300)
    state.begin([0.05] * 300, offsets=True)
    for _ in range(300):
        state.descend(2.0 * state.code)
    assert float(state.code.abs().max()) < 0.05


# ---- a step


def test_a_step_goes_against_the_gradient_of_its_loss_and_notes_what_it_lost() -> None:
    torch.manual_seed(4)
    generator = narrow()
    aim = target(_Features(), 128)
    state = InversionState(torch.randn(W_DIM), generator.num_layers, 13)
    assert state.losses() == (float("inf"), float("inf"))
    step = InversionStep(generator, aim, state, 128)
    state.begin([0.02] * 13, offsets=True)
    losses = []
    for _ in range(12):
        step()
        losses.append(state.losses()[0])
    assert losses[-1] < losses[0]
    code = generator.latents.unwhiten(state.code[0] + state.code[1:])[None]
    with torch.no_grad():
        near, identity = aim.compare(generator.synthesize(code, 128))
    assert identity is not None
    step()
    assert state.losses() == pytest.approx((float(near), float(identity[0])))


def test_a_small_picture_leaves_the_distance_as_it_was() -> None:
    generator = narrow()
    state = InversionState(torch.randn(W_DIM), generator.num_layers, 2)
    state.begin([0.02] * 2, offsets=False)
    InversionStep(generator, target(_Features(), 64), state, 64)()
    assert state.losses()[0] < 10.0
    assert state.losses()[1] == float("inf")
    assert not state.code[1:].any()


def test_a_gradient_that_overflows_in_float16_does_not_spoil_the_code() -> None:
    generator = narrow()
    state = InversionState(torch.randn(W_DIM), generator.num_layers, 4)
    state.begin([0.02] * 4, offsets=True)
    step = InversionStep(generator, target(_Features(), 64), state, 64)
    step()
    before = state.code.clone()
    generator.gradient_scale = 1e39  # beyond float32, too
    step()
    assert state.code.isfinite().all()
    generator.gradient_scale = 1024.0
    step()
    assert state.code.isfinite().all()
    assert not torch.equal(state.code, before)


# ---- a step that is recorded


def noted(step: Callable[[], None], device: torch.device, tapes: list[Tape]) -> Repeated:
    """A step that a tape records in place of a GPU."""

    def make(step: Callable[[], None], device: torch.device) -> Tape:
        tapes.append(Tape(step, device))
        return tapes[-1]

    return Repeated(step, device, record=make, device_type="cpu")


_RECIPE = (
    InversionStage(64, 5, 0.08, False),
    InversionStage(64, 4, 0.07, True),
    InversionStage(128, 6, 0.06, True),
)


def test_recorded_steps_invert_one_face_after_the_other_to_the_bit_as_others_do() -> None:
    generator, recognition = narrow(), _Features()
    tapes: list[Tape] = []
    plain = Inverter(generator, recognition)
    recorded = Inverter(generator, recognition, make_step=partial(noted, tapes=tapes))
    random = np.random.default_rng(7)
    points = landmarks((128.0, 140.0), 56.0)
    for seed in range(3):
        crop = random.random((256, 256, 3), np.float32)
        start = torch.randn(W_DIM, generator=torch.Generator().manual_seed(seed))
        expected = plain.invert(crop, points, start, recipe=_RECIPE)
        found = recorded.invert(crop, points, start, recipe=_RECIPE)
        assert torch.equal(found.w_plus, expected.w_plus)
        assert (found.loss, found.distance) == (expected.loss, expected.distance)
    # one recording for each size serves all stages and faces
    assert [(tape.warmed_up, tape.replayed) for tape in tapes] == [(3, 27 - 3), (3, 18 - 3)]
    longer = (InversionStage(64, 7, 0.08, True),)
    expected = plain.invert(crop, points, recipe=longer)
    assert torch.equal(recorded.invert(crop, points, recipe=longer).w_plus, expected.w_plus)
    assert [tape.closed for tape in tapes] == [True, True, False]


def test_an_inversion_that_runs_out_of_memory_gives_up_its_recordings_and_begins_again() -> None:
    generator, recognition = narrow(), _Features()
    tapes: list[Tape] = []

    class Small(Tape):
        def replay(self) -> None:
            raise torch.OutOfMemoryError("CUDA out of memory")

    def make_step(step: Callable[[], None], device: torch.device) -> Repeated:
        def make(step: Callable[[], None], device: torch.device) -> Tape:
            tapes.append(Small(step, device))
            return tapes[-1]

        return Repeated(step, device, record=make, device_type="cpu")

    crop = np.random.default_rng(7).random((256, 256, 3), np.float32)
    points = landmarks((128.0, 140.0), 56.0)
    found = Inverter(generator, recognition, make_step=make_step).invert(crop, points, recipe=_RECIPE)
    expected = Inverter(generator, recognition).invert(crop, points, recipe=_RECIPE)
    assert torch.equal(found.w_plus, expected.w_plus)
    assert tapes[0].closed


# ---- what it asks of a device


class _Mobile(Generator):
    """The default network without weights, on a device without numbers."""

    def __init__(self) -> None:
        self.device = torch.device("meta")
        self.latents = narrow().latents.to("meta")
        self.network = mobile.Synthesis().requires_grad_(False).to("meta")

    def map(self, *_: object, **__: object) -> Tensor:
        raise NotImplementedError

    def synthesize(self, w_plus: Tensor, resolution: int | None = None, noise: str = "const") -> Tensor:
        assert resolution is not None
        wide = w_plus.repeat(1, 1, mobile.W_DIM // W_DIM)
        return self.network.coarse(wide, resolution)


@pytest.mark.parametrize("side", [64, 128, 256])
@pytest.mark.parametrize("make", [lambda: narrow("meta"), _Mobile], ids=["stylegan2", "mobile"])
def test_a_step_neither_waits_for_the_gpu_nor_leaves_it(make: Callable[[], Generator], side: int) -> None:
    generator = make()
    layers = mobile.NUM_STYLES if isinstance(generator, _Mobile) else generator.num_layers
    state = InversionState(torch.empty(W_DIM, device="meta"), layers, 4)
    state.begin([0.02] * 4, offsets=True)
    aim = target(_Features().to("meta"), side, "meta")
    operations = issued(InversionStep(generator, aim, state, side))
    assert sum(each.name == "convolution_backward" for each in operations) > 5
    assert objections(operations, "meta") == []


def test_nor_does_one_with_the_real_networks(networks: Networks, real_home: Path) -> None:
    with at_home(real_home):
        weights = zoo.path("ffhq-mobile", "ffhq-mobile.safetensors")
    generator = MobileGenerator("ffhq-mobile", weights, torch.device("cpu"), small_images=False)
    recognition = networks.recognizer.network
    state = InversionState(torch.zeros(generator.w_dim), generator.num_layers, 4)
    state.begin([0.02] * 4, offsets=True)
    operations = issued(InversionStep(generator, target(recognition, 128), state, 128))
    assert sum(each.name == "convolution_backward" for each in operations) > 50
    assert objections(operations, "cpu") == []
