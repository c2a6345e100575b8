"""Checkpoints of rosinality/stylegan2-pytorch: what the reference files lack."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from stylegan2.loading import read_network
from stylegan2.networks.discriminator import Discriminator
from stylegan2.networks.spec import DiscriminatorSpec
from tests.stylegan2.formats.hostile_files import DATA


def rosinality_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A discriminator of 16 px in the names of rosinality's checkpoints."""
    named = {"convs.0.0.weight": state["from_image.16.weight"], "convs.0.1.bias": state["from_image.16.bias"]}
    for number, side in ((1, 16), (2, 8)):
        named[f"convs.{number}.conv1.0.weight"] = state[f"blocks.{side}.conv0.weight"]
        named[f"convs.{number}.conv1.1.bias"] = state[f"blocks.{side}.conv0.bias"]
        named[f"convs.{number}.conv2.1.weight"] = state[f"blocks.{side}.conv1.weight"]
        named[f"convs.{number}.conv2.2.bias"] = state[f"blocks.{side}.conv1.bias"]
        named[f"convs.{number}.skip.1.weight"] = state[f"blocks.{side}.skip.weight"]
    named |= {"final_conv.0.weight": state["conv.weight"], "final_conv.1.bias": state["conv.bias"]}
    for number, part in enumerate(("dense", "output")):
        named |= {f"final_linear.{number}.{kind}": state[f"{part}.{kind}"] for kind in ("weight", "bias")}
    return named


@pytest.mark.parametrize("zipped", [True, False])
def test_a_training_checkpoint_gives_its_discriminator(zipped: bool, tmp_path: Path) -> None:
    judge = Discriminator(DiscriminatorSpec((8, 6, 4), dense=8))
    for tensor in judge.parameters():
        torch.nn.init.normal_(tensor)
    state = {name: tensor.detach() for name, tensor in judge.state_dict().items()}
    original = torch.load(DATA / "tf32_skip_as_rosinality.pt", weights_only=True)
    path = tmp_path / "a checkpoint without a suffix"
    torch.save({**original, "d": rosinality_names(state)}, path, _use_new_zipfile_serialization=zipped)
    network = read_network(path)
    assert network.discriminator is not None
    assert (network.discriminator.channels, network.discriminator.architecture) == ((8, 6, 4), "resnet")
    tensors = network.below("discriminator.")
    assert tensors.keys() == state.keys()
    assert all(torch.equal(tensors[name], state[name]) for name in state)
