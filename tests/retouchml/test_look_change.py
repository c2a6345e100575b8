"""Changes of looks, as texts give them, and the look of each face."""

import pytest

from retouchml.errors import UsageError
from retouchml.look import Look
from retouchml.look_change import (
    ChosenLook,
    FaceLooks,
    LookChange,
    parse_change,
    parse_face_change,
)
from retouchml.results import Face

FACES = tuple(Face((0, 0, side, side), (), 3.0) for side in (10, 30, 20))


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


def test_a_change_of_what_is_no_slider_is_refused() -> None:
    with pytest.raises(UsageError, match="no slider called moustache"):
        ChosenLook().changed(LookChange(None, {"moustache": 0.1}))


def test_of_several_changes_of_a_face_the_later_add_to_the_earlier() -> None:
    common = ChosenLook(Look(0.4, edits={"smile": 0.5}))
    looks = FaceLooks.of(
        common,
        [
            (1, LookChange(None, {"smile": 0.1, "age": 0.2})),
            (0, LookChange("strong")),
            (1, LookChange(None, {"smile": 0.3})),
            (0, LookChange("strong", {"smile": 0.1})),
        ],
    )
    assert looks.by_face("all", FACES) == {
        0: ChosenLook(Look(1.0, edits={"smile": 0.1}), "strong"),
        1: ChosenLook(Look(0.4, edits={"smile": 0.3, "age": 0.2})),
        2: common,
    }
    assert set(looks.by_face((1, 0), FACES)) == {0, 1}


def test_a_look_of_a_face_that_is_not_there_or_not_chosen_is_refused() -> None:
    looks = FaceLooks.of(ChosenLook(), [(3, LookChange("strong"))])
    with pytest.raises(UsageError, match="no face number 3: the picture has 3 faces"):
        looks.by_face("all", FACES)
    looks = FaceLooks.of(ChosenLook(), [(0, LookChange("strong"))])
    for refuse in (
        lambda: looks.by_face("largest", FACES),
        lambda: looks.by_face((1, 2), FACES),
        lambda: looks.check_choice((1, 2)),
    ):
        with pytest.raises(UsageError, match="Face 0 has a look of its own"):
            refuse()
    looks.check_choice("largest")  # which that is, the picture says


def test_a_change_says_whose_pixels_show_a_look_or_leaves_that_alone() -> None:
    face, change = parse_face_change("1:age=1,render=generated")
    assert (face, change) == (1, LookChange(values={"age": 1.0}, render="generated"))
    chosen = ChosenLook().changed(change)
    assert chosen.look.render == "generated"
    assert chosen.changed(parse_change("smile=0.2")).look.render == "generated"
    assert chosen.changed(parse_change("render=photo")).look.render == "photo"
    assert chosen.changed(parse_change("preset=strong")).look.render == "photo"
    with pytest.raises(UsageError, match="no way to render called drawn"):
        parse_change("render=drawn")
