"""A known taste is learned from 300 pairs of the real generator's faces."""

from pathlib import Path

import cv2
import pytest
import torch

import stylegan2
from benchmarks import taste
from pipeline.taste.representation import load_representation
from pipeline.training import dataset
from pipeline.training.labelled import LABELLED
from tests.conftest import at_home

POOL, UNSEEN = 80, 60


@pytest.fixture
def faces(real_home: Path, monkeypatch: pytest.MonkeyPatch) -> taste.Faces:
    """Faces of the default generator, and what instruments see of them."""
    for library, name in ((torch, "set_num_threads"), (cv2, "setNumThreads")):
        monkeypatch.setattr(library, name, lambda count: None)  # other tests share this process
    with at_home(real_home):
        representation = load_representation(stylegan2.load("ffhq-mobile", "cpu"))
        drawn = dataset.gather_samples(LABELLED, "ffhq-mobile", POOL + UNSEEN, 1)
        return taste.load_faces(drawn, representation, POOL)


@pytest.mark.slow
def test_a_simulated_rater_is_recovered_from_300_pairs(faces: taste.Faces) -> None:
    wanted = faces.tastes["young and smiling"]
    answers = taste.compare(faces, wanted, 300, 0, active=True)
    asked = {face for answer in answers.answers for face in answer.faces}
    assert max(asked) < POOL  # the others are unseen
    of_pictures, of_codes = taste.agreement(faces, wanted, answers)
    assert of_pictures >= 0.6
    assert of_codes >= 0.4  # the code alone tells less
    assert taste.agreement(faces, faces.tastes["old, with glasses"], answers)[0] < 0.3  # nor is it luck
