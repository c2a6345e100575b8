"""The data set: samples that are drawn once and used again."""

from dataclasses import replace
from multiprocessing.pool import ThreadPool
from pathlib import Path

import cv2
import pytest
import torch

from pipeline.training import dataset, rated
from pipeline.training.labelled import LABELLED
from pipeline.training.rated import RATED
from tests.conftest import at_home
from tests.pipeline.training.stand_ins import QUICK, SmallGenerator, assert_equal

FOURS = replace(QUICK, part=4)


@pytest.fixture
def generator(monkeypatch: pytest.MonkeyPatch) -> SmallGenerator:
    """The only generator there is."""
    generator = SmallGenerator()
    monkeypatch.setattr("stylegan2.load", lambda name, device="cpu": generator)
    for library, name in ((torch, "set_num_threads"), (cv2, "setNumThreads")):
        monkeypatch.setattr(library, name, lambda count: None)  # other tests share this process
    return generator


def test_gathered_samples_are_kept_by_version_and_used_again(generator: SmallGenerator) -> None:
    first = dataset.gather_samples(FOURS, "ffhq-mobile", 6, 1)
    assert (len(first), generator.pictures) == (6, 6)
    assert_equal(dataset.gather_samples(FOURS, "ffhq-mobile", 5, 1), first.first(5))
    assert generator.pictures == 6
    newer = replace(FOURS, version=FOURS.version + 1)
    assert len(dataset.gather_samples(newer, "ffhq-mobile", 4, 1)) == 4
    assert generator.pictures == 10


def test_samples_that_another_rater_rated_are_not_used(generator: SmallGenerator) -> None:
    dataset.gather_samples(replace(FOURS, by=lambda: "one"), "ffhq-mobile", 3, 1)
    dataset.gather_samples(replace(FOURS, by=lambda: "another"), "ffhq-mobile", 3, 1)
    assert generator.pictures == 6
    dataset.gather_samples(replace(FOURS, by=lambda: "one"), "ffhq-mobile", 3, 1)
    assert generator.pictures == 6


def test_rated_samples_are_named_by_the_rater_in_use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert RATED.by is not None
    shipped = RATED.by()
    own = tmp_path / "rater.safetensors"
    own.write_bytes(b"another")
    monkeypatch.setattr(rated, "learned_part", lambda kind: own)
    assert len(shipped) == len(RATED.by()) == 12
    assert RATED.by() != shipped


def test_more_samples_begin_with_those_that_are_there(generator: SmallGenerator) -> None:
    few = dataset.gather_samples(FOURS, "ffhq-mobile", 3, 1)
    many = dataset.gather_samples(FOURS, "ffhq-mobile", 9, 1)
    assert generator.pictures == 9
    assert_equal(many.first(3), few)
    codes = [sample.tobytes() for sample in many.w]
    assert len(set(codes)) == 9  # no part repeats another


def test_it_does_not_matter_how_many_processes_draw_them(
    generator: SmallGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = dataset.gather_samples(FOURS, "ffhq-mobile", 6, 1)
    newer = replace(FOURS, version=FOURS.version + 1)
    monkeypatch.setattr(dataset, "worker_pool", lambda count: ThreadPool(count))
    assert_equal(dataset.gather_samples(newer, "ffhq-mobile", 6, 3), alone)


def test_the_default_generator_draws_samples_on_a_cpu(
    real_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for library, name in ((torch, "set_num_threads"), (cv2, "setNumThreads")):
        monkeypatch.setattr(library, name, lambda count: None)
    with at_home(real_home):
        drawn = dataset.gather_samples(LABELLED, "ffhq-mobile", 2, 1)
    assert len(drawn) >= 2  # other tests may have drawn more
    assert not (drawn.chips[0] == drawn.chips[1]).all()
