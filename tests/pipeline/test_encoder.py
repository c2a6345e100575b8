"""The first guess of a face's code."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.encoder import CHIP, Encoder, encoder_features
from pipeline.latent_network import save_learned
from pipeline.networks import Networks
from pipeline.rater_input import face_chip
from retouchml.errors import ModelCorrupt
from stylegan2.generator import as_picture
from tests.pipeline.synthetic_faces import landmarks

_FEATURES = 3 * CHIP * CHIP + 264


def test_features_are_small_chip_descriptor_and_shape() -> None:
    chips = np.random.default_rng(0).random((2, 112, 112, 3)).astype(np.float32)
    points = np.stack([landmarks(), landmarks(degrees=40.0)]).astype(np.float32)
    features = encoder_features(chips, np.zeros((2, 128), np.float32), points)
    assert features.shape == (2, _FEATURES)
    assert float(features[0, 0]) == pytest.approx(2.0 * float(chips[0, :7, :7, 0].mean()), abs=1e-4)
    assert float(features[:, 3 * CHIP * CHIP : -136].abs().max()) == 0.0
    assert torch.allclose(features[0, -136:], features[1, -136:], atol=1e-3)


def test_only_the_components_that_vary_most_are_guessed() -> None:
    weight, bias = torch.zeros(_FEATURES, 3), torch.tensor([1.0, 2.0, 3.0])
    code = Encoder(weight, bias, 10)(
        np.zeros((112, 112, 3), np.float32), np.zeros(128, np.float32), landmarks()
    )
    assert code.tolist() == [0.0] * 7 + [1.0, 2.0, 3.0]


def test_the_guess_is_nearer_to_the_true_code_of_a_generated_face_than_to_any_other(
    networks: Networks,
) -> None:
    assert networks.encoder is not None
    generator = networks.generator
    torch.manual_seed(11)
    guesses, codes = [], []
    for z in torch.randn(3, 1, 512):
        w_plus = generator.map(z, truncation_psi=0.8)
        with torch.no_grad():
            picture = as_picture(generator.synthesize(w_plus, 512)[0])
        points = networks.finder.landmarks_in_crop(picture)
        guess = networks.encoder(
            face_chip(picture, points), networks.recognizer.describe(picture, points), points
        )
        guesses.append(guess[-256:])
        codes.append(generator.latents.whiten(w_plus[0, 0])[-256:])
    likeness = torch.cosine_similarity(torch.stack(guesses)[:, None], torch.stack(codes)[None], dim=2)
    assert likeness.argmax(1).tolist() == [0, 1, 2]
    assert float(likeness.diagonal().min()) > 0.25


def test_without_a_file_or_for_another_generator_there_is_no_encoder(
    networks: Networks, tmp_path: Path
) -> None:
    assert Encoder.load(tmp_path / "none.safetensors", networks.generator) is None
    path = tmp_path / "encoder.safetensors"
    tensors = {"weight": torch.zeros(_FEATURES, 3), "bias": torch.zeros(3)}
    save_learned(path, tensors, {"kind": "encoder", "latent_space": "another"})
    assert Encoder.load(path, networks.generator) is None


@pytest.mark.parametrize(
    "tensors",
    [
        {"weight": torch.zeros(_FEATURES, 3)},
        {"weight": torch.zeros(_FEATURES, 3), "bias": torch.zeros(4)},
        {"weight": torch.zeros(7, 3), "bias": torch.zeros(3)},
        {"weight": torch.zeros(_FEATURES, 600), "bias": torch.zeros(600)},
    ],
    ids=["no bias", "sizes differ", "too few features", "too wide"],
)
def test_an_encoder_that_does_not_fit_is_corrupt(
    tensors: dict[str, torch.Tensor], networks: Networks, tmp_path: Path
) -> None:
    path = tmp_path / "encoder.safetensors"
    save_learned(path, tensors, {"kind": "encoder", "latent_space": networks.generator.latents.name})
    with pytest.raises(ModelCorrupt):
        Encoder.load(path, networks.generator)
