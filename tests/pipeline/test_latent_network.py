"""Learned functions of the latent code: their arithmetic, their files, and whom they belong to."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from pipeline.latent_network import (
    OCTAVES,
    LatentNetwork,
    by_octave,
    learned_part,
    load_learned,
    load_network,
    save_learned,
    trained_part,
    weights_folder,
)
from pipeline.networks import Networks
from pipeline.rating_network import load_scorer
from retouchml import paths
from retouchml.errors import LatentSpaceMismatch, ModelCorrupt, ModelMissing
from stylegan2.generator import StyleLayer
from stylegan2.latents import LatentSpace
from stylegan2.mobile.generator import style_layers

_WIDTH = 6


@dataclass
class StandInGenerator:
    """As much of a generator as a learned part asks for."""

    name: str
    latents: LatentSpace
    device: torch.device


@pytest.fixture
def generator() -> StandInGenerator:
    eye, zero = torch.eye(_WIDTH), torch.zeros(_WIDTH)
    return StandInGenerator("stand-in", LatentSpace("space", zero, zero, eye, eye), torch.device("cpu"))


def random_network(outputs: tuple[str, ...] = ("a", "b")) -> LatentNetwork:
    torch.manual_seed(1)
    network = LatentNetwork(outputs, _WIDTH, hidden=4).requires_grad_(False)
    for value in network.state_dict().values():
        value.copy_(torch.randn_like(value))
    return network


def write(path: Path, **changed: str) -> Path:
    tensors = {f"network.{name}": value for name, value in random_network().state_dict().items()}
    save_learned(path, tensors, {"kind": "edits", "latent_space": "space", "outputs": "a,b"} | changed)
    return path


def test_the_network_is_a_linear_part_and_a_hidden_layer_on_each_output_s_own_mixture() -> None:
    network = random_network()
    octaves = torch.randn(3, OCTAVES, _WIDTH)
    outputs = network(octaves)
    weights = network.octave_weights()
    assert torch.allclose(weights.sum(1), torch.ones(2))
    for n in range(3):
        for k in range(2):
            mixed = torch.stack([weights[k, o] * octaves[n, o] for o in range(OCTAVES)]).sum(0)
            hidden = torch.tanh(network.hidden_weight @ mixed + network.hidden_bias)
            expected = mixed @ network.linear[k] + hidden @ network.readout[k] + network.bias[k]
            assert float(outputs[n, k]) == pytest.approx(float(expected), abs=1e-4)
    assert torch.allclose(network.values(octaves), outputs * network.deviation + network.mean)


def test_octaves_are_the_means_of_their_layers() -> None:
    layers = style_layers()
    v_plus = torch.randn(2, len(layers), _WIDTH)
    octaves = by_octave(v_plus, layers)
    assert octaves.shape == (2, OCTAVES, _WIDTH)
    assert torch.allclose(octaves[:, 0], v_plus[:, 0])
    assert torch.allclose(octaves[:, 3], v_plus[:, 7:10].mean(1))
    assert torch.allclose(octaves[:, 8], v_plus[:, 22])


def test_an_octave_without_layers_takes_the_one_below() -> None:
    layers = [StyleLayer(0, 4, "conv"), StyleLayer(1, 16, "conv")]
    octaves = by_octave(torch.tensor([[[1.0], [2.0]]]), layers)
    assert octaves[0, :, 0].tolist() == [1.0, 1.0, *[2.0] * 7]


def test_one_code_for_all_layers_has_the_same_value_whatever_layers_a_generator_has() -> None:
    network = random_network()
    v = torch.randn(1, 1, _WIDTH)
    mobile = by_octave(v.expand(1, 23, -1), style_layers())
    other = by_octave(v.expand(1, 2, -1), [StyleLayer(0, 4, "conv"), StyleLayer(1, 1024, "conv")])
    assert torch.allclose(network(mobile), network(other), atol=1e-5)


def test_a_network_comes_back_from_its_file(generator: StandInGenerator, tmp_path: Path) -> None:
    network, file = load_network(write(tmp_path / "edits.safetensors"), "edits", generator)  # type: ignore[arg-type]
    octaves = torch.randn(2, OCTAVES, _WIDTH)
    assert network.outputs == ("a", "b")
    assert torch.equal(network(octaves), random_network()(octaves))
    assert file.metadata["latent_space"] == "space"
    assert all(not parameter.requires_grad for parameter in network.parameters())


def test_a_part_learned_for_another_latent_space_is_refused(
    generator: StandInGenerator, tmp_path: Path
) -> None:
    path = write(tmp_path / "edits.safetensors")
    other = replace(generator, latents=replace(generator.latents, name="another"))
    with pytest.raises(LatentSpaceMismatch, match=r"space.*another") as refused:
        load_network(path, "edits", other)  # type: ignore[arg-type]
    assert "retouchml train edits --model stand-in" in refused.value.advice


def test_a_part_whose_file_is_written_over_after_loading_stays_as_it_was(tmp_path: Path) -> None:
    path = write(tmp_path / "edits.safetensors")
    tensors = load_learned(path, "edits").tensors
    copies = {name: tensor.clone() for name, tensor in tensors.items()}
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
    assert all(torch.equal(tensors[name], copy) for name, copy in copies.items())


def test_a_missing_part_is_missing_and_says_how_it_is_fitted(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing) as missing:
        load_learned(tmp_path / "scorer.safetensors", "scorer")
    assert "retouchml train scorer" in missing.value.advice


@pytest.mark.parametrize("content", [b"", b"12345678", b"\xff" * 64, b'\x10\0\0\0\0\0\0\0{"a": {}, "b": 5}'])
def test_a_damaged_part_is_corrupt(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "scorer.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelCorrupt, match=r"scorer\.safetensors"):
        load_learned(path, "scorer")


def test_a_part_of_another_kind_or_without_numbers_is_corrupt(tmp_path: Path) -> None:
    with pytest.raises(ModelCorrupt, match="is no scorer"):
        load_learned(write(tmp_path / "edits.safetensors"), "scorer")
    save_file({"x": torch.zeros(1)}, tmp_path / "bare.safetensors")
    with pytest.raises(ModelCorrupt):
        load_learned(tmp_path / "bare.safetensors", "scorer")
    save_learned(tmp_path / "nan.safetensors", {"x": torch.tensor([np.nan])}, {"kind": "scorer"})
    with pytest.raises(ModelCorrupt):
        load_learned(tmp_path / "nan.safetensors", "scorer")


@pytest.mark.parametrize("outputs", ["a", "a,b,c", ""])
def test_a_network_that_does_not_fit_its_outputs_is_corrupt(
    outputs: str, generator: StandInGenerator, tmp_path: Path
) -> None:
    path = write(tmp_path / "edits.safetensors", outputs=outputs)
    with pytest.raises(ModelCorrupt, match="architecture"):
        load_network(path, "edits", generator)  # type: ignore[arg-type]


@pytest.mark.parametrize("space", ["ffhq-config-f", "w-0123", None], ids=["shipped", "own", "none"])
def test_a_part_in_the_data_folder_wins_over_the_shipped_one(space: str | None) -> None:
    shipped = weights_folder() / "scorer.safetensors"
    assert learned_part("scorer", space) == shipped
    trained = trained_part("scorer", space)
    assert trained.is_relative_to(paths.weights_dir())
    write(trained)
    assert learned_part("scorer", space) == trained
    assert learned_part("edits", space) == weights_folder() / "edits.safetensors"


def test_a_part_that_an_earlier_version_trained_is_used() -> None:
    path = write(paths.data_dir() / "learned" / "w-0123" / "scorer.safetensors")
    assert learned_part("scorer", "w-0123") == path
    assert learned_part("scorer", "w-0124") == weights_folder() / "scorer.safetensors"
    write(trained_part("scorer", "w-0123"))
    assert learned_part("scorer", "w-0123") == trained_part("scorer", "w-0123")


def test_writing_a_part_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = write(tmp_path / "new" / "edits.safetensors")
    write(path)
    assert [entry.name for entry in path.parent.iterdir()] == ["edits.safetensors"]


def test_the_project_s_own_parts_fit_the_default_generator(networks: Networks) -> None:
    scorer = load_scorer(weights_folder() / "scorer.safetensors", networks.generator)
    assert set(scorer.outputs) == {"rating"}
    edits, _ = load_network(weights_folder() / "edits.safetensors", "edits", networks.generator)
    assert {"smile", "age", "yaw", "eyes_open", "mouth_open"} <= set(edits.outputs)
    assert networks.encoder is not None


def test_the_project_s_own_parts_are_small_and_hold_no_person_s_descriptor() -> None:
    files = sorted(weights_folder().glob("*.safetensors"))
    assert len(files) == 8
    assert all(file.stat().st_size < 5_200_000 for file in files)


def test_the_scorer_rates_better_what_its_gradient_leads_to(networks: Networks) -> None:
    network = load_scorer(weights_folder() / "scorer.safetensors", networks.generator)
    torch.manual_seed(2)
    octaves = torch.randn(8, 1, 512).expand(-1, OCTAVES, -1).clone().requires_grad_(True)
    before = network.values(octaves)
    (gradient,) = torch.autograd.grad(before.sum(), octaves)
    after = network.values(octaves + 0.5 * gradient / gradient.norm(dim=(1, 2), keepdim=True))
    assert bool((after > before).all())
    assert 1.0 < float(before.detach().mean()) < 5.0


def test_the_jacobian_in_closed_form_is_that_of_autograd() -> None:
    network = random_network(("a", "b", "c"))
    octaves = torch.randn(OCTAVES, _WIDTH, generator=torch.Generator().manual_seed(3))
    leaf = octaves.clone().requires_grad_(True)
    values = network(leaf[None])[0]
    expected = torch.stack([torch.autograd.grad(value, leaf, retain_graph=True)[0] for value in values])
    assert network.jacobian(octaves).shape == (3, OCTAVES, _WIDTH)
    assert torch.allclose(network.jacobian(octaves), expected, atol=1e-6)
