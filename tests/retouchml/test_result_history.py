"""The last results of a document, as a text that the editor keeps."""

import json

import pytest

from retouchml.look import Look
from retouchml.result_history import MOST, PastResult, ResultHistory
from retouchml.result_record import FaceRecord, ResultRecord


def result(strength: float, source: str = "7") -> PastResult:
    record = ResultRecord(
        source, (FaceRecord((1, 2, 30, 40), Look(strength, edits={"smile": 0.2})),), "0.2.0"
    )
    return PastResult(record, b"\x89PNG")


def test_the_newest_is_the_first_and_the_oldest_is_forgotten() -> None:
    history = ResultHistory()
    for number in range(MOST + 2):
        history = history.with_result(result(number / 20))
    assert [each.record.look.strength for each in history.results] == [
        number / 20 for number in range(MOST + 1, 1, -1)
    ]


def test_a_result_that_was_made_alike_moves_to_the_front() -> None:
    history = ResultHistory().with_result(result(0.1)).with_result(result(0.2)).with_result(result(0.1))
    assert [each.record.look.strength for each in history.results] == [0.1, 0.2]


def test_the_same_look_on_another_layer_is_another_result() -> None:
    history = ResultHistory().with_result(result(0.1, "7")).with_result(result(0.1, "9"))
    assert history.results == (result(0.1, "9"), result(0.1, "7"))


def test_it_is_read_as_it_was_written() -> None:
    history = ResultHistory((result(0.1), result(0.2, "9")))
    assert ResultHistory.from_json(history.to_json()) == history
    assert history.of_source("9") == (result(0.2, "9"),)


@pytest.mark.parametrize("text", ["", "7", "{}", "[7]", '[{"record": {}}]', "[" * 100_000])
def test_what_makes_no_sense_is_left_out(text: str) -> None:
    assert ResultHistory.from_json(text) == ResultHistory()


def test_a_picture_that_makes_no_sense_or_is_too_large_leaves_the_look() -> None:
    fields = result(0.3).as_fields()
    for picture in ("%", "QUJD" * 40_000):
        text = json.dumps([{**fields, "picture": picture}])
        assert ResultHistory.from_json(text).results == (PastResult(result(0.3).record),)
