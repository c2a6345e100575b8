"""The model cards: those that the commands write, and those of the shipped weights."""

import re
from pathlib import Path

import pytest
import torch

from pipeline.latent_network import load_learned, weights_folder
from pipeline.training.saving import GENERATED, save_part
from retouchml.cli.train import PARTS

HEADINGS = ["Figures", "Groups", "Limits", "What it must not be used for", "Licence"]


def test_a_card_says_data_command_figures_groups_limits_uses_and_licence(tmp_path: Path) -> None:
    save_part(
        tmp_path / "part.safetensors",
        {"x": torch.zeros(1)},
        {"kind": "part"},
        title="A part",
        data="Fitted on nothing.",
        figures="explains 0.5\n",
        command="retouchml train part",
        groups=GENERATED,
        limits="It knows nothing.",
    )
    card = (tmp_path / "part.md").read_text()
    assert re.findall(r"^## (.+)$", card, re.M) == HEADINGS
    for said in (
        "Fitted on nothing.",
        "explains 0.5",
        "`retouchml train part`",
        GENERATED,
        "It knows nothing.",
    ):
        assert said in card
    assert "| kind | part |" in card
    assert card.endswith("\n")


@pytest.mark.parametrize(
    "weights", sorted(weights_folder().glob("*.safetensors")), ids=lambda path: path.stem
)
def test_every_shipped_weight_has_a_whole_card_with_the_facts_of_its_file(weights: Path) -> None:
    card = weights.with_suffix(".md").read_text()
    assert re.findall(r"^## (.+)$", card, re.M) == HEADINGS
    (part,) = re.findall(r"^Command: `retouchml train (\w+) ", card, re.M)
    assert part in PARTS
    kind = re.search(r"^\| kind \| (\w+) \|$", card, re.M)
    assert kind is not None
    for name, value in load_learned(weights, kind[1]).metadata.items():
        assert f"| {name} | {value} |" in card
