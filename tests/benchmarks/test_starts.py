"""``benchmarks.starts``: inversions of few steps, from starts of several qualities."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.starts import Outcome, Starts, Subject, decibels, small_steps, squeezed, table, towards
from pipeline.invert import RECIPE, Inversion, InversionStage, Inverter, recipe_from
from pipeline.networks import Networks
from stylegan2.generator import as_picture
from tests.pipeline.synthetic_faces import landmarks


@pytest.mark.parametrize("steps", [0, 1, 6, 12, 20])
def test_squeezed_stages_have_so_many_steps_and_the_recipes_rates(steps: int) -> None:
    stages = squeezed(steps)
    assert sum(stage.steps for stage in stages) == steps
    assert all(stage.steps > 0 for stage in stages)
    assert {stage.rate for stage in stages} <= {stage.rate for stage in RECIPE[:2]}


def test_squeezing_nothing_is_the_recipe() -> None:
    assert squeezed(small_steps(None)) == tuple(stage for stage in RECIPE if stage.resolution == 64)


def test_a_better_start_lies_on_the_way_to_the_code_that_was_found() -> None:
    guess, found = torch.randn(8), torch.randn(5, 8)
    near, halfway, there = (towards(guess, found, share) for share in (0.0, 0.5, 1.0))
    assert torch.allclose(near[0] + near[1:], guess.expand(5, 8), atol=1e-6)
    assert torch.allclose(halfway[0] + halfway[1:], (guess + found) / 2.0, atol=1e-6)
    assert torch.allclose(there[0] + there[1:], found, atol=1e-6)
    assert torch.allclose(there[1:].mean(0), torch.zeros(8), atol=1e-6)


def test_likeness_is_that_of_the_face_more_than_of_what_is_around_it() -> None:
    points = landmarks()
    crop = np.full((256, 256, 3), 0.5, np.float32)
    middle = points.mean(0).round().astype(int)
    in_face, in_corner = (torch.zeros(1, 3, 256, 256) for _ in range(2))
    in_face[:, :, middle[1] - 8 : middle[1] + 8, middle[0] - 8 : middle[0] + 8] = 1.0
    in_corner[:, :, :16, :16] = 1.0
    subject = Subject(crop, points)
    assert decibels(torch.full((1, 3, 256, 256), 0.2), subject) == pytest.approx(20.0, abs=0.01)
    assert decibels(in_corner, subject) - decibels(in_face, subject) == pytest.approx(8.24, abs=0.1)


class RecordingInverter(Inverter):
    """An inverter that finds one code, and notes from where and how it was asked to look."""

    def __init__(self, found: Tensor) -> None:
        self.found = found
        self.calls: list[tuple[Tensor, Sequence[InversionStage]]] = []

    def invert(  # type: ignore[override]
        self,
        crop: NDArray[np.float32],
        landmarks: NDArray[np.float64],
        start: Tensor,
        *,
        recipe: Sequence[InversionStage] | None = None,
    ) -> Inversion:
        """The same code always."""
        self.calls.append((start, recipe or recipe_from(start)))
        return Inversion(self.found, 0.0, 0.5)


def test_every_start_is_followed_for_so_many_steps_and_the_best_one_is_nearest_at_once(
    networks: Networks,
) -> None:
    generator = networks.generator
    torch.manual_seed(31)
    w_plus = generator.map(torch.randn(1, 512), truncation_psi=0.7)
    with torch.no_grad():
        crop = as_picture(generator.synthesize(w_plus, 256)[0])
    inverter = RecordingInverter(w_plus[0])
    subject = Subject(crop, networks.finder.landmarks_in_crop(crop))
    outcomes = Starts(replace(networks, inverter=inverter), [0, 6], [12]).outcomes(subject)
    steps = [sum(stage.steps for stage in recipe) for _, recipe in inverter.calls]
    assert steps == [20 + 37] + 6 * [6, 12 + 37]
    at_once = {outcome.start: outcome.decibels for outcome in outcomes if outcome.steps == 0}
    assert list(at_once) == ["mean", "ridge", "encoder", "25% nearer", "50% nearer", "75% nearer"]
    names = ("75% nearer", "50% nearer", "encoder", "ridge", "mean")
    nearness = [at_once[name] for name in names]
    assert nearness == sorted(nearness, reverse=True)


def test_the_table_has_the_mean_over_faces_and_no_distance_where_none_was_measured() -> None:
    rows = [
        Outcome("mean", 6, False, 17.0, float("inf")),
        Outcome("mean", 6, False, 18.0, float("inf")),
        Outcome("mean", 6, True, 21.0, 0.25),
    ]
    lines = table(rows).splitlines()
    assert lines[1].split() == ["mean", "6", "17.50", "2"]
    assert lines[2].split() == ["mean", "6", "+", "37", "21.00", "0.250", "1"]
