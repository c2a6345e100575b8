"""``retouchml train rater``: photographs that people rated become weights and a card, and stay private."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pipeline.identity import ACTIVATIONS, Sight
from pipeline.latent_network import load_learned, save_learned, weights_folder
from pipeline.rater import FeatureRater, all_features
from pipeline.training import distilling, rater, scut
from pipeline.training.labellers import Labellers
from pipeline.training.scut import RatedPhotos, measure, read_fold, read_ratings
from pipeline.training.tables import load_table
from retouchml.cli.main import main
from retouchml.errors import UsageError
from retouchml.paths import cache_dir, weights_dir
from tests.pipeline.synthetic_faces import landmarks
from tests.pipeline.training.stand_ins import lay_out

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def few_mixtures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks that are taught in a second."""
    monkeypatch.setattr(distilling, "_MIXTURES", 1500)
    monkeypatch.setattr(distilling, "_COMPONENTS", 100)


NAMES = [f"{group}{index}.png" for index in range(5) for group in ("AF", "AM", "CF", "CM")]
BLANK = np.zeros((8, 8, 3), np.uint8)


def rated(count: int, seed: int = 0) -> RatedPhotos:
    """Photographs whose rating is linear in what is behind descriptor and activations."""
    random = np.random.default_rng(seed)
    descriptors = 0.1 * random.standard_normal((count, 128)).astype(np.float32)
    way = np.random.default_rng(9).standard_normal(128) / 128**0.5
    return RatedPhotos(
        np.array([f"CF{index}.png" for index in range(count)]),
        (3.0 + 5.0 * descriptors @ way).astype(np.float32),
        (landmarks() + random.standard_normal((count, 68, 2))).astype(np.float32),
        descriptors,
        (descriptors @ np.random.default_rng(8).standard_normal((128, ACTIVATIONS))).astype(np.float16),
        random.integers(0, 256, (count, 112, 112, 3), dtype=np.uint8),
    )


def blind(faces: dict[int, Any]) -> Labellers:
    """Instruments that find ``faces`` by the first value of the picture, and describe all alike."""

    def find(image: NDArray[np.uint8]) -> list[Any]:
        anybody = [SimpleNamespace(landmarks=landmarks((4.0, 4.0), 3.0))]
        return list(faces.get(int(image[0, 0, 0]), anybody))

    sight = Sight(np.ones(128, np.float32), np.ones(ACTIVATIONS, np.float32))
    tools: Any = SimpleNamespace(find=find, see=lambda picture, points: sight)
    return Labellers(tools, tools)


# ---- fits


def test_a_known_taste_is_learned_and_holds_for_faces_that_were_not_seen() -> None:
    photos = rated(500)
    train, test = np.arange(400), np.arange(400, 500)
    networks = rater.fit_rater("features", photos, train)
    assert len(networks) == 2
    predicted = rater.predict(networks, photos, test, float(photos.ratings[train].mean()))
    pearson, error = rater.agreement(predicted, photos.ratings[test])
    assert pearson > 0.8
    assert error < float(photos.ratings.std())
    assert abs(float(predicted.mean()) - 3.0) < 0.3


def test_a_fit_does_not_depend_on_what_it_is_tested_on() -> None:
    photos, rows = rated(40), np.arange(30)
    spoiled = RatedPhotos(*(column.copy() for column in vars(photos).values()))
    spoiled.ratings[30:], spoiled.activations[30:] = 1.0, 7.0
    first, second = (rater.fit_rater("features", p, rows)[0].state_dict() for p in (photos, spoiled))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_the_pixel_network_learns_from_fewer_photographs_than_a_batch() -> None:
    photos = rated(12)
    network = rater._fit_pixels(photos.chips, torch.from_numpy(photos.ratings - 3.0), epochs=1)
    predicted = rater.predict([network], photos, np.arange(12), 3.0)
    assert predicted.shape == (12,)
    assert np.isfinite(predicted).all()


def test_agreement_is_pearson_and_the_mean_absolute_error() -> None:
    ratings = np.array([1.0, 2.0, 3.0, 4.0], np.float32)
    assert rater.agreement(2.0 * ratings, ratings) == pytest.approx((1.0, 2.5))
    assert rater.agreement(-ratings, ratings)[0] == pytest.approx(-1.0)


