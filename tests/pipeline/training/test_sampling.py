"""Samples of a generator: their shapes, and a run that continues after an interruption."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.appearance import APPEARANCE
from pipeline.training import sampling
from pipeline.training.labelled import ATTRIBUTES, LabelledSamples
from pipeline.training.sampling import collect
from pipeline.training.tables import load_table
from tests.pipeline.synthetic_faces import landmarks
from tests.pipeline.training.stand_ins import QUICK, WIDTH, SmallGenerator, assert_equal, sampled


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two samples a chunk."""
    monkeypatch.setattr(sampling, "_CHUNK", 2)


def test_samples_have_the_shapes_they_say(tmp_path: Path) -> None:
    samples = sampled(tmp_path / "s.npz", 5)
    assert len(samples) == 5
    assert samples.w.shape == (5, 2, WIDTH)
    assert samples.attributes.shape == (5, len(ATTRIBUTES))
    assert samples.attributes[:, ATTRIBUTES.index("age")].tolist() == [30.0] * 5
    assert samples.appearance.shape == (5, len(APPEARANCE))
    assert samples.chips.shape == (5, 112, 112, 3)
    # A picture of one colour: descriptor, chip and activations show it.
    assert np.allclose(samples.descriptors[:, :3], samples.chips[:, 50, 50] / 255.0, atol=0.003)
    assert np.allclose(samples.activations[:, :3], samples.descriptors[:, :3], atol=0.001)
    # Landmarks were measured on a picture twice as large.
    assert np.allclose(samples.landmarks, landmarks((256.0, 256.0), 120.0) / 2.0, atol=1e-3)
    unmixed = samples.crossover > 1024
    assert np.array_equal(samples.w[unmixed, 0], samples.w[unmixed, 1])


def test_an_interrupted_sampling_goes_on_where_it_was_last_written(tmp_path: Path) -> None:
    whole = sampled(tmp_path / "whole.npz", 11)
    path = tmp_path / "parts.npz"
    run = collect(QUICK, SmallGenerator(), 11, 1, path)
    assert [next(run) for _ in range(3)] == [2, 4, 6]
    before = load_table(path, LabelledSamples)
    assert before is not None
    assert len(before) == 6
    generator = SmallGenerator()
    assert_equal(sampled(path, 11, generator), whole)
    assert generator.pictures == 5


def test_what_is_added_to_an_odd_number_of_samples_is_written_down_on_the_way(tmp_path: Path) -> None:
    path = tmp_path / "s.npz"
    sampled(path, 3)
    run = collect(QUICK, SmallGenerator(), 100, 1, path)
    assert [next(run) for _ in range(2)] == [5, 7]
    before = load_table(path, LabelledSamples)
    assert before is not None
    assert len(before) == 7


def test_seeds_differ_and_a_seed_repeats() -> None:
    generator = SmallGenerator()
    first, again, other = (list(sampling.draw(generator, 6, seed)) for seed in (1, 1, 2))
    assert all(np.array_equal(a[0], b[0]) and a[1] == b[1] for a, b in zip(first, again, strict=True))
    assert not any(np.array_equal(a[0], b[0]) for a, b in zip(first, other, strict=True))
