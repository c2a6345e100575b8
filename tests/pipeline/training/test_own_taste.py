"""Sliders and scorers from answers, with a generator and instruments that cost nothing."""

import csv
import re
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from pipeline.latent_network import trained_part
from pipeline.rater_input import shape_features
from pipeline.taste import answers as answer_files
from pipeline.taste import gallery, trial
from pipeline.taste.answers import Answer, Answers
from pipeline.taste.faces import DrawnFaces
from pipeline.taste.judgement import OwnSliders, own_scorer
from pipeline.taste.representation import Seen, small_chip
from pipeline.training import edits, scorer, taste
from pipeline.training import own_scorer as own_scorer_part
from pipeline.training.dataset import Dataset
from pipeline.training.labelled import LABELLED
from pipeline.training.rated import RATED
from retouchml import own_parts, paths
from retouchml.cli.main import main
from tests.conftest import at_home
from tests.pipeline.synthetic_faces import landmarks
from tests.pipeline.training.stand_ins import SmallGenerator, rated_samples, samples

SPACE, SEED = SmallGenerator().latents.name, 5


def see(picture: NDArray[np.float32]) -> Seen:
    """What stand-in instruments see: the face is the same, its colours differ."""
    red, green, blue = (float(value) for value in picture.mean((0, 1)))
    attributes = np.resize(np.array([green, blue], np.float32), 10)
    attributes[0] = red
    descriptor = np.resize(picture.mean((0, 1)), 128).astype(np.float32)
    chip = np.full((112, 112, 3), picture.mean((0, 1)), np.float32)
    return Seen(attributes, descriptor, shape_features(landmarks()), small_chip(chip))


def trained_parts(patch: pytest.MonkeyPatch, generator: SmallGenerator) -> None:
    """Fit the networks on samples of the stand-in."""
    rater = SimpleNamespace(rate_features=lambda features: features[:, 0].numpy())
    drawn = samples(generator, 400)
    # as ``see`` does: of the code's first three numbers
    colours = np.tanh(drawn.w[:, 0, :3]) * 0.5 + 0.5
    drawn.attributes[:, :9] = colours[:, [0, 2, 1, 2, 1, 2, 1, 2, 1]]
    drawn.descriptors[:] = np.resize(colours.T, (128, len(drawn))).T
    drawn.chips[:] = np.rint(colours * 255.0).astype(np.uint8)[:, None, None]
    patch.setattr(taste, "load_recognizer", lambda: None)
    patch.setattr(taste, "FeatureRater", lambda _recognizer: rater)
    tables = {LABELLED: drawn, RATED: rated_samples(generator, 400)}
    for part in (taste, edits, scorer):
        patch.setattr(
            part,
            "load_dataset",
            lambda _arguments, name, kind, *_: Dataset(generator, tables[kind], trained_part(name, SPACE)),
        )
    for kind in ("taste", "edits", "scorer"):
        # too few for samples along paths
        assert main(["train", kind, "--samples", "400"]) == 0


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a home with these networks."""
    home = tmp_path_factory.mktemp("learned")
    with at_home(home), pytest.MonkeyPatch.context() as patch:
        trained_parts(patch, SmallGenerator())
    return home / "data"


@pytest.fixture(autouse=True)
def small(learned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that is large is replaced."""
    shutil.copytree(learned, paths.data_dir())
    generator = SmallGenerator()
    monkeypatch.setattr("stylegan2.load", lambda *_arguments: generator)
    instruments = SimpleNamespace(see=see)
    for module in (gallery, trial, own_scorer_part):
        monkeypatch.setattr(module, "Instruments", SimpleNamespace(load=lambda: instruments))


def reds(numbers: Any) -> NDArray[np.float64]:
    """How red faces are: the rule that is to be learned."""
    return DrawnFaces(SmallGenerator(), SEED).codes(numbers)[:, 0].double().numpy()


def write_labels(path: Path, count: int = 80) -> Path:
    """Labels by the rule."""
    given = tuple(Answer((n,), "yes" if red > 0 else "no") for n, red in enumerate(reds(range(count))))
    answer_files.write(path, Answers("labels", "small", SPACE, SEED, "red", given))
    return path


def write_ratings(path: Path, count: int = 120) -> Path:
    """Pairs by the rule."""
    red, random = reds(range(60)), np.random.default_rng(0)
    pairs = [random.choice(60, 2, replace=False).tolist() for _ in range(count)]
    given = tuple(Answer((a, b), "left" if red[a] > red[b] else "right") for a, b in pairs)
    answer_files.write(path, Answers("ratings", "small", SPACE, SEED, "mine", given))
    return path


def agreement(judgement: Any) -> float:
    """The correlation of a judgement with the rule, on faces that nobody answered for."""
    faces, unseen = DrawnFaces(SmallGenerator(), SEED), range(5000, 5200)
    with torch.no_grad():
        scores = judgement(faces.octaves(unseen))[:, 0].double().numpy()
    return float(np.corrcoef(scores, reds(unseen))[0, 1])


