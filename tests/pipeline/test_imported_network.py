"""A network of the user's own through the whole pipeline: random weights, 256 pixels."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pipeline.latent_network import LatentNetwork, save_learned, trained_part
from pipeline.retoucher import Retoucher
from pipeline.training.labelled import ATTRIBUTES
from retouchml import Look
from retouchml.errors import LatentSpaceMismatch
from stylegan2 import importing
from stylegan2.formats import own
from stylegan2.formats.network_file import NetworkFile, expected_shapes
from stylegan2.latents import measure_latent_space
from stylegan2.networks.mapping import Mapping
from stylegan2.networks.spec import GeneratorSpec, MappingSpec, SynthesisSpec
from tests.conftest import at_home

_WIDTH = 32
_FEW = 8  # features
_OCTAVES = 7


@pytest.fixture
def home(real_home: Path, tmp_path: Path) -> Path:
    """A home with the real models and room for one more."""
    home = tmp_path / "own"
    (home / "data" / "models").mkdir(parents=True)
    for model in (real_home / "data" / "models").iterdir():
        (home / "data" / "models" / model.name).symlink_to(model)
    return home


def random_network(octaves: int) -> NetworkFile:
    """A network of side 4 · 2^(octaves - 1) whose weights are noise."""
    torch.manual_seed(octaves)
    spec = GeneratorSpec(MappingSpec(_WIDTH, (_WIDTH,) * 2), SynthesisSpec(_WIDTH, (_FEW,) * octaves))
    tensors = {name: torch.randn(shape) for name, shape in expected_shapes(spec, None).items()}
    for name, tensor in tensors.items():
        if name.startswith("mapping.layers") and name.endswith("weight"):
            tensor *= 100.0  # undoes the learning rate's multiplier, as training does
        if name.endswith("affine.bias"):
            tensor.fill_(1.0)
        if name.endswith("to_image.weight"):
            tensor *= 0.2
    return NetworkFile("test", spec, None, {**tensors, "mean": torch.zeros(_WIDTH)})


def import_random(folder: Path, octaves: int) -> str:
    """Import such a network as "mine"; returns its latent space."""
    network = random_network(octaves)
    mapping = Mapping(network.generator.mapping)
    mapping.load_state_dict(network.below("mapping."))
    own.write(folder / "made.safetensors", own.OwnFile(network, measure_latent_space(mapping)))
    return importing.import_network(folder / "made.safetensors", "mine").space


def save_parts(space: str) -> None:
    """A scorer and edits that know nothing, for that latent space."""
    for kind, outputs in (("scorer", ("rating",)), ("edits", ATTRIBUTES)):
        network = LatentNetwork(outputs, _WIDTH)
        torch.nn.init.normal_(network.linear, std=0.3)
        state = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
        metadata = {"kind": kind, "latent_space": space, "outputs": ",".join(outputs)}
        save_learned(trained_part(kind, space), state, metadata)


def test_a_network_of_noise_retouches_without_harm(
    home: Path, portrait: NDArray[np.uint8], tmp_path: Path
) -> None:
    with at_home(home):
        save_parts(import_random(tmp_path, _OCTAVES))
        retoucher = Retoucher(model="mine", device="cpu", cache=False)
        assert retoucher.networks.generator.resolution == 4 << (_OCTAVES - 1)
        photo = retoucher.open(portrait)
        patches = photo.render({0: Look(strength=0.5, edits={"smile": 0.5})})
        result = photo.apply(patches)
        report = photo.report(patches)
    assert len(patches) == len(report) == 1
    x, y, width, height = patches[0].box
    outside = np.ones(portrait.shape[:2], bool)
    outside[y : y + height, x : x + width] = False
    assert (result[outside] == portrait[outside]).all()
    assert (result != portrait).any()


def test_without_learned_parts_the_training_command_is_named(home: Path, tmp_path: Path) -> None:
    with at_home(home):
        space = import_random(tmp_path, 4)
        with pytest.raises(LatentSpaceMismatch) as refused:
            Retoucher(model="mine", device="cpu")
    assert space in refused.value.message
    assert "ffhq-config-f" in refused.value.message
    assert "retouchml train scorer --model mine" in refused.value.advice