def test_the_group_table_counts_each_group_and_signs_its_bias() -> None:
    names = np.array(["AF1", "AF2", "AF3", "CM1", "CM2"])
    ratings = np.array([1.0, 2.0, 3.0, 2.0, 2.0], np.float32)
    table = rater.group_table(names, ratings + np.float32(0.5), ratings)
    assert table == "  AF: 3 photos, Pearson 1.000, bias +0.500\n"  # two say nothing


def test_the_summary_has_the_means_over_folds_and_the_groups_of_all_photographs() -> None:
    names = np.array(["AF1", "AF2", "CM1"])
    ratings = np.array([1.0, 2.0, 4.0], np.float32)
    folds = [
        rater._Tested(names, ratings + np.float32(0.5), ratings),
        rater._Tested(names, -ratings, ratings),
    ]
    together = np.corrcoef([1.5, 2.5, -1.0, -2.0], [1.0, 2.0, 1.0, 2.0])[0, 1]
    assert rater._summary(folds) == (
        f"Over 2 folds: Pearson 0.0000, mean absolute error {(0.5 + 14 / 3) / 2:.4f}\n"
        f"  AF: 4 photos, Pearson {together:.3f}, bias -1.250\n"
    )


# ---- folders


def test_folds_are_read_and_disjoint(tmp_path: Path) -> None:
    data = lay_out(tmp_path / "d", dict.fromkeys(NAMES, BLANK), [3.0] * 20, NAMES[:4])
    train, test = read_fold(data, 1)
    assert test == set(NAMES[:4])
    assert train == set(NAMES[4:])
    with pytest.raises(UsageError):
        read_fold(data, 2)
    assert read_ratings(data) == dict.fromkeys(NAMES, 3.0)


def test_photographs_are_measured_once_and_without_a_face_left_out(tmp_path: Path) -> None:
    pictures = {name: np.full((8, 8, 3), index, np.uint8) for index, name in enumerate(NAMES)}
    data = lay_out(tmp_path / "d", pictures, np.linspace(1, 5, 20).tolist(), NAMES[:4])
    ratings = read_ratings(data)
    photos = measure(data, ratings, blind({2: []}), tmp_path / "cache")
    assert sorted(photos.names) == sorted(set(NAMES) - {NAMES[2]})
    assert photos.ratings.tolist() == pytest.approx([ratings[name] for name in photos.names], abs=1e-5)
    assert sorted(photos.names[photos.rows_of({NAMES[1], NAMES[2], "x"})]) == [NAMES[1]]
    again = measure(data, ratings, Labellers(None, None), tmp_path / "cache")
    assert np.array_equal(again.chips, photos.chips)
    # Other ratings are another data set.
    with pytest.raises(AttributeError):
        measure(data, {**ratings, NAMES[0]: 1.5}, Labellers(None, None), tmp_path / "cache")


def test_an_interrupted_measurement_goes_on_where_it_was_last_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scut, "_SAVE_EVERY", 5)
    pictures = {name: np.full((8, 8, 3), index, np.uint8) for index, name in enumerate(NAMES)}
    data = lay_out(tmp_path / "d", pictures, np.linspace(1, 5, 20).tolist(), NAMES[:4])
    ratings, looked = read_ratings(data), list[int]()

    def interrupted(done: int, total: int) -> None:
        if done == 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure(data, ratings, blind({}), tmp_path / "cache", interrupted)
    tools = blind({})
    find = tools.finder.find

    def noted(image: NDArray[np.uint8]) -> Any:
        looked.append(int(image[0, 0, 0]))
        return find(image)

    monkeypatch.setattr(tools.finder, "find", noted)
    photos = measure(data, ratings, tools, tmp_path / "cache")
    assert len(looked) == 10  # 10 of 20 had been written
    assert photos.names.tolist() == sorted(NAMES)
    assert [path.name[:7] for path in (tmp_path / "cache").iterdir()] == ["photos-"]


