"""``retouchml train scorer --refine``: a scorer learns from photographs, and keeps what else it knows."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

import stylegan2
from pipeline.latent_network import OCTAVES, LatentNetwork, learned_part, load_learned, save_learned
from pipeline.rating_network import RatingNetwork, load_scorer
from pipeline.training import refined_scorer
from pipeline.training.fitting import explained
from pipeline.training.photo_paths import PhotoSamples, photo_paths
from pipeline.training.rating_fit import RatedCodes, fit_scorer
from pipeline.training.rating_fit import Recipe as FitRecipe
from pipeline.training.refined_scorer import Recipe, refine
from pipeline.training.sampling import SampleKind
from retouchml.cli.main import main
from retouchml.paths import weights_dir
from stylegan2.generator import Generator
from tests.conftest import PORTRAIT, at_home
from tests.pipeline.training.stand_ins import WIDTH, SmallGenerator, photo_samples

FIT = FitRecipe(components=WIDTH, hidden=16, members=2, epochs=15, batch=64)
QUICK = Recipe(epochs=15, batch=32, rate=5e-3, codes=300, codes_batch=64)


def codes(count: int, seed: int, *, photographed: bool = False) -> RatedCodes:
    """A function of two octaves, and its gradients; of photographs, whose codes lie apart, half as steep."""
    random = torch.Generator().manual_seed(seed)
    octaves = torch.randn(count, OCTAVES, WIDTH, generator=random) + (1.5 if photographed else 0.0)
    leaf = octaves.clone().requires_grad_(True)
    ways = torch.randn(2, WIDTH, generator=torch.Generator().manual_seed(1)) / WIDTH**0.5
    share = 0.5 if photographed else 1.0
    ratings = 3.0 + share * (0.4 * leaf[:, 1] @ ways[0] + 0.4 * torch.tanh(leaf[:, 3] @ ways[1]))
    (gradients,) = torch.autograd.grad(ratings.sum(), leaf)
    return RatedCodes(octaves, ratings.detach(), gradients.half())


def off(network: RatingNetwork, known: RatedCodes) -> float:
    """R² of what it says."""
    return float(explained(network.values(known.octaves).mean(1), known.ratings))


def test_it_learns_from_photographs_and_what_it_said_of_other_codes_stays() -> None:
    scorer, _ = fit_scorer([codes(1500, 2)], FIT)
    others, unseen = codes(400, 3), codes(200, 5, photographed=True)
    before, said = off(scorer, unseen), scorer.values(others.octaves)
    seen: list[tuple[int, int]] = []
    refined = refine(
        scorer,
        codes(400, 4, photographed=True),
        codes(300, 6).octaves,
        QUICK,
        lambda *done: seen.append(done),
    )
    assert off(refined, unseen) > before + 0.2
    assert off(refined, others) > 0.85
    assert seen[-1] == (QUICK.epochs, QUICK.epochs)
    assert torch.equal(scorer.values(others.octaves), said)
    assert not any(parameter.requires_grad for parameter in refined.parameters())


def test_without_the_other_codes_it_would_forget_them() -> None:
    scorer, _ = fit_scorer([codes(1500, 2)], FIT)
    others, photographed = codes(400, 3), codes(400, 4, photographed=True)
    kept, forgetful = (
        refine(scorer, photographed, codes(300, 6).octaves, replace(QUICK, codes_weight=weight))
        for weight in (2.0, 0.0)
    )
    assert off(kept, others) > off(forgetful, others) + 0.02


@pytest.fixture
def generator(monkeypatch: pytest.MonkeyPatch) -> SmallGenerator:
    """A generator with a scorer of the user's, and photographs that were sampled before."""
    small = SmallGenerator()

    def gather(kind: SampleKind[Any], model: str, count: int, jobs: int) -> PhotoSamples:
        assert kind.name == "photographed"
        return photo_samples(small, count)

    monkeypatch.setattr("stylegan2.load", lambda name, device="cpu": small)
    monkeypatch.setattr(refined_scorer, "gather_samples", gather)
    monkeypatch.setattr(refined_scorer, "Recipe", lambda: QUICK)
    monkeypatch.setattr(refined_scorer, "load_edits", lambda generator: None)
    scorer = RatingNetwork(2, WIDTH, 16)
    scorer.mean += 3.0
    tensors = {f"network.{name}": tensor for name, tensor in scorer.state_dict().items()}
    facts = {"kind": "scorer", "latent_space": "small-w", "samples": "900", "outputs": "rating,rating"}
    save_learned(weights_dir() / "small-w" / "scorer.safetensors", tensors, facts)
    return small


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """A folder with forty pictures."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    for number in range(40):
        cv2.imwrite(str(folder / f"{number}.png"), np.zeros((8, 8, 3), np.uint8))
    return folder


def test_the_scorer_in_use_is_refined_and_written_with_its_card(
    generator: SmallGenerator, photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    used = learned_part("scorer", "small-w")
    before = used.read_bytes()
    path = tmp_path / "scorer.safetensors"
    assert main(["train", "scorer", "--refine", str(photographs), "--output", str(path)]) == 0
    assert used.read_bytes() == before
    assert isinstance(load_scorer(path, generator), RatingNetwork)
    facts = load_learned(path, "scorer").metadata
    assert facts["samples"] == "900"
    assert facts["photographs"] == "39"  # the first shows no face
    card, printed = path.with_suffix(".md").read_text(), capsys.readouterr().out
    assert "rating on unseen photographs' paths: explains" in card
    assert "rating of other codes: moved by" in printed
    assert "It holds no photograph" in card
    assert str(photographs) not in card


def test_without_an_output_it_takes_the_place_of_the_one_in_use(
    generator: SmallGenerator, photographs: Path
) -> None:
    before = learned_part("scorer", "small-w").read_bytes()
    assert main(["train", "scorer", "--refine", str(photographs), "--samples", "120"]) == 0
    assert learned_part("scorer", "small-w").read_bytes() != before
    assert load_learned(learned_part("scorer", "small-w"), "scorer").metadata["photographs"] == "29"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--samples", "60"], "14 of 15 photographs show a face, but 20 are needed"),
        (["--ratings", "pairs.json"], "A taste of your own is not refined on photographs"),
    ],
)
def test_what_cannot_be_refined_is_refused(
    options: Sequence[str],
    message: str,
    generator: SmallGenerator,
    photographs: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = learned_part("scorer", "small-w").read_bytes()
    assert main(["train", "scorer", "--refine", str(photographs), *options]) == 2
    assert message in capsys.readouterr().err
    assert learned_part("scorer", "small-w").read_bytes() == before


def test_a_scorer_of_an_earlier_version_is_refused(
    generator: SmallGenerator, photographs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    earlier = LatentNetwork(("rating",), WIDTH, 8)
    tensors = {f"network.{name}": tensor for name, tensor in earlier.state_dict().items()}
    facts = {"kind": "scorer", "latent_space": "small-w", "outputs": "rating"}
    save_learned(weights_dir() / "small-w" / "scorer.safetensors", tensors, facts)
    assert main(["train", "scorer", "--refine", str(photographs)]) == 2
    assert "Train a new one: retouchml train scorer." in capsys.readouterr().err


@pytest.fixture(scope="module")
def generator_of_zoo(real_home: Path) -> Generator:
    """The default one."""
    with at_home(real_home):
        return stylegan2.load("ffhq-mobile", "cpu")


def test_a_photograph_is_rated_along_its_path(
    generator_of_zoo: Generator, real_home: Path, tmp_path: Path
) -> None:
    cv2.imwrite(str(tmp_path / "plain.png"), np.zeros((64, 64, 3), np.uint8))
    paths = [tmp_path / "plain.png", PORTRAIT]
    with at_home(real_home):
        kind = photo_paths(learned_part("scorer", generator_of_zoo.latents.name), paths)
        measure = kind.measure(generator_of_zoo)
        drawn = {number: lengths for lengths, number in kind.draw(generator_of_zoo, 2, 1)}
        assert sorted(drawn) == [0.0, 1.0]
        rows = [measure(np.array([0.0, 0.5, 1.5, 3.0], np.float32), number) for number in (0.0, 1.0)]
    table = PhotoSamples(*(np.stack(column) for column in zip(*rows, strict=True)))
    assert table.faces.tolist() == [1]
    samples = table.of(table.faces)
    assert samples.octaves.shape == samples.gradients.shape == (4, OCTAVES, generator_of_zoo.w_dim)
    assert samples.ratings[3] > samples.ratings[0] + 0.3
    gone = np.sqrt(np.square(samples.octaves.astype(np.float32) - samples.octaves[0]).sum((1, 2)))
    assert (np.diff(gone) > 0.0).all()
    assert np.abs(samples.gradients).max() > 0.0


def test_photographs_are_drawn_once_each_and_the_same_for_a_seed(tmp_path: Path) -> None:
    paths = [tmp_path / str(number) for number in range(120)]
    kind = photo_paths(tmp_path / "scorer", paths)
    small = SmallGenerator()
    drawn = [list(kind.draw(small, count, seed)) for seed, count in ((1, 50), (2, 50), (3, 20), (2, 50))]
    numbers = [number for part in drawn[:3] for _, number in part]
    assert sorted(numbers) == list(range(120))
    assert all(np.array_equal(a, b) for (a, _), (b, _) in zip(drawn[1], drawn[3], strict=True))
    assert all((np.diff(lengths) >= 0.0).all() for lengths, _ in drawn[0])
