"""``retouchml train`` scorer, edits and encoder on samples of a small generator: weights and cards."""

from pathlib import Path
from typing import Any

import pytest
import torch

from pipeline.appearance import APPEARANCE
from pipeline.encoder import Encoder
from pipeline.latent_network import learned_part, load_learned, load_network, weights_folder
from pipeline.rating_network import load_scorer
from pipeline.training import climbed, dataset, scorer
from pipeline.training.identity import DESCRIBED
from pipeline.training.labelled import ATTRIBUTES, LABELLED
from pipeline.training.rated import RATED
from pipeline.training.rating_fit import Recipe
from pipeline.training.sampling import SampleKind
from retouchml.cli.main import main
from retouchml.paths import weights_dir
from tests.pipeline.training.stand_ins import (
    WIDTH,
    SmallGenerator,
    climbed_samples,
    described_samples,
    rated_samples,
    samples,
)

COUNT = 400
QUICK = Recipe(components=WIDTH, hidden=16, members=2, epochs=10)


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def generator(monkeypatch: pytest.MonkeyPatch) -> SmallGenerator:
    """A generator that was sampled before."""
    small = SmallGenerator()
    sampled = {
        LABELLED.name: samples(small, COUNT),
        RATED.name: rated_samples(small, COUNT),
        DESCRIBED.name: described_samples(COUNT),
        "climbed": climbed_samples(small, COUNT),
    }

    def gather(kind: SampleKind[Any], model: str, count: int, jobs: int) -> object:
        return sampled[kind.name]

    monkeypatch.setattr("stylegan2.load", lambda name, device="cpu": small)
    monkeypatch.setattr(dataset, "gather_samples", gather)
    monkeypatch.setattr(scorer, "gather_samples", gather)
    monkeypatch.setattr(scorer, "Recipe", lambda: QUICK)
    monkeypatch.setattr(scorer, "load_edits", lambda generator: None)
    monkeypatch.setattr(dataset, "warn_if_faceless", lambda generator: None)
    return small


@pytest.mark.parametrize(
    ("part", "measured", "count"),
    [
        ("scorer", ("rating", "rating on paths"), 3 * COUNT),
        ("identity", ("identity",), COUNT),
        ("edits", ATTRIBUTES, COUNT),
        ("appearance", APPEARANCE, COUNT),
    ],
    ids=["scorer", "identity", "edits", "appearance"],
)
def test_a_latent_network_is_written_with_its_card(
    part: str,
    measured: tuple[str, ...],
    count: int,
    generator: SmallGenerator,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "new" / f"{part}.safetensors"
    assert main(["train", part, "--output", str(path)]) == 0
    file = load_learned(path, part)
    if part == "scorer":
        assert load_scorer(path, generator).outputs == ("rating",) * QUICK.members
    elif part != "identity":
        assert load_network(path, part, generator)[0].outputs == measured
    assert file.metadata["latent_space"] == "small-w"
    assert file.metadata["samples"] == str(count)
    card = path.with_suffix(".md").read_text()
    printed = capsys.readouterr().out
    for name, value in zip(measured, file.metadata["explained"].split(","), strict=True):
        line = f"{name}: explains {value} of the variance on unseen samples"
        assert line in card
        assert line in printed
    assert f"written: {path}, {part}.md" in printed
    assert sorted(p.name for p in path.parent.iterdir()) == [f"{part}.md", f"{part}.safetensors"]


def test_gender_is_fitted_as_log_odds(generator: SmallGenerator, tmp_path: Path) -> None:
    path = tmp_path / "edits.safetensors"
    assert main(["train", "edits", "--output", str(path)]) == 0
    network, _ = load_network(path, "edits", generator)
    # The small generator's probabilities are the logistic of a standard normal component.
    assert float(network.deviation[ATTRIBUTES.index("male")]) == pytest.approx(1.0, abs=0.2)


def test_the_encoder_is_written_with_its_card(
    generator: SmallGenerator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "encoder.safetensors"
    assert main(["train", "encoder", "--output", str(path)]) == 0
    assert Encoder.load(path, generator) is not None
    tensors = load_learned(path, "encoder").tensors
    assert tensors["weight"].shape[1] == tensors["bias"].shape[0]
    assert torch.isfinite(tensors["weight"]).all()
    printed = capsys.readouterr().out.splitlines()[0]
    # The descriptors hold the code: even among thousands of other numbers it is found.
    assert float(printed.split()[1]) > 0.3
    assert printed in path.with_suffix(".md").read_text()


@pytest.mark.parametrize("part", ["scorer", "identity", "edits", "appearance", "encoder"])
def test_the_default_output_is_the_data_folder_and_the_source_tree_stays(
    part: str, generator: SmallGenerator
) -> None:
    before = contents(weights_folder())
    assert main(["train", part]) == 0
    folder = weights_dir() / generator.latents.name
    assert sorted(path.name for path in folder.iterdir()) == [f"{part}.md", f"{part}.safetensors"]
    assert learned_part(part, generator.latents.name) == folder / f"{part}.safetensors"
    assert contents(weights_folder()) == before


def test_the_shipped_weights_are_written_where_they_are_named(
    generator: SmallGenerator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pipeline" / "weights").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    output = Path("pipeline") / "weights" / "scorer.safetensors"
    assert main(["train", "scorer", "--output", str(output)]) == 0
    assert output.is_file()
    assert not weights_dir().exists()


def test_a_scorer_that_nothing_would_hold_is_refused_before_the_samples(
    generator: SmallGenerator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scorer, "load_edits", climbed.load_edits)
    monkeypatch.setattr(dataset, "gather_samples", lambda *_: pytest.fail("sampled"))
    assert main(["train", "scorer"]) != 0
    assert "retouchml train edits --model small" in capsys.readouterr().err


def test_few_samples_are_not_climbed(generator: SmallGenerator, tmp_path: Path) -> None:
    path = tmp_path / "scorer.safetensors"
    assert main(["train", "scorer", "--samples", "100", "--output", str(path)]) == 0
    assert len(load_learned(path, "scorer").metadata["explained"].split(",")) == 1