def test_a_folder_without_any_face_is_refused(tmp_path: Path) -> None:
    data = lay_out(tmp_path / "d", {"CF0.png": BLANK}, [3.0], ["CF0.png"])
    with pytest.raises(UsageError, match="No face was found"):
        measure(data, read_ratings(data), blind({0: []}), tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_too_few_photographs_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = lay_out(tmp_path / "d", dict.fromkeys(NAMES[:12], BLANK), [3.0] * 12, NAMES[:3])
    monkeypatch.setattr(rater, "load_labellers", lambda age_gender: blind({}))
    assert main(["train", "rater", "--data", str(data), "--folds", "1"]) == 2
    assert "Fold 1 has 9 photographs to learn from and 3 to test with" in capsys.readouterr().err


# ---- the whole command, on the real instruments


def test_weights_and_card_are_written_and_hold_no_face(
    real_home: Path,
    portrait: NDArray[np.uint8],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "home" / "data").mkdir(parents=True)
    models = (real_home / "data" / "models").resolve()
    (tmp_path / "home" / "data" / "models").symlink_to(models, target_is_directory=True)
    face = portrait[20:260, 100:340]
    random = np.random.default_rng(0)
    pictures = {}
    for name in NAMES[:16]:
        light = (0.7 + 0.6 * random.random(3)) * face
        turn = cv2.getRotationMatrix2D((120, 120), float(random.uniform(-8, 8)), 1.0)
        turned = cv2.warpAffine(np.clip(light, 0, 255), turn, (240, 240), borderMode=cv2.BORDER_REPLICATE)
        pictures[name] = turned.astype(np.uint8)
    ratings = random.uniform(2.0, 4.0, 16).tolist()
    data = lay_out(tmp_path / "data", pictures, ratings, NAMES[:4], folds=(1, 2))
    shipped = (weights_folder() / "rater.safetensors").read_bytes()
    output = weights_dir() / "rater.safetensors"
    assert main(["train", "rater", "--data", str(data), "--folds", "2,1"]) == 0
    assert (weights_folder() / "rater.safetensors").read_bytes() == shipped
    printed = capsys.readouterr().out
    file = load_learned(output, "rater")
    card = output.with_suffix(".md").read_text()
    assert file.metadata["fold"] == "2"
    assert float(file.metadata["mean"]) == pytest.approx(np.mean(ratings[4:]), abs=1e-5)
    error, share = map(float, file.metadata["uncertainty"].split(","))
    assert error > 0.0 or share > 0.0
    assert printed.count("uncertainty") == 1
    assert "Over 2 folds: Pearson" in printed
    assert f"fold 2: Pearson {file.metadata['pearson']}" in card
    assert card.count("mean absolute error") == printed.count("mean absolute error") == 3
    assert f"written: {output}, rater.md" in printed
    (measured,) = (cache_dir() / "training").glob("photos-*.npz")
    photos = load_table(measured, RatedPhotos)
    assert photos is not None
    assert len(photos) == 16
    rates = FeatureRater(None).rate_features(  # type: ignore[arg-type]
        all_features(photos.descriptors, photos.landmarks, photos.activations)
    )
    assert np.isfinite(rates).all()
    for name, tensor in file.tensors.items():
        numbers = tensor.flatten().numpy()
        if len(numbers) < 128:
            continue
        windows = np.lib.stride_tricks.sliding_window_view(numbers, 128)
        for descriptor in photos.descriptors:
            assert not (np.abs(windows[:, :8] - descriptor[:8]) < 2e-3).all(1).any(), name


def test_the_weights_are_as_large_whatever_the_number_of_photographs(tmp_path: Path) -> None:
    sizes = set()
    for count in (12, 60):
        photos = rated(count)
        networks = rater.fit_rater("features", photos, np.arange(count))
        part = rater.rater_part("features", networks, 3.0, 1, 0.5)
        save_learned(tmp_path / "r.safetensors", part.tensors, part.metadata)
        file = load_learned(tmp_path / "r.safetensors", "rater")
        sizes.add(sum(tensor.numel() for tensor in file.tensors.values()))
    assert len(sizes) == 1
