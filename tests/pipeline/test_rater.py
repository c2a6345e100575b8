"""The two raters on real pixels, what they see, and their files."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pipeline.align import ffhq_alignment
from pipeline.latent_network import save_learned, trained_part
from pipeline.networks import Networks
from pipeline.rater import FEATURES, FeatureNetwork, FeatureRater, PixelNetwork, PixelRater, rater_features
from pipeline.rater_input import CHIP, chip_alignment, face_chip, mirrored, shape_features
from retouchml.errors import ModelCorrupt, ModelMissing
from tests.pipeline.synthetic_faces import gradient, landmarks

Pixels = NDArray[np.uint8]
Points = NDArray[np.float64]


@pytest.fixture(scope="module")
def points(networks: Networks, portrait: Pixels) -> Points:
    return networks.finder.find(portrait)[0].landmarks


# ---- what they see


def test_the_chip_holds_the_bare_face() -> None:
    points = landmarks((300.0, 300.0), 80.0, 15.0)
    inside = chip_alignment(points).to_crop(points)
    assert inside[17:].min() > 0
    assert inside[17:].max() < CHIP - 1
    assert chip_alignment(points).side < ffhq_alignment(points, CHIP).side


def test_the_chip_is_the_same_however_large_and_tilted_the_face() -> None:
    points = landmarks((300.0, 300.0), 80.0)
    chip = face_chip(gradient(600, 600), points)
    larger = np.asarray(
        cv2.resize(gradient(600, 600), (1500, 1500), interpolation=cv2.INTER_CUBIC), np.float32
    )
    again = face_chip(larger, (points + 0.5) * 2.5 - 0.5)
    assert chip.shape == (CHIP, CHIP, 3)
    assert np.allclose(chip, again, atol=4e-3)
    assert np.array_equal(mirrored(chip), chip[:, ::-1])


def test_the_shape_is_free_of_place_size_and_tilt() -> None:
    shape = shape_features(landmarks())
    assert shape.shape == (136,)
    assert np.allclose(shape, shape_features(landmarks((-5.0, 900.0), 333.0, -70.0)), atol=1e-5)
    eyes = shape.reshape(68, 2)[36:48].reshape(2, 6, 2).mean(1)
    assert np.allclose(eyes, [[-0.5, 0.0], [0.5, 0.0]], atol=1e-5)


def test_features_are_descriptor_and_shape() -> None:
    descriptors = np.random.default_rng(0).standard_normal((2, 128)).astype(np.float32)
    features = rater_features(descriptors, np.stack([landmarks(), landmarks(degrees=9.0)]).astype(np.float32))
    assert features.shape == (2, FEATURES)
    assert np.array_equal(features[:, :128], descriptors)
    assert torch.allclose(features[0, 128:], features[1, 128:], atol=1e-4)


# ---- what they say


def test_the_portrait_s_rating_is_plausible_and_both_raters_roughly_agree(
    networks: Networks, portrait: Pixels, points: Points
) -> None:
    picture = portrait.astype(np.float32) / 255.0
    guide, judge = networks.rater.rate(picture, points), PixelRater().rate(picture, points)
    assert 2.0 < guide < 4.5
    assert 2.0 < judge < 4.5
    assert abs(guide - judge) < 1.0


def test_a_rating_hardly_depends_on_size_and_depth(
    networks: Networks, portrait: Pixels, points: Points
) -> None:
    doubled = np.asarray(cv2.resize(portrait, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC))
    twice = (points + 0.5) * 2.0 - 0.5
    judge = PixelRater()
    assert judge.rate(doubled, twice) == pytest.approx(judge.rate(portrait, points), abs=0.1)
    assert judge.rate(portrait.astype(np.uint16) * 257, points) == pytest.approx(
        judge.rate(portrait, points), abs=1e-4
    )
    guide = networks.rater
    assert guide.rate(doubled.astype(np.float32) / 255.0, twice) == pytest.approx(
        guide.rate(portrait.astype(np.float32) / 255.0, points), abs=0.1
    )


def test_the_judge_does_not_care_about_left_and_right(portrait: Pixels, points: Points) -> None:
    chip = torch.from_numpy(face_chip(portrait, points)).permute(2, 0, 1)
    judge = PixelRater()
    ratings = judge.rate_chips(torch.stack([chip, chip.flip(2)]))
    assert judge.rate(portrait, points) == pytest.approx(float(ratings.mean()), abs=1e-5)


def test_a_blurred_or_noisy_chip_is_rated_within_the_scale(portrait: Pixels, points: Points) -> None:
    chip = torch.from_numpy(face_chip(portrait, points)).permute(2, 0, 1)
    torch.manual_seed(0)
    chips = torch.stack(
        [chip, chip * 0.2, (chip + 0.3 * torch.randn_like(chip)).clamp(0, 1), torch.zeros_like(chip)]
    )
    ratings = PixelRater().rate_chips(chips)
    assert ratings.shape == (4,)
    assert np.isfinite(ratings).all()
    assert (np.abs(ratings - 3.0) < 2.5).all()


# ---- their files


def ensemble(path: Path, count: int, stated: int, **changed: str) -> Path:
    """A feature rater whose members say 1, 2, … above the mean whatever they see."""
    tensors = {}
    for member in range(count):
        network = FeatureNetwork().requires_grad_(False)
        for parameter in network.parameters():
            parameter.zero_()
        network.layers[-1].bias.fill_(member + 1.0)  # type: ignore[operator]
        tensors |= {f"{member}.{name}": value for name, value in network.state_dict().items()}
    save_learned(path, tensors, {"kind": "rater", "members": str(stated), "mean": "2.5"} | changed)
    return path


def test_a_rater_that_the_user_trained_is_used(networks: Networks) -> None:
    ensemble(trained_part("rater"), 1, 1)
    features = torch.zeros(2, FEATURES)
    assert FeatureRater(networks.recognizer).rate_features(features).tolist() == [3.5, 3.5]
    assert networks.rater.rate_features(features).tolist() != [3.5, 3.5]  # loaded before


def test_a_rating_is_the_mean_of_all_members(networks: Networks, tmp_path: Path) -> None:
    rater = FeatureRater(networks.recognizer, ensemble(tmp_path / "rater.safetensors", 3, 3))
    assert rater.rate_features(torch.randn(2, FEATURES)).tolist() == [4.5, 4.5]


def test_standardised_features_are_centred() -> None:
    torch.manual_seed(0)
    features = torch.randn(500, FEATURES) * 7.0 + 3.0
    network = FeatureNetwork()
    network.standardize(features)
    scaled = (features - network.center) / network.spread
    assert torch.allclose(scaled.mean(0), torch.zeros(FEATURES), atol=1e-4)
    assert float(scaled[:, :128].std(0).mean()) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(
    ("stated", "changed"),
    [(3, {}), (2, {"mean": "high"}), (2, {"members": "two"}), (2, {"kind": "scorer"})],
    ids=["a member too few", "mean", "members", "kind"],
)
def test_a_file_that_is_no_rater_is_corrupt(
    stated: int, changed: dict[str, str], networks: Networks, tmp_path: Path
) -> None:
    path = ensemble(tmp_path / "rater.safetensors", 2, stated, **changed)
    with pytest.raises(ModelCorrupt):
        FeatureRater(networks.recognizer, path)


def test_the_other_rater_s_file_is_corrupt(networks: Networks, tmp_path: Path) -> None:
    path = ensemble(tmp_path / "rater.safetensors", 1, 1)
    with pytest.raises(ModelCorrupt):
        PixelRater(path)


def test_a_missing_rater_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="none"):
        PixelRater(tmp_path / "none.safetensors")


def judge_of(path: Path, **metadata: str) -> Path:
    tensors = {f"0.{name}": value for name, value in PixelNetwork().state_dict().items()}
    save_learned(path, tensors, {"kind": "rater", "members": "1", "mean": "3.0"} | metadata)
    return path


def test_a_judge_knows_the_fold_it_learned_from(tmp_path: Path) -> None:
    assert PixelRater().fold == 1
    assert PixelRater(judge_of(tmp_path / "judge.safetensors", fold="2")).fold == 2


@pytest.mark.parametrize("metadata", [{}, {"fold": "two"}, {"fold": "0"}, {"fold": "6"}])
def test_a_judge_of_an_unknown_fold_is_corrupt(metadata: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ModelCorrupt):
        PixelRater(judge_of(tmp_path / "judge.safetensors", **metadata))