def test_a_slider_is_learned_from_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = write_labels(tmp_path / "red.json")
    assert main(["train", "edit", "red", "--labels", str(labels), "--title", "Redder"]) == 0
    said = capsys.readouterr().out
    area = re.search(r"AUC of (\d\.\d+)", said)
    assert area is not None
    assert float(area[1]) > 0.9
    assert "moves along: smile" in said  # the stand-in's smile is what was labelled
    assert re.search(r"itself +\+\d\.\d+, by the code \+1\.[45]", said)
    (part,) = own_parts.own_parts(own_parts.SLIDERS)
    assert (part.name, part.title, part.facts["deviations"]) == ("red", "Redder", "1.5")
    assert agreement(OwnSliders(SmallGenerator())["red"]) > 0.8
    assert "# Slider Redder" in part.path.with_suffix(".md").read_text()


def test_a_scorer_is_learned_from_pairs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ratings = write_ratings(tmp_path / "mine.json")
    assert main(["train", "scorer", "mine", "--ratings", str(ratings)]) == 0
    told = re.search(r"120 pairs, 0 of them equal; foretells (\d+)%", capsys.readouterr().out)
    assert told is not None
    assert int(told[1]) > 80
    judgement = own_scorer("mine", SmallGenerator())
    assert agreement(judgement) > 0.8
    octaves = DrawnFaces(SmallGenerator(), 1).octaves(range(500))
    assert float(judgement(octaves).std()) == pytest.approx(1.0, abs=0.15)


def test_a_list_of_elo_numbers_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    face = SimpleNamespace(landmarks=landmarks((128.0, 128.0), 60.0))
    finder = SimpleNamespace(find=lambda image: [face] if image.mean() > 5 else [])
    monkeypatch.setattr(own_scorer_part, "load_finder", lambda: finder)
    random = np.random.default_rng(0)
    with (tmp_path / "elo.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["Image", "Elo", "sex"])
        for number in range(60):
            colour = random.integers(20, 255, 3)
            Image.new("RGB", (256, 256), tuple(colour.tolist())).save(tmp_path / f"p-{number}.0.png")
            rows.writerow([f"p-{number}.0", 1000 + 2.0 * float(colour[0]), "f"])
        Image.new("RGB", (256, 256)).save(tmp_path / "dark.png")
        rows.writerow(["dark.png", "1200", "f"])
    assert main(["train", "scorer", "liked", "--ratings", str(tmp_path / "elo.csv")]) == 0
    told = re.search(r"60 of 61 pictures show a face; Spearman (\d\.\d+)", capsys.readouterr().out)
    assert told is not None
    assert float(told[1]) > 0.9
    assert agreement(own_scorer("liked", SmallGenerator())) > 0.8


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no columns"),
        ("image,elo\n", "no columns"),
        ("picture\na\n", "no columns"),
        ("image,elo\nnone.png,1000\n", "Line 2 of"),
        ("image,elo\n../../etc/nothing,1000\n", "Line 2 of"),
        ("image,elo\na.png,high\n", "has no number"),
        ("image,elo\na.png,nan\n", "has no number"),
        ("image,elo\na.png,1000\n", "only 1 pictures"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused_in_a_sentence(
    content: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    (tmp_path / "elo.csv").write_text(content)
    assert main(["train", "scorer", "--ratings", str(tmp_path / "elo.csv")]) == 2
    assert said in capsys.readouterr().err


def test_too_few_answers_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = write_labels(tmp_path / "few.json", 20)
    assert main(["train", "edit", "red", "--labels", str(labels)]) == 2
    assert "answers of one kind" in capsys.readouterr().err
    ratings = write_ratings(tmp_path / "few.json", 29)
    assert main(["train", "scorer", "--ratings", str(ratings)]) == 2
    assert "only 29 decided pairs" in capsys.readouterr().err


def test_names_that_mean_something_else_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = str(write_labels(tmp_path / "red.json"))
    for words in (
        ["edit", "smile", "--labels", labels],
        ["edit", "Red!", "--labels", labels],
        ["scorer", "standard", "--ratings", labels],
        ["scorer", "mine"],
    ):
        assert main(["train", *words]) == 2
    assert "smile already means something else" in capsys.readouterr().err


def test_labels_are_no_ratings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = write_labels(tmp_path / "red.json")
    assert main(["train", "scorer", "--ratings", str(labels)]) == 2
    assert "holds no ratings" in capsys.readouterr().err


def test_answers_in_another_space_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_labels(tmp_path / "red.json")
    path.write_text(path.read_text().replace(SPACE, "w-other"))
    assert main(["train", "edit", "red", "--labels", str(path)]) == 1
    assert "another latent space" in capsys.readouterr().err
