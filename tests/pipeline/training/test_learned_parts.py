"""``retouchml train`` scorer, edits and encoder on samples of a small generator: weights and cards."""

from pathlib import Path

import pytest
import torch

from pipeline.encoder import Encoder
from pipeline.latent_network import load_learned, load_network
from pipeline.training import edits as edits_part
from pipeline.training import encoder, scorer
from pipeline.training.sampling import ATTRIBUTES
from retouchml.cli.main import main
from tests.pipeline.training.small import SmallGenerator, samples

COUNT = 400


@pytest.fixture
def generator(monkeypatch: pytest.MonkeyPatch) -> SmallGenerator:
    """Has been sampled already."""
    small = SmallGenerator()
    gathered = samples(small, COUNT)
    monkeypatch.setattr("stylegan2.load", lambda name, device="cpu": small)
    for part in (scorer, edits_part, encoder):
        monkeypatch.setattr(part, "gather", lambda model, count, jobs: gathered)
        monkeypatch.setattr(part, "warn_of_faceless", lambda generator: None)
    monkeypatch.setattr(scorer, "load_recognizer", lambda: None)  # the descriptors are there
    return small


@pytest.mark.parametrize(
    ("part", "outputs"), [("scorer", ("rating",)), ("edits", ATTRIBUTES)], ids=["scorer", "edits"]
)
def test_a_latent_network_is_written_with_its_card(
    part: str,
    outputs: tuple[str, ...],
    generator: SmallGenerator,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "new" / f"{part}.safetensors"
    assert main(["train", part, "--output", str(path)]) == 0
    network, file = load_network(path, part, generator)
    assert network.outputs == outputs
    assert file.metadata["latent_space"] == "small-w"
    assert file.metadata["samples"] == str(COUNT)
    card = path.with_suffix(".md").read_text()
    said = capsys.readouterr().out
    for name, value in zip(outputs, file.metadata["explained"].split(","), strict=True):
        line = f"{name}: explains {value} of the variance on unseen samples"
        assert line in card
        assert line in said
    assert f"written: {path}, {part}.md" in said
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
    said = capsys.readouterr().out.splitlines()[0]
    # The descriptors hold the code: even among thousands of other numbers it is found.
    assert float(said.split()[1]) > 0.3
    assert said in path.with_suffix(".md").read_text()
