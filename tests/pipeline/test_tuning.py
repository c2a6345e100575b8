"""Tuning the generator to a face: it comes nearer, keeps what sliders do, and stops within a step."""

import copy
import threading

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline import tuning as tuning_module
from pipeline.edits import EditApplier
from pipeline.networks import Networks
from pipeline.tuning import RECIPE, Tuner, Tuning, TuningStage, recipe_for
from retouchml.errors import Cancelled
from stylegan2.generator import as_picture
from stylegan2.mobile.generator import MobileGenerator
from tests.pipeline.constant_people import people_of

Face = tuple[NDArray[np.float32], NDArray[np.float64], Tensor]
_SHORT = (TuningStage(256, 6),)


@pytest.fixture(scope="module")
def face(networks: Networks) -> Face:
    """A generated face [256, 256, 3] in other light, its landmarks, and its code."""
    torch.manual_seed(31)
    w_plus = networks.generator.map(torch.randn(1, 512), truncation_psi=0.7)
    with torch.no_grad():
        picture = as_picture(networks.generator.synthesize(w_plus, 256)[0])
    points = networks.finder.landmarks_in_crop(picture)
    return np.asarray(0.8 * picture**1.1, np.float32), points, w_plus[0]


def untuned(networks: Networks, w_plus: Tensor) -> NDArray[np.float32]:
    with torch.no_grad():
        return as_picture(networks.generator.synthesize(w_plus[None], 256)[0])


def tuner_of(networks: Networks) -> Tuner:
    assert networks.tuner is not None
    return networks.tuner


def tuned(tuner: Tuner, face: Face, *steps: TuningStage) -> Tuning:
    return tuner.finish(tuner.begin(*face, recipe=steps))


def test_the_picture_comes_nearer_to_the_crop(networks: Networks, face: Face) -> None:
    crop, points, w_plus = face
    tuner, updates = tuner_of(networks), list[tuple[str, float, float | None]]()
    run = tuner.begin(crop, points, w_plus, recipe=_SHORT)
    tuning = tuner.finish(run, progress=lambda *report: updates.append(report))

    def error(picture: NDArray[np.float32]) -> float:
        return float(np.square(picture - crop)[60:230, 60:196].mean())

    before = error(untuned(networks, w_plus))
    assert error(tuner.network(tuning).render(w_plus, 256)) < 0.5 * before
    assert tuning.psnr > -10.0 * np.log10(before)
    assert [stage for stage, _, _ in updates] == ["tune"] * 6
    assert updates[-1][1] == 1.0
    assert all(change.dtype == torch.float16 for change in tuning.changes.values())


def test_pictures_beside_the_pivot_are_drawn_to_the_crop_plus_what_a_slider_changes(
    networks: Networks, face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    crop, points, w_plus = face
    tuner = tuner_of(networks)
    older = networks.edit_applier.apply(w_plus, {"age": 1.0})
    code, (finest, *_) = tuner.begin(crop, points, w_plus)._moved[0]
    assert torch.equal(code, older)
    change = untuned(networks, older) - untuned(networks, w_plus)
    target = finest.target[0].permute(1, 2, 0).numpy() * 0.5 + 0.5
    assert np.abs(target - (crop + change)).mean() < 0.02  # pictures are clipped
    assert float(finest.weight[0, 0, 128, 128]) == pytest.approx(1.0)
    assert float(finest.weight[0, 0, 2, 2]) < 0.01
    with_moves = tuned(tuner, face, TuningStage(256, 2))
    monkeypatch.setattr(tuning_module, "_MOVED_WEIGHT", 0.0)
    without = tuned(tuner, face, TuningStage(256, 2))
    assert any(not torch.equal(with_moves.changes[name], without.changes[name]) for name in without.changes)


def test_the_generator_itself_stays(networks: Networks, face: Face) -> None:
    before = {name: value.clone() for name, value in networks.generator.network.state_dict().items()}  # type: ignore[attr-defined]
    tuned(tuner_of(networks), face, TuningStage(256, 1))
    after = networks.generator.network.state_dict()  # type: ignore[attr-defined]
    assert all(torch.equal(value, after[name]) for name, value in before.items())


@pytest.mark.parametrize("after", [1, 3])
def test_one_that_is_cancelled_goes_on_where_it_was_and_ends_as_if_it_had_not_been(
    after: int, networks: Networks, face: Face
) -> None:
    cancel, told = threading.Event(), list[float]()

    def progress(stage: str, fraction: float, remaining: float | None) -> None:
        told.append(fraction)
        if len(told) == after:
            cancel.set()

    stages = TuningStage(256, 2), TuningStage(512, 2)
    tuner = tuner_of(networks)
    run = tuner.begin(*face, recipe=stages)
    with pytest.raises(Cancelled):
        tuner.finish(run, progress=progress, cancel=cancel)
    assert run.done == after
    tuning = tuner.finish(run, progress=progress)
    assert told == [0.25, 0.5, 0.75, 1.0]
    whole = tuned(tuner, face, *stages)
    assert tuning.psnr == whole.psnr
    assert all(torch.equal(change, whole.changes[name]) for name, change in tuning.changes.items())


def test_a_step_that_is_cancelled_between_its_two_images_is_done_anew(networks: Networks, face: Face) -> None:
    class CancelledBetween:
        asked = 0

        def is_set(self) -> bool:
            self.asked += 1
            return self.asked == 2

    tuner, stage = tuner_of(networks), TuningStage(256, 2)
    run = tuner.begin(*face, recipe=(stage,))
    with pytest.raises(Cancelled):
        tuner.finish(run, cancel=CancelledBetween())
    assert run.done == 0
    tuning, whole = tuner.finish(run), tuned(tuner, face, stage)
    assert all(torch.equal(change, whole.changes[name]) for name, change in tuning.changes.items())


def test_a_small_crop_needs_no_steps_for_detail_that_it_does_not_have() -> None:
    assert recipe_for(1024) == recipe_for(320) == RECIPE
    assert recipe_for(256) == RECIPE[:1]


def test_only_the_default_generator_can_be_tuned(networks: Networks) -> None:
    class Other:
        pass

    assert Tuner.of(Other(), networks.recognizer.network, networks.edit_applier) is None  # type: ignore[arg-type]


def test_weights_that_were_tuned_with_other_directions_of_the_sliders_are_not_used(
    networks: Networks,
) -> None:
    tuner, edits = tuner_of(networks), networks.edit_applier
    other = copy.deepcopy(edits.attributes)
    next(iter(other.state_dict().values())).add_(0.01)
    others = Tuner.of(networks.generator, networks.recognizer.network, EditApplier(networks.generator, other))
    assert others is not None
    assert others.identity != tuner.identity
    assert tuner.identity == tuner_of(networks).identity


def test_weights_that_were_tuned_with_a_head_by_colours_are_not_used_where_the_network_bounds_it(
    networks: Networks,
) -> None:
    parts = networks.generator, networks.recognizer.network, networks.edit_applier
    people = people_of(np.ones((256, 256), np.float32))
    by_colours, bounded = Tuner.of(*parts), Tuner.of(*parts, people)
    assert by_colours is not None
    assert bounded is not None
    assert by_colours.identity != bounded.identity


def test_weights_that_were_tuned_in_other_numbers_are_not_used(
    networks: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuner, identities = tuner_of(networks), set[str]()
    for is_short in (False, True):
        monkeypatch.setattr(MobileGenerator, "has_short_numbers", is_short)
        identities.add(tuner.identity)
    assert len(identities) == 2
