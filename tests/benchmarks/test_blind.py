"""``benchmarks.blind``: which side is which, and the count of the answers."""

import numpy as np
import pytest

from benchmarks.blind import Answer, count_answers, pair_of, read_answers
from retouchml.errors import UsageError

BEFORE, AFTER = np.zeros((8, 8, 3), np.float32), np.ones((8, 8, 3), np.float32)


@pytest.mark.parametrize("retouched", ["left", "right"])
def test_the_retouched_picture_stands_where_the_key_says(retouched: str) -> None:
    pair = pair_of(BEFORE, AFTER, retouched, 32)
    means = {"left": pair[:, :32].mean(), "right": pair[:, -32:].mean()}
    assert means.pop(retouched) == 255.0
    assert list(means.values()) == [0.0]


def test_answers_are_counted_by_the_key_and_not_by_the_side() -> None:
    answers = [
        Answer("01", "left", 3, ""),
        Answer("02", "left", 1, "grey tooth"),
        Answer("03", "same", 0, ""),
        Answer("04", "right", 2, ""),
    ]
    counts = count_answers(answers, {"01": "left", "02": "right", "03": "left", "04": "right"})
    assert (counts.pairs, counts.preferred, counts.original) == (4, 2, 1)
    assert (counts.seen, counts.artefacts) == (2, 1)


def test_answers_are_read_with_or_without_artefacts() -> None:
    text = "pair\tbetter\tseen\tartefacts\n1\tleft\t2\n02\tsame\t0\tnone\n3\tright\t3\tgreen jaw\n"
    assert read_answers(text) == [
        Answer("01", "left", 2, ""),
        Answer("02", "same", 0, ""),
        Answer("03", "right", 3, "green jaw"),
    ]


@pytest.mark.parametrize("line", ["1\tmiddle\t2", "1\tleft\t4", "1\tleft\tx\tgreen", "1"])
def test_a_line_that_is_no_answer_is_refused(line: str) -> None:
    with pytest.raises(UsageError, match="is no answer"):
        read_answers(line)


def test_each_pair_needs_one_answer() -> None:
    with pytest.raises(UsageError, match="one for each pair"):
        count_answers([Answer("01", "left", 2, "")], {"01": "left", "02": "right"})
