"""Judgements of one's own: as exact as their plain reference, kept in files, applied like other sliders."""

from pathlib import Path

import pytest
import torch

from pipeline.edits import moved
from pipeline.latent_network import LatentNetwork, by_octave, fingerprint, save_learned
from pipeline.taste.judgement import (
    Joined,
    Judgement,
    OwnSliders,
    facts_of,
    load_judgement,
    own_scorer,
    tensors_of,
)
from retouchml import own_parts
from retouchml.errors import LatentSpaceMismatch, ModelCorrupt, UsageError
from retouchml.own_parts import SCORERS, SLIDERS, Kind
from retouchml.sliders import LatentStep
from tests.pipeline.training.stand_ins import WIDTH, SmallGenerator

SPACE = SmallGenerator().latents.name


def network(*outputs: str) -> LatentNetwork:
    """A network with weights of all kinds."""
    torch.manual_seed(len(outputs))
    made = LatentNetwork(outputs, WIDTH, 6)
    for parameter in made.parameters():
        parameter.data = 0.4 * torch.randn_like(parameter)
    return made.eval().requires_grad_(False)


def judgement(name: str = "round") -> Judgement:
    """One that looks at two shared features and at the code."""
    torch.manual_seed(9)
    made = Judgement(name, network("a", "b"))
    made.weights.copy_(torch.tensor([0.8, -0.5]))
    made.linear.copy_(0.3 * torch.randn(WIDTH))
    return made.requires_grad_(False)


def write(kind: Kind, name: str = "round", space: str = SPACE, facts: dict[str, str] | None = None) -> Path:
    """A file of the user's own."""
    path = own_parts.place(kind, space, name)
    made = judgement(name)
    save_learned(path, tensors_of(made), {**facts_of(made, kind, space), **(facts or {})})
    return path


def test_the_gradient_is_that_of_automatic_differentiation() -> None:
    made, octaves = judgement(), torch.randn(9, WIDTH)
    variable = octaves.clone().requires_grad_(True)
    (reference,) = torch.autograd.grad(made(variable[None])[0, 0], variable)
    assert torch.allclose(made.jacobian(octaves)[0], reference, atol=1e-5)


def test_standardized_outputs_have_mean_0_and_deviation_1() -> None:
    made, octaves = judgement(), torch.randn(500, 9, WIDTH)
    before = made(octaves)
    made.standardize(octaves)
    after = made(octaves)
    assert float(after.mean()) == pytest.approx(0.0, abs=1e-4)
    assert float(after.std()) == pytest.approx(1.0, abs=1e-4)
    assert float(torch.corrcoef(torch.cat([before, after], 1).T)[0, 1]) == pytest.approx(1.0, abs=1e-5)


def test_a_file_gives_back_what_was_saved() -> None:
    path = write(SCORERS, "mine")
    loaded = load_judgement(path, SCORERS, SmallGenerator())
    octaves = torch.randn(20, 9, WIDTH)
    assert torch.allclose(loaded(octaves), judgement("mine")(octaves), atol=0.01)  # float16
    assert loaded.outputs == ("mine",)
    assert fingerprint(loaded) != fingerprint(judgement("other"))


def test_a_damaged_slider_troubles_nobody_who_does_not_set_it() -> None:
    whole = write(SLIDERS, "round")
    damaged = write(SLIDERS, "damaged")
    damaged.write_bytes(damaged.read_bytes()[:-50])
    moved_space = write(SLIDERS, "moved", space="w-other")
    elsewhere = own_parts.place(SLIDERS, SPACE, "moved")
    elsewhere.write_bytes(moved_space.read_bytes())
    sliders = OwnSliders(SmallGenerator())
    assert set(sliders) == {"round", "damaged", "moved"}
    assert sliders["round"].outputs == (whole.stem,)
    with pytest.raises(ModelCorrupt):
        sliders["damaged"]
    with pytest.raises(LatentSpaceMismatch):
        sliders["moved"]


def test_only_files_of_the_generators_space_are_used() -> None:
    write(SLIDERS, "round")
    write(SLIDERS, "other", space="w-other")
    assert set(OwnSliders(SmallGenerator())) == {"round"}
    write(SCORERS, "mine", space="w-other")
    with pytest.raises(LatentSpaceMismatch, match="mine"):
        own_scorer("mine", SmallGenerator())
    with pytest.raises(UsageError, match="no scorer called nobodys"):
        own_scorer("nobodys", SmallGenerator())


@pytest.mark.parametrize(
    "facts", [{"version": "2"}, {"shared": "a"}, {"shared": "a,b,c"}, {"kind": "sliders"}]
)
def test_a_file_that_does_not_fit_is_named(facts: dict[str, str]) -> None:
    path = write(SCORERS, "mine", facts=facts)
    with pytest.raises(ModelCorrupt, match="mine"):
        load_judgement(path, SCORERS, SmallGenerator())


@pytest.mark.parametrize("value", [-1.0, 0.5, 1.0])
def test_a_slider_moves_its_own_output_and_holds_the_measured_ones(value: float) -> None:
    generator = SmallGenerator()
    joined = Joined((network("smile", "age", "yaw"), judgement("round")))
    step = LatentStep("round", 1.5, 1024, ("yaw",))
    v = torch.randn(generator.num_layers, WIDTH)
    before = joined(by_octave(v[None], generator.layers))[0]
    change = joined(by_octave(moved(v, step, value, joined, generator)[None], generator.layers))[0] - before
    assert joined.outputs == ("smile", "age", "yaw", "round")
    assert float(change[3]) == pytest.approx(1.5 * value, abs=0.1)
    assert change[:2].abs().max() < 0.1
