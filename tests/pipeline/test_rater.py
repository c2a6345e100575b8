"""The two raters on real pixels, what they see, and their files."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pipeline.activation_network import coarse
from pipeline.align import ffhq_alignment
from pipeline.identity import ACTIVATIONS
from pipeline.latent_network import save_learned, trained_part
from pipeline.networks import Networks
from pipeline.rater import (
    FEATURES,
    FeatureNetwork,
    FeatureRater,
    PixelNetwork,
    PixelRater,
    Uncertainty,
    all_features,
    rater_features,
)
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


def test_activations_follow_the_features_and_are_kept_by_the_network_s_grid() -> None:
    descriptors = np.zeros((1, 128), np.float32)
    activations = np.arange(ACTIVATIONS, dtype=np.float32)[None]
    features = all_features(descriptors, landmarks()[None].astype(np.float32), activations)
    assert torch.equal(features[0, FEATURES:], torch.arange(ACTIVATIONS).float())
    first, *_, last = coarse(features[:, FEATURES:])
    grid = activations[0, :36].reshape(6, 6)  # of the first channel
    assert torch.allclose(first[0, :9].reshape(3, 3), torch.from_numpy(grid.reshape(3, 2, 3, 2).mean((1, 3))))
    assert torch.equal(last[0], features[0, -256:])


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
    features = torch.zeros(2, FEATURES + ACTIVATIONS)
    assert FeatureRater(networks.recognizer).rate_features(features).tolist() == [3.5, 3.5]
    assert networks.rater.rate_features(features).tolist() != [3.5, 3.5]  # loaded before


def test_a_rating_is_the_mean_of_all_members(networks: Networks, tmp_path: Path) -> None:
    rater = FeatureRater(networks.recognizer, ensemble(tmp_path / "rater.safetensors", 3, 3))
    assert rater.rate_features(torch.randn(2, FEATURES)).tolist() == [4.5, 4.5]


def test_a_rater_that_was_trained_before_activations_were_seen_is_still_read(
    networks: Networks, portrait: Pixels, points: Points, tmp_path: Path
) -> None:
    path = ensemble(tmp_path / "rater.safetensors", 2, 2, input="features")
    former = FeatureRater(networks.recognizer, path)
    assert former.rate(portrait.astype(np.float32) / 255.0, points) == pytest.approx(2.5 + 1.5)


def test_the_shipped_rater_cannot_tell_a_face_from_its_mirror_image(
    networks: Networks, portrait: Pixels, points: Points
) -> None:
    crop = ffhq_alignment(points, 512)
    picture, at = crop.cut(portrait), crop.to_crop(points)
    mirrored_points = at * (-1.0, 1.0) + (511.0, 0.0)
    order = [*range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1)]
    order += [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40, *range(54, 47, -1), *range(59, 54, -1)]
    order += [64, 63, 62, 61, 60, 67, 66, 65]
    rating = networks.rater.rate(picture, at)
    again = networks.rater.rate(np.ascontiguousarray(picture[:, ::-1]), mirrored_points[order])
    assert again == pytest.approx(rating, abs=0.05)


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


# ---- how far off they may be


def test_the_uncertainty_of_known_errors_is_found_again() -> None:
    random = np.random.default_rng(0)
    spreads = random.uniform(0.0, 0.3, 20_000).astype(np.float32)
    errors = (random.standard_normal(20_000) * np.hypot(0.2, 1.5 * spreads)).astype(np.float32)
    found = Uncertainty.fitted(errors, spreads)
    assert found.error == pytest.approx(0.2, abs=0.02)
    assert found.share == pytest.approx(1.5, abs=0.1)
    stated = np.array([found(float(spread)) for spread in spreads])
    assert float((np.abs(errors) < stated).mean()) == pytest.approx(0.683, abs=0.015)


def test_errors_that_fall_with_the_spread_leave_it_out() -> None:
    spreads = np.linspace(0.0, 0.3, 100).astype(np.float32)
    found = Uncertainty.fitted(0.4 - spreads, spreads)
    assert found.share == 0.0
    assert found.error == pytest.approx(float(np.sqrt(np.mean((0.4 - spreads) ** 2))), abs=1e-4)


def test_a_rating_is_less_certain_where_members_disagree(networks: Networks, tmp_path: Path) -> None:
    file = ensemble(tmp_path / "rater.safetensors", 3, 3, uncertainty="0.3,1.5")
    rating = FeatureRater(networks.recognizer, file).rating_of(torch.zeros(1, FEATURES))
    assert rating.value == pytest.approx(4.5)
    assert rating.uncertainty == pytest.approx(float(np.hypot(0.3, 1.5 * np.std([1.0, 2.0, 3.0]))), abs=1e-5)


def test_a_rater_that_does_not_say_is_of_unknown_uncertainty(networks: Networks, tmp_path: Path) -> None:
    rater = FeatureRater(networks.recognizer, ensemble(tmp_path / "rater.safetensors", 2, 2))
    assert rater.rating_of(torch.zeros(1, FEATURES)).uncertainty is None


@pytest.mark.parametrize("said", ["0.3", "0.3,-1", "nan,1", "a,b", "inf,0"])
def test_an_uncertainty_that_is_none_is_corrupt(said: str, networks: Networks, tmp_path: Path) -> None:
    with pytest.raises(ModelCorrupt):
        FeatureRater(networks.recognizer, ensemble(tmp_path / "rater.safetensors", 1, 1, uncertainty=said))


def test_the_shipped_rater_knows_how_far_off_it_may_be(
    networks: Networks, portrait: Pixels, points: Points
) -> None:
    picture = portrait.astype(np.float32) / 255.0
    rating = networks.rater.rating_of(networks.rater.see(picture, points))
    assert rating.value == networks.rater.rate(picture, points)
    assert rating.uncertainty is not None
    assert 0.2 < rating.uncertainty < 0.6
