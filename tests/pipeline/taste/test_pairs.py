"""Pairs are chosen so that fewer answers tell as much."""

from itertools import pairwise

import numpy as np
import pytest

from pipeline.taste.answers import LEFT, RIGHT, TIE, Answer, Answers
from pipeline.taste.bradley_terry import fit, probabilities
from pipeline.taste.pairs import PairChooser, offsets_of

_SIZE, _FACES = 20, 160
NONE = Answers("ratings", "small", "w", 7)


def features(seed: int) -> np.ndarray:
    """Features of which some vary more than others, as those of faces do."""
    random = np.random.default_rng(seed)
    return np.asarray(random.standard_normal((_FACES, _SIZE)) * np.linspace(1.5, 0.3, _SIZE) / _SIZE**0.5)


def learned(seed: int, count: int, *, active: bool) -> float:
    """Correlation of the learned score with the taste, on all faces."""
    table, random = features(seed), np.random.default_rng(seed + 100)
    taste = table @ random.standard_normal(_SIZE)
    taste /= taste.std()
    chooser, answers = PairChooser(lambda: (range(_FACES), table), seed), NONE
    for _ in range(count):
        drawn = random.choice(_FACES, 2, replace=False).tolist()
        left, right = chooser(answers, ()) if active else drawn
        chances = probabilities(np.array([2.0 * (taste[left] - taste[right])]), 0.4)[0]
        answers = answers.with_answer(Answer((left, right), random.choice([LEFT, TIE, RIGHT], p=chances)))
    return float(np.corrcoef(table @ fit(*offsets_of(range(_FACES), table, answers)).mean, taste)[0, 1])


@pytest.mark.slow
def test_chosen_pairs_tell_more_than_random_ones() -> None:
    active, random = ([learned(seed, 80, active=way) for seed in range(4)] for way in (True, False))
    assert np.mean(active) > np.mean(random) + 0.02
    assert np.mean(active) > 0.8


def test_no_pair_is_asked_twice_and_no_face_twice_in_a_row() -> None:
    table = features(0)
    chooser, answers = PairChooser(lambda: (range(_FACES), table), 0), NONE
    for number in range(60):
        pair = chooser(answers, ())
        answers = answers.with_answer(Answer(pair, (LEFT, RIGHT)[number % 2]))
    pairs = [frozenset(answer.faces) for answer in answers.answers]
    assert len(set(pairs)) == 60
    assert all(len(pair) == 2 for pair in pairs)
    assert not any(one & other for one, other in pairwise(pairs))


def test_an_open_pair_is_not_asked_again() -> None:
    table = features(0)
    chooser, answers = PairChooser(lambda: (range(_FACES), table), 0), NONE
    for number in range(20):
        answers = answers.with_answer(Answer(chooser(answers, ()), (LEFT, RIGHT)[number % 2]))
    first = chooser(answers, ())
    second = chooser(answers, (first,))
    assert not set(first) & set(second)


@pytest.mark.parametrize("known", [0, 5, 39])
def test_pairs_are_asked_before_faces_are_measured(known: int) -> None:
    chooser = PairChooser(lambda: (range(known), features(0)[:known]), 0)
    answers = NONE
    for _ in range(15):
        answers = answers.with_answer(Answer(chooser(answers, ()), LEFT))
    assert len(answers.answers) == 15


def test_answers_on_faces_that_are_not_measured_wait() -> None:
    answers = NONE.with_answer(Answer((0, 1), LEFT)).with_answer(Answer((0, 900), RIGHT))
    offsets, outcomes = offsets_of((0, 1), np.array([[1.0, 2.0], [0.5, 4.0]]), answers)
    assert offsets.tolist() == [[0.5, -2.0]]
    assert outcomes.tolist() == [1.0]
