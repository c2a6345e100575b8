"""The procedure's arguments: what scripts and the dialog pass as texts."""

import pytest

from plugin_gimp.arguments import (
    KEEP,
    REPLACE,
    Arguments,
    format_edits,
    of_config,
    parse_edits,
    select_faces,
    store,
)
from retouchml.errors import NoFaceError, UsageError
from retouchml.look import Look
from retouchml.look_change import ChosenLook
from retouchml.presets import library
from retouchml.presets.preset_file import Preset
from retouchml.results import Box, Face


def face(box: Box) -> Face:
    return Face(box, ((0.0, 0.0),) * 68, 3.0)


FACES = [face((0, 0, 10, 10)), face((20, 0, 30, 30)), face((60, 0, 20, 20))]


@pytest.mark.parametrize(
    ("text", "edits"),
    [
        ("", {}),
        (" , ", {}),
        ("smile=0.3", {"smile": 0.3}),
        (" smile = 0.3 ,age=-.2,", {"smile": 0.3, "age": -0.2}),
        ("smile=0.3,smile=1", {"smile": 1.0}),
    ],
)
def test_edits_are_read_from_their_text(text: str, edits: dict[str, float]) -> None:
    assert parse_edits(text) == edits


@pytest.mark.parametrize(
    "text", ["smile", "smile=", "=0.3", "smile=much", "smile=0.3;age=1", "smile=1.5", "smile=nan"]
)
def test_what_is_no_edit_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_edits(text)


def test_edits_are_written_as_they_are_read_without_those_that_are_zero() -> None:
    edits = {"smile": 0.35, "age": 0.0, "yaw": -1.0}
    assert format_edits(edits) == "smile=0.35,yaw=-1"
    assert parse_edits(format_edits(edits)) == {"smile": 0.35, "yaw": -1.0}
    assert format_edits({}) == ""


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("all", (0, 1, 2)), (" ALL ", (0, 1, 2)), ("largest", (1,)), ("2", (2,)), ("2, 0,2", (0, 2))],
)
def test_faces_are_selected_by_their_text(text: str, numbers: tuple[int, ...]) -> None:
    assert select_faces(text, FACES) == numbers


@pytest.mark.parametrize("text", ["", "left", "-1", "0;1", "3", "0,3"])
def test_what_selects_no_face_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        select_faces(text, FACES)


@pytest.mark.parametrize("text", ["all", "largest", "0", "left"])
def test_a_layer_without_faces_is_a_sentence_of_its_own(text: str) -> None:
    with pytest.raises(NoFaceError, match="No face was found"):
        select_faces(text, [])


def test_each_selected_face_gets_the_same_look() -> None:
    look = Look(0.6, 0.2, {"smile": 0.3})
    arguments = Arguments(0.6, 0.2, {"smile": 0.3}, "0,2", REPLACE)
    assert arguments.looks(FACES) == {0: look, 2: look}


def test_a_selection_leaves_the_looks_of_the_faces_that_it_means() -> None:
    arguments = Arguments(0.6, 0.2, face_looks="1:strength=0.1")
    assert arguments.looks(FACES, selected=(0, 2)) == {0: Look(0.6, 0.2), 2: Look(0.6, 0.2)}
    with pytest.raises(UsageError, match="beside the faces"):
        Arguments(0.6, 0.2, faces="1").looks(FACES, selected=(0,))


def test_a_number_out_of_range_is_refused_before_anything_is_done() -> None:
    with pytest.raises(UsageError, match="strength is 2"):
        Arguments(2.0, 0.7).looks(FACES)


def test_a_preset_takes_the_place_of_strength_and_texture_and_edits_are_set_after_it() -> None:
    arguments = Arguments(0.1, 0.1, {"smile": 0.2}, preset="strong")
    assert arguments.common == ChosenLook(Look(1.0, edits={"smile": 0.2}), "strong")
    with pytest.raises(UsageError, match="no preset called loud"):
        Arguments(0.1, 0.1, preset="loud").looks(FACES)


def test_the_choice_of_pixels_is_the_look_s_and_a_preset_keeps_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert Arguments(0.6, 0.2, render="generated").common.look == Look(0.6, 0.2, render="generated")
    generated = Preset("own", "Own", "", Look(0.3, render="generated"))
    monkeypatch.setattr(library, "preset", lambda _name: generated)
    assert Arguments(0.6, 0.2, preset="own").common.look.render == "generated"
    assert Arguments(0.6, 0.2, preset="own", render="auto").common.look.render == "auto"


def test_the_dialog_s_choice_of_pixels_is_kept_for_the_next_picture() -> None:
    kept: dict[str, object] = {}

    class Config:
        def set_property(self, name: str, value: object) -> None:
            kept[name] = value

    store(Config(), Look(0.6, edits={"age": 1.0}, render="generated"), REPLACE, keep_earlier=False)
    assert (kept["render"], kept["edits"]) == ("generated", "")


def test_single_faces_may_have_looks_of_their_own() -> None:
    arguments = Arguments(0.6, 0.2, {"smile": 0.3}, face_looks=" 0:preset=strong; 2:strength=0.1,teeth=0 ;")
    assert arguments.looks(FACES) == {
        0: Look(1.0),
        1: Look(0.6, 0.2, {"smile": 0.3}),
        2: Look(0.1, 0.2, {"smile": 0.3, "teeth": 0.0}),
    }
    for text, sentence in (("5:smile=0.1", "no face number 5"), ("smile=0.1", "is not N:NAME=VALUE")):
        with pytest.raises(UsageError, match=sentence):
            Arguments(0.6, 0.2, face_looks=text).looks(FACES)
    with pytest.raises(UsageError, match="Face 0 has a look of its own"):
        Arguments(0.6, 0.2, faces="1", face_looks="0:smile=0.1").looks(FACES)


def test_a_slider_that_follows_the_strength_is_written_though_it_is_0() -> None:
    assert format_edits({"teeth": 0.0, "marks": 0.0}) == "teeth=0"


def test_the_arguments_are_read_from_what_gimp_keeps() -> None:
    class Config:
        def get_property(self, name: str) -> object:
            values = {
                "strength": 0.4,
                "texture": 0.3,
                "edits": "smile=0.1",
                "faces": "0,2",
                "output": REPLACE,
                "preset": "strong",
                "face-looks": "1:smile=0.2",
                "earlier": KEEP,
                "face-at": " 1,2,30,40; 5,6,70,80;",
                "render": "auto",
            }
            return values[name]

    expected = Arguments(
        0.4,
        0.3,
        {"smile": 0.1},
        "0,2",
        REPLACE,
        "strong",
        "1:smile=0.2",
        KEEP,
        ((1, 2, 30, 40), (5, 6, 70, 80)),
        "auto",
    )
    assert of_config(Config()) == expected
