"""The data set: samples that are drawn once and used again."""

from pathlib import Path

import cv2
import pytest
import torch

from pipeline.training import dataset, sampling
from tests.conftest import at_home
from tests.pipeline.training.stand_ins import SmallGenerator, assert_equal, labellers


def test_gathered_samples_are_kept_by_version_and_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = SmallGenerator()
    monkeypatch.setattr("stylegan2.load", lambda name, device="cpu": generator)
    monkeypatch.setattr(dataset, "load_labellers", labellers)
    for library, name in ((torch, "set_num_threads"), (cv2, "setNumThreads")):
        monkeypatch.setattr(library, name, lambda count: None)  # other tests share this process
    first = dataset.gather_samples("ffhq-mobile", 5, 1)
    assert (len(first), generator.pictures) == (5, 5)
    assert_equal(dataset.gather_samples("ffhq-mobile", 4, 1), first)
    assert generator.pictures == 5
    monkeypatch.setattr(dataset, "VERSION", sampling.VERSION + 1)
    assert len(dataset.gather_samples("ffhq-mobile", 4, 1)) == 4
    assert generator.pictures == 9


def test_the_default_generator_draws_samples_on_a_cpu(
    real_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for library, name in ((torch, "set_num_threads"), (cv2, "setNumThreads")):
        monkeypatch.setattr(library, name, lambda count: None)
    with at_home(real_home):
        drawn = dataset.gather_samples("ffhq-mobile", 2, 1)
    assert len(drawn) >= 2  # other tests may have drawn more
    assert not (drawn.chips[0] == drawn.chips[1]).all()
