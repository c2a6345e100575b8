"""Samples from paths of a scorer, and the identity metric's: of the default generator."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

import stylegan2
from pipeline.ascent import Ascent
from pipeline.identity import image_chip
from pipeline.latent_network import OCTAVES, layer_octaves, weights_folder
from pipeline.rating_network import load_scorer
from pipeline.training.climbed import climbed
from pipeline.training.code_pictures import CodePictures, related_octaves
from pipeline.training.identity import DESCRIBED
from pipeline.training.labellers import load_recognizer
from stylegan2.generator import Generator
from tests.conftest import at_home
from tests.pipeline.training.stand_ins import SmallGenerator


@pytest.fixture(scope="module")
def generator(real_home: Path) -> Generator:
    with at_home(real_home):
        return stylegan2.load("ffhq-mobile", "cpu")


def test_octaves_are_related_as_in_inversions_and_the_same_for_a_seed() -> None:
    first, again = (
        np.stack([octaves for octaves, _ in related_octaves(SmallGenerator(), 200, 1)]) for _ in range(2)
    )
    assert np.array_equal(first, again)
    pairs = np.mean(first[:, 0] * first[:, 1]) / np.mean(first**2)
    assert 0.5 < pairs < 0.9
    assert not np.allclose(first[:, 0], first[:, 1])


def test_a_climbed_sample_lies_where_the_scorer_says_more(generator: Generator, real_home: Path) -> None:
    scorer_file = weights_folder() / "scorer.safetensors"
    kind = climbed(scorer_file)
    with at_home(real_home):
        measure = kind.measure(generator)
        starts = [octaves for octaves, _ in related_octaves(generator, 3, 5)]
        rows = [measure(start, length) for start in starts for length in (0.0, 2.0)]
    table = kind.table(*(np.stack(column) for column in zip(*rows, strict=True)))
    assert table.octaves.shape == table.gradients.shape == (6, OCTAVES, generator.w_dim)
    at_start, further = table.octaves[::2].astype(np.float32), table.octaves[1::2].astype(np.float32)
    assert np.allclose(at_start, starts, atol=0.02)
    # octaves of more than 256 px are as they were, and the others have gone as far as they were asked to
    free = [octave for octave in range(OCTAVES) if 4 << octave <= Ascent().finest]
    gone = np.sqrt(np.square(further - at_start)[:, free].sum(2).mean(1))
    assert gone == pytest.approx(2.0, rel=0.1)
    assert np.allclose(further[:, len(free) :], at_start[:, len(free) :], atol=1e-3)
    scorer = load_scorer(scorer_file, generator)
    said = [scorer.values(torch.from_numpy(part)).mean(1) for part in (at_start, further)]
    assert bool((said[1] > said[0] + 0.3).all())
    assert table.ratings[1::2].mean() > table.ratings[::2].mean()


def test_they_are_named_by_the_rater_and_by_the_scorer(tmp_path: Path) -> None:
    shipped = climbed(weights_folder() / "scorer.safetensors").by
    other_file = tmp_path / "other.safetensors"
    other_file.write_bytes(b"another")
    other = climbed(other_file).by
    assert shipped is not None
    assert other is not None
    assert shipped() != other()
    assert shipped().split("-")[0] == other().split("-")[0]


def test_a_described_gradient_is_that_of_the_descriptor(generator: Generator, real_home: Path) -> None:
    with at_home(real_home):
        measure = DESCRIBED.measure(generator)
        pictures, recognizer = CodePictures.load(generator), load_recognizer()
    layers = layer_octaves(generator.layers)

    def projected(codes: Tensor, points: NDArray[np.float64], way: Tensor) -> float:
        with torch.no_grad():
            return float(recognizer.see_chip(image_chip(pictures(codes[layers])[0], points))[0] @ way)

    rises = []
    for octaves, seed in DESCRIBED.draw(generator, 3, 4):
        (gradient,) = measure(octaves, seed)
        way = torch.from_numpy(np.random.default_rng(int(seed)).standard_normal(128)).float()
        slope, start = torch.from_numpy(gradient.astype(np.float32)), torch.from_numpy(octaves)
        step = 0.05 * slope / slope.norm()
        _, points = pictures(start[layers])
        risen = projected(start + step, points, way) - projected(start - step, points, way)
        rises.append(risen / (0.1 * float(slope.norm())))
    assert np.median(rises) == pytest.approx(1.0, abs=0.3)
