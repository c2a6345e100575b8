"""The sliders: each moves what it names by what it was asked, and little else."""

import math

import pytest
import torch

from pipeline.appearance import APPEARANCE, appearance
from pipeline.attributes import geometric
from pipeline.edits import moved
from pipeline.latent_network import by_octave
from pipeline.networks import Networks
from pipeline.taste.judgement import Joined
from retouchml.sliders import BY_NAME, EDITS, LatentStep, Slider
from stylegan2.generator import Generator, as_picture

LATENT = tuple(slider for slider in EDITS if slider.latent is not None)


@pytest.fixture(scope="module")
def face(generator: Generator) -> torch.Tensor:
    """A generated face's code [23, 512]."""
    torch.manual_seed(21)
    return generator.map(torch.randn(1, 512), truncation_psi=0.6)[0]


def step(edit: Slider) -> LatentStep:
    """What an expression slider asks of the latent space."""
    assert edit.latent is not None
    return edit.latent


def attributes(networks: Networks, w_plus: torch.Tensor) -> dict[str, float]:
    """What the networks of attributes and appearance say of a code, in standard deviations."""
    v = networks.generator.latents.whiten(w_plus)[None]
    applier = networks.edit_applier
    network = Joined((applier.attributes, applier.appearance))
    values = network(by_octave(v, networks.generator.layers))[0]
    return dict(zip(network.outputs, values.tolist(), strict=True))


def test_there_are_the_sliders_that_were_promised() -> None:
    names = [edit.name for edit in LATENT]
    assert {"smile", "age", "yaw", "eyes", "mouth"} <= set(names)
    assert len(set(names)) == len(names)
    assert all((edit.low, edit.high) == (-1.0, 1.0) and edit.help for edit in LATENT)


def test_the_attribute_network_knows_what_each_slider_moves_and_releases(networks: Networks) -> None:
    for edit in LATENT:
        outputs = set(networks.edit_applier.measured_by(step(edit)).outputs)
        assert {step(edit).attribute, *step(edit).released} <= outputs
        assert step(edit).attribute not in step(edit).released


@pytest.mark.parametrize("edit", LATENT, ids=lambda edit: edit.name)
@pytest.mark.parametrize("value", [-1.0, 0.5])
def test_a_slider_moves_its_attribute_as_far_as_asked_and_holds_the_others(
    edit: Slider, value: float, networks: Networks, face: torch.Tensor
) -> None:
    before = attributes(networks, face)
    after = attributes(networks, networks.edit_applier.apply(face, {edit.name: value}))
    attribute, expected = step(edit).attribute, value * step(edit).counted
    assert after[attribute] - before[attribute] == pytest.approx(expected, abs=0.12 * abs(expected))
    held = networks.edit_applier.measured_by(step(edit)).outputs
    others = set(held) - {step(edit).attribute, *step(edit).released}
    assert max(abs(after[name] - before[name]) for name in others) < 0.2


def test_layers_out_of_a_slider_s_reach_stay(networks: Networks, face: torch.Tensor) -> None:
    for edit in LATENT:
        edited = networks.edit_applier.apply(face, {edit.name: 1.0})
        for layer in networks.generator.layers:
            change = float((edited[layer.index] - face[layer.index]).abs().max())
            assert (change > 1e-3) == (step(edit).coarsest <= layer.resolution <= step(edit).finest)


def test_the_picture_shows_the_smile(networks: Networks, face: torch.Tensor) -> None:
    measured = []
    for value in (-1.0, 0.0, 1.0):
        code = networks.edit_applier.apply(face, {"smile": value})
        with torch.no_grad():
            picture = as_picture(networks.generator.synthesize(code[None], 512)[0])
        measured.append(geometric(networks.finder.landmarks_in_crop(picture))["smile"])
    assert measured == sorted(measured)
    assert measured[2] - measured[0] > 0.05


def test_the_picture_shows_lighter_and_darker_hair_and_the_skin_stays(
    networks: Networks, face: torch.Tensor
) -> None:
    hair, skin = [], []
    for value in (-1.0, 0.0, 1.0):
        code = networks.edit_applier.apply(face, {"hair_lightness": value})
        with torch.no_grad():
            picture = as_picture(networks.generator.synthesize(code[None], 512)[0])
        seen = appearance(picture, networks.finder.landmarks_in_crop(picture))
        hair.append(seen[APPEARANCE.index("hair_lightness")])
        skin.append(seen[APPEARANCE.index("skin_lightness")])
    assert hair == sorted(hair)
    assert hair[2] - hair[0] > 20.0  # L*
    assert max(skin) - min(skin) < 0.5 * (hair[2] - hair[0])


