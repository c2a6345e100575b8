"""Changes of looks, as texts give them, and the look of each face."""

import pytest

from retouchml.errors import UsageError
from retouchml.look import Look
from retouchml.look_change import (
    ChosenLook,
    LookChange,
    changes_by_face,
    parse_change,
    parse_face_change,
)


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("strength=0.8, smile = 0.5", LookChange(None, {"strength": 0.8, "smile": 0.5})),
        ("preset=studio", LookChange("studio")),
        ("preset = studio,smile=0.2,", LookChange("studio", {"smile": 0.2})),
        ("smile=0.2,preset=studio", LookChange("studio", {"smile": 0.2})),
        ("smile=0.2,smile=0", LookChange(None, {"smile": 0.0})),
    ],
)
def test_a_change_is_sliders_and_perhaps_a_preset(text: str, change: LookChange) -> None:
    assert parse_change(text) == change


@pytest.mark.parametrize("text", ["", ",", "smile", "preset=", "=1", "smile=wide", "smile=2", "simle=0.2"])
def test_what_is_no_change_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_change(text)


def test_a_face_s_change_begins_with_its_number() -> None:
    assert parse_face_change(" 1 : smile=0.5") == (1, LookChange(None, {"smile": 0.5}))
    for text in (
        "smile=0.5",
        ":smile=0.5",
        "-1:smile=0.5",
        "one:smile=0.5",
        "٣:smile=0.5",
        "1:",
        "12345:smile=0",
    ):
        with pytest.raises(UsageError):
            parse_face_change(text)


def test_a_look_is_changed_from_where_it_is_or_from_a_preset() -> None:
    start = ChosenLook(Look(0.2, 0.3, {"smile": 0.4}))
    assert start.changed(LookChange(None, {"age": 0.1})) == ChosenLook(
        Look(0.2, 0.3, {"smile": 0.4, "age": 0.1}), "natural"
    )
    assert start.changed(LookChange("strong", {"age": 0.1})) == ChosenLook(
        Look(1.0, edits={"age": 0.1}), "strong"
    )
    with pytest.raises(UsageError, match="no preset called loud"):
        start.changed(LookChange("loud"))


def test_of_several_changes_of_a_face_the_later_add_to_the_earlier() -> None:
    changes = [
        (1, LookChange(None, {"smile": 0.1, "age": 0.2})),
        (0, LookChange("strong")),
        (1, LookChange(None, {"smile": 0.3})),
        (0, LookChange("clean", {"smile": 0.1})),
    ]
    assert changes_by_face(changes) == {
        1: LookChange(None, {"smile": 0.3, "age": 0.2}),
        0: LookChange("clean", {"smile": 0.1}),
    }
