"""The network that brings the encoder's guess nearer."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.encoder import CHIP, Encoder
from pipeline.encoder_network import (
    OCTAVES_SEEN,
    SIDE,
    EncoderNetwork,
    add_changes,
    as_input,
    w_plus_of,
    without_offsets,
)
from pipeline.latent_network import save_learned
from retouchml.errors import ModelCorrupt
from tests.pipeline.training.stand_ins import WIDTH, SmallGenerator

FEATURES = 3 * CHIP * CHIP + 264


def encoder(network: EncoderNetwork | None) -> Encoder:
    """One whose regression says the same of all faces."""
    return Encoder(torch.zeros(FEATURES, WIDTH), torch.arange(float(WIDTH)), WIDTH, network)


def test_before_any_training_a_guess_stays_as_it_is() -> None:
    generator, guess = SmallGenerator(), torch.arange(float(WIDTH))
    crop = np.zeros((300, 300, 3), np.float32)
    code = encoder(EncoderNetwork(WIDTH).eval()).refined(guess, crop, generator)
    assert code.shape == (1 + generator.num_layers, WIDTH)
    assert torch.equal(code[0], guess)
    assert not code[1:].any()
    assert torch.equal(encoder(None).refined(guess, crop, generator), guess)


def test_each_octave_gets_its_change_and_what_64_px_do_not_show_the_mean_of_all() -> None:
    generator = SmallGenerator()  # a layer for each octave
    changes = torch.zeros(1, OCTAVES_SEEN, 2)
    changes[0, :, 1] = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0])
    codes = add_changes(without_offsets(torch.zeros(1, WIDTH), 9), changes, generator.layers)
    layers = (codes[:, :1] + codes[:, 1:])[0]
    assert layers[:, -1].tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 3.0, 3.0, 3.0, 3.0]
    assert not layers[:, :-1].any()
    assert torch.allclose(w_plus_of(codes, generator)[0], generator.latents.unwhiten(layers))


def test_the_second_pass_sees_what_the_first_one_led_to() -> None:
    generator, network = SmallGenerator(), EncoderNetwork(WIDTH).eval()
    seen = []

    def change(photos: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        seen.append(float(images.mean()))
        return torch.full((1, OCTAVES_SEEN, WIDTH), 0.5)

    network.forward = change  # type: ignore[method-assign]
    encoder(network).refined(torch.zeros(WIDTH), np.zeros((64, 64, 3), np.float32), generator)
    assert len(seen) == 2
    assert seen[0] != seen[1]


def test_a_crop_becomes_a_small_picture_of_both_signs() -> None:
    crop = np.zeros((256, 256, 3), np.float32)
    crop[:, 128:, 0] = 1.0
    small = as_input(crop)
    assert small.shape == (1, 3, SIDE, SIDE)
    assert small[0, 0, 5].tolist() == [-1.0] * 32 + [1.0] * 32
    assert (small[0, 1:] == -1.0).all()


def test_an_encoder_is_read_with_its_network_or_without(tmp_path: Path) -> None:
    generator, path = SmallGenerator(), tmp_path / "encoder.safetensors"
    metadata = {"kind": "encoder", "latent_space": generator.latents.name}
    network = EncoderNetwork(WIDTH).eval()
    save_learned(path, encoder(network).tensors(), metadata)
    read = Encoder.load(path, generator)
    assert read is not None
    assert read.network is not None
    pictures = torch.zeros(1, 3, SIDE, SIDE), torch.ones(1, 3, SIDE, SIDE)
    assert torch.allclose(read.network(*pictures), network(*pictures), atol=1e-3)
    assert not any(p.requires_grad for p in read.network.parameters())
    save_learned(path, encoder(None).tensors(), metadata)
    read = Encoder.load(path, generator)
    assert read is not None
    assert read.network is None


def test_a_network_of_another_architecture_is_corrupt(tmp_path: Path) -> None:
    generator, path = SmallGenerator(), tmp_path / "encoder.safetensors"
    tensors = encoder(EncoderNetwork(WIDTH)).tensors()
    del tensors["network.stem.bias"]
    save_learned(path, tensors, {"kind": "encoder", "latent_space": generator.latents.name})
    with pytest.raises(ModelCorrupt, match="does not fit its architecture"):
        Encoder.load(path, generator)
