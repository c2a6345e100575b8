"""Loading: the user's own learned parts before those of the project, and the device."""

from pathlib import Path

import pytest
import torch

from pipeline.latent_network import LatentNetwork, learned_part, load_learned, save_learned, trained_part
from pipeline.networks import Networks, load_networks, pick_device
from retouchml.errors import DeviceError, LatentSpaceMismatch

SPACE = "ffhq-config-f"


@pytest.fixture
def home(real_home: Path, tmp_path: Path) -> Path:
    """The test's own home, with the real models."""
    home = tmp_path / "home"
    (home / "data").mkdir(parents=True)
    (home / "data" / "models").symlink_to(real_home / "data" / "models", target_is_directory=True)
    return home


def save_scorer(space: str) -> LatentNetwork:
    """A scorer of one's own in the data folder, of the latent space ``space`` as it says."""
    torch.manual_seed(3)
    network = LatentNetwork(("rating",), 512)
    torch.nn.init.normal_(network.linear)
    tensors = {f"network.{name}": value for name, value in network.state_dict().items()}
    metadata = {"kind": "scorer", "latent_space": space, "outputs": "rating"}
    save_learned(trained_part("scorer", SPACE), tensors, metadata)
    return network


@pytest.mark.usefixtures("home")
def test_parts_that_the_user_trained_are_used(networks: Networks) -> None:
    scorer = save_scorer(SPACE)
    encoder = load_learned(learned_part("encoder", SPACE), "encoder")
    own = {**encoder.tensors, "bias": encoder.tensors["bias"] + 1.0}
    save_learned(trained_part("encoder", SPACE), own, encoder.metadata)
    loaded = load_networks("ffhq-mobile", "cpu")
    assert torch.equal(loaded.beautifier._scorer.linear, scorer.linear)
    assert loaded.beautifier.identity != networks.beautifier.identity  # kept paths are not mixed up
    assert loaded.encoder is not None
    assert torch.equal(loaded.encoder.bias, own["bias"])
    shipped = networks.edit_applier.attributes.state_dict()
    assert all(torch.equal(shipped[n], t) for n, t in loaded.edit_applier.attributes.state_dict().items())


@pytest.mark.usefixtures("home")
def test_a_trained_part_of_another_latent_space_is_refused() -> None:
    save_scorer("w-0123")
    with pytest.raises(LatentSpaceMismatch, match=r"w-0123.*ffhq-config-f") as refused:
        load_networks("ffhq-mobile", "cpu")
    assert "retouchml train scorer --model ffhq-mobile" in refused.value.advice


@pytest.mark.parametrize("device", ["nonsense", "meta", "cuda:99", ""])
def test_a_device_that_is_not_there_is_refused(device: str) -> None:
    with pytest.raises(DeviceError) as refused:
        pick_device(device)
    assert refused.value.advice