@pytest.mark.parametrize("name", ["smile", "eyes", "mouth", "brows", "yaw", "pitch", "age"])
def test_the_network_of_hair_does_not_change_what_other_sliders_do(
    name: str, networks: Networks, face: torch.Tensor
) -> None:
    applier = networks.edit_applier
    latent, space = step(BY_NAME[name]), networks.generator.latents
    alone = moved(space.whiten(face), latent, 0.7, applier.attributes, networks.generator)
    assert torch.equal(applier.apply(face, {name: 0.7}), space.unwhiten(alone))


def test_several_sliders_add_up(networks: Networks, face: torch.Tensor) -> None:
    before = attributes(networks, face)
    after = attributes(networks, networks.edit_applier.apply(face, {"smile": 0.5, "yaw": -0.5}))
    sliders = {edit.name: edit for edit in LATENT}
    assert after["smile"] - before["smile"] == pytest.approx(0.5 * step(sliders["smile"]).counted, abs=0.3)
    assert after["yaw"] - before["yaw"] == pytest.approx(-0.5 * step(sliders["yaw"]).counted, abs=0.2)


def test_sliders_at_zero_leave_the_code_alone(networks: Networks, face: torch.Tensor) -> None:
    assert networks.edit_applier.apply(face, {}) is face
    assert networks.edit_applier.apply(face, {"smile": 0.0, "age": 0.0}) is face


def test_sliders_of_the_photograph_s_own_pixels_leave_the_code_alone(
    networks: Networks, face: torch.Tensor
) -> None:
    assert networks.edit_applier.apply(face, {"teeth": 0.5}) is face


def test_steps_in_closed_form_are_those_of_gradients_one_by_one(
    networks: Networks, face: torch.Tensor
) -> None:
    edits = {"smile": 0.6, "age": -0.4}
    expected = networks.generator.latents.whiten(face)
    for name, value in edits.items():
        expected = moved_by_autograd(networks, expected, name, value)
    after = networks.generator.latents.whiten(networks.edit_applier.apply(face, edits))
    assert torch.allclose(after, expected, atol=2e-4)
    assert (after - networks.generator.latents.whiten(face)).abs().max() > 0.05


def moved_by_autograd(networks: Networks, v: torch.Tensor, name: str, value: float) -> torch.Tensor:
    """The plain way of ``EditApplier``: damped Newton steps with one backward pass for each gradient."""
    latent, layers = step(BY_NAME[name]), networks.generator.layers
    network = networks.edit_applier.attributes
    steps = max(1, math.ceil(abs(value * latent.counted) * 3))
    free = torch.tensor([[float(layer.resolution <= latent.finest)] for layer in layers])
    rows = [i for i, each in enumerate(network.outputs) if each not in latent.released]
    row = network.outputs.index(latent.attribute)
    start = network(by_octave(v[None], layers))[0].detach()
    for index in range(1, steps + 1):
        target = start.clone()
        target[row] = start[row] + value * latent.counted * index / steps
        leaf = v.detach().requires_grad_(True)
        values = network(by_octave(leaf[None], layers))[0]
        gradients = [torch.autograd.grad(values[i], leaf, retain_graph=True)[0] * free for i in rows]
        jacobian = torch.stack(gradients).flatten(1)
        gram = jacobian @ jacobian.T
        gram = gram + 1e-3 * gram.diagonal().mean() * torch.eye(len(rows))
        difference = (target - values.detach())[rows]
        v = leaf.detach() + (jacobian.T @ torch.linalg.solve(gram, difference)).reshape(v.shape)
    return v


def test_a_step_takes_one_thread_and_leaves_torch_as_many_as_before(
    networks: Networks, face: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    attributes = networks.edit_applier.attributes
    jacobian, seen = attributes.jacobian, set()

    def seeing(octaves: torch.Tensor) -> torch.Tensor:
        seen.add(torch.get_num_threads())
        return jacobian(octaves)

    monkeypatch.setattr(attributes, "jacobian", seeing)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        networks.edit_applier.apply(face, {"smile": 0.5})
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert seen == {1}
