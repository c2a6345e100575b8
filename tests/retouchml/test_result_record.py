"""What editors keep beside a result comes back as it was, and nonsense is no record."""

import json

import pytest

from retouchml.look import Look
from retouchml.result_record import ResultRecord, match, record

BOXES = [(10, 20, 30, 40), (100, 20, 30, 40)]


def test_a_record_is_read_as_it_was_written() -> None:
    made = record("layer", BOXES, {1: Look(0.8, 0.2, {"smile": 0.3, "teeth": 0.0})}, "0.3")
    assert ResultRecord.from_json(made.to_json()) == made
    assert [face.box for face in made.faces] == [BOXES[1]]
    assert made.look == Look(0.8, 0.2, {"smile": 0.3, "teeth": 0.0})


def test_places_of_missed_faces_are_kept_as_far_as_they_are_still_on_the_layer() -> None:
    places = [(0, 0, 30, 40), (90, 0, 30, 40)]
    made = ResultRecord.from_json(record("layer", BOXES, {0: Look()}, "", places).to_json())
    assert made is not None
    assert made.places_within(120, 40) == tuple(places)
    assert made.places_within(119, 40) == (places[0],)
    assert made.places_within(120, 39) == ()
    assert "places" not in record("layer", BOXES, {0: Look()}, "").as_fields()


def test_a_slider_of_another_version_is_left_out_and_a_value_out_of_range_is_limited() -> None:
    fields = record("layer", BOXES, {0: Look(0.8)}, "9").as_fields()
    fields["faces"][0]["look"] |= {"strength": 7, "edits": {"moustache": 1, "smile": -3}}
    made = ResultRecord.from_fields(fields)
    assert made is not None
    assert made.look == Look(1.0, edits={"smile": -1.0})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "[" * 100_000,
        json.dumps({"source": "x", "faces": [{"box": [1, 2, 3], "look": {}}]}),
        json.dumps({"source": "x", "faces": [{"box": [1, 2, 3, 4], "look": {"strength": "much"}}]}),
        json.dumps({"source": "x", "faces": 7}),
        json.dumps({"source": "x", "faces": [], "places": [[1, 2]]}),
        json.dumps({"source": "x", "faces": [], "places": 3}),
    ],
)
def test_nonsense_is_no_record(text: str) -> None:
    assert ResultRecord.from_json(text) is None


def test_the_looks_go_to_the_faces_that_are_still_there() -> None:
    made = record("layer", BOXES, {0: Look(0.1), 1: Look(0.2)}, "")
    assert made.looks([(300, 0, 9, 9), BOXES[1]]) == {1: Look(0.2)}
    assert made.looks([]) == {}


def test_faces_are_found_again_where_they_are() -> None:
    assert match(BOXES, [(101, 21, 30, 40), (400, 0, 30, 40), (10, 20, 30, 40)]) == {0: 1, 2: 0}


def test_a_record_says_whose_pixels_show_a_result_unless_they_are_the_photographs() -> None:
    made = record("layer", BOXES, {0: Look(edits={"age": 1.0}, render="generated"), 1: Look()}, "9")
    first, second = (face["look"] for face in made.as_fields()["faces"])
    assert first["render"] == "generated"
    assert "render" not in second
    assert ResultRecord.from_json(made.to_json()) == made
    first["render"] = "drawn"
    assert (
        ResultRecord.from_fields({**made.as_fields(), "faces": [{"box": [0, 0, 9, 9], "look": first}]})
        is None
    )
