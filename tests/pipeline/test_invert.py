"""Inversion: that it gets nearer, and that it stops within a step."""

import threading

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pipeline.inversion_target import face_weight, octaves, picture_loss
from pipeline.invert import NEAR_RECIPE, RECIPE, InversionStage, Inverter, recipe_from
from pipeline.networks import Networks
from retouchml.errors import Cancelled
from stylegan2.generator import as_picture

_SHORT = (InversionStage(64, 4, 0.08, False), InversionStage(64, 8, 0.07, True))


@pytest.fixture(scope="module")
def target(networks: Networks) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """A generated face [256, 256, 3] and its landmarks."""
    torch.manual_seed(31)
    with torch.no_grad():
        w_plus = networks.generator.map(torch.randn(1, 512), truncation_psi=0.7)
        picture = as_picture(networks.generator.synthesize(w_plus, 256)[0])
    return picture, networks.finder.landmarks_in_crop(picture)


def test_it_gets_nearer_to_the_picture_than_the_mean_face_and_tells_how_far_it_is(
    networks: Networks, target: tuple[NDArray[np.float32], NDArray[np.float64]]
) -> None:
    crop, points = target
    updates: list[tuple[str, float, float | None]] = []
    inversion = networks.inverter.invert(
        crop, points, recipe=_SHORT, progress=lambda *report: updates.append(report)
    )
    assert inversion.w_plus.shape == (23, 512)
    assert not inversion.w_plus.requires_grad
    small = torch.from_numpy(crop).permute(2, 0, 1)[None] * 2.0 - 1.0
    small = torch.nn.functional.avg_pool2d(small, 4)
    weight = torch.from_numpy(face_weight(points, 256))[None, None, ::4, ::4]
    scales = octaves(small, weight, 3)
    with torch.no_grad():
        mean = networks.generator.latents.mean.repeat(23, 1)
        losses = [
            float(picture_loss(networks.generator.synthesize(code[None], 64), scales))
            for code in (inversion.w_plus, mean)
        ]
    assert losses[0] < 0.75 * losses[1]
    assert {stage for stage, _, _ in updates} == {"invert"}
    fractions = [fraction for _, fraction, _ in updates]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1], len(updates)) == (0.0, 1.0, 1 + 12)
    assert updates[0][2] is None
    assert updates[-1][2] == 0.0


def test_the_same_crop_gives_the_same_code_and_a_crop_of_any_size_will_do(
    networks: Networks, target: tuple[NDArray[np.float32], NDArray[np.float64]]
) -> None:
    crop, points = target
    recipe = (InversionStage(64, 2, 0.08, True),)
    first = networks.inverter.invert(crop, points, recipe=recipe)
    assert torch.equal(networks.inverter.invert(crop, points, recipe=recipe).w_plus, first.w_plus)
    large = np.repeat(np.repeat(crop, 2, 0), 2, 1)
    again = networks.inverter.invert(large, (points + 0.5) * 2.0 - 0.5, recipe=recipe)
    assert torch.allclose(again.w_plus, first.w_plus, atol=1e-2)


def test_it_begins_at_the_first_guess(
    networks: Networks, target: tuple[NDArray[np.float32], NDArray[np.float64]]
) -> None:
    start = torch.randn(512) * 0.5
    inversion = networks.inverter.invert(*target, start, recipe=(InversionStage(64, 1, 1e-6, False),))
    code = networks.generator.latents.unwhiten(start)
    assert torch.allclose(inversion.w_plus, code.expand(23, -1), atol=1e-3)


def test_a_start_with_an_offset_for_each_layer_is_followed_by_fewer_steps() -> None:
    assert recipe_from(None) is recipe_from(torch.zeros(512)) is RECIPE
    assert recipe_from(torch.zeros(24, 512)) is NEAR_RECIPE
    steps = [sum(stage.steps for stage in recipe) for recipe in (RECIPE, NEAR_RECIPE)]
    assert steps == [72, 57]
    assert all(stage.offsets for stage in NEAR_RECIPE)


def test_what_begins_near_goes_on_by_the_recipe_for_that(
    networks: Networks, target: tuple[NDArray[np.float32], NDArray[np.float64]]
) -> None:
    told: list[float] = []
    begun = networks.inverter.begin(
        *target, torch.zeros(24, 512), progress=lambda _stage, share, _left: told.append(share)
    )
    assert len(told) == 1 + NEAR_RECIPE[0].steps
    assert begun.recipe is NEAR_RECIPE


def test_the_person_is_compared_once_the_picture_is_large_enough(
    networks: Networks, target: tuple[NDArray[np.float32], NDArray[np.float64]]
) -> None:
    small = networks.inverter.invert(*target, recipe=(InversionStage(64, 1, 0.05, True),))
    large = networks.inverter.invert(*target, recipe=(InversionStage(128, 1, 0.05, True),))
    assert small.distance == float("inf")
    assert 0.2 < large.distance < 1.5
    assert max(stage.resolution for stage in RECIPE) >= 128


@pytest.mark.parametrize("steps", [0, 3])
def test_it_stops_within_a_step(
    steps: int, networks: Networks, target: tuple[NDArray[np.float32], NDArray[np.float64]]
) -> None:
    cancel = threading.Event()
    updates: list[float] = []

    def progress(_stage: str, fraction: float, _remaining: float | None) -> None:
        updates.append(fraction)
        if len(updates) > steps:
            cancel.set()

    inverter = Inverter(networks.generator, networks.recognizer.network)
    with pytest.raises(Cancelled):
        inverter.invert(*target, recipe=RECIPE, progress=progress, cancel=cancel)
    assert len(updates) == steps + 1


def test_an_inversion_that_was_begun_goes_on_to_the_same_code(
    networks: Networks, target: tuple[NDArray[np.float32], NDArray[np.float64]]
) -> None:
    recipe = (*_SHORT, InversionStage(128, 3, 0.06, True))
    start = torch.randn(512) * 0.5
    told: list[float] = []

    def progress(_stage: str, fraction: float, _remaining: float | None) -> None:
        told.append(fraction)

    whole = networks.inverter.invert(*target, start, recipe=recipe)
    begun = networks.inverter.begin(*target, start, recipe=recipe, progress=progress)
    assert told[-1] == pytest.approx(12 / 18)
    assert torch.equal(begun.w_plus, networks.inverter.invert(*target, start, recipe=_SHORT).w_plus)
    gone_on = networks.inverter.invert(*target, begun, recipe=recipe, progress=progress)
    assert torch.equal(gone_on.w_plus, whole.w_plus)
    assert (gone_on.loss, gone_on.distance) == (whole.loss, whole.distance)
    assert told == sorted(told)
    assert told[-1] == 1.0
