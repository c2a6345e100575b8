import math

import pytest

from retouchml import Look
from retouchml import look as look_module
from retouchml.errors import UsageError
from retouchml.look import FaceChoice, check_looks, choose_faces, parse_edit, parse_faces
from retouchml.results import Face
from retouchml.sliders import BY_NAME, EDITS, EXPRESSION, SHAPE, SLIDERS, Slider


def test_the_defaults_are_those_of_the_design() -> None:
    assert (Look().strength, Look().texture, dict(Look().edits)) == (0.5, 0.85, {})


@pytest.mark.parametrize("strength", [-0.01, 1.01, math.nan, math.inf])
def test_a_strength_outside_0_to_1_is_refused(strength: float) -> None:
    with pytest.raises(UsageError, match="strength"):
        Look(strength=strength)


@pytest.mark.parametrize("texture", [-0.01, 1.01, math.nan])
def test_a_texture_outside_0_to_1_is_refused(texture: float) -> None:
    with pytest.raises(UsageError, match="texture"):
        Look(texture=texture)


@pytest.mark.parametrize("value", [-1.01, 1.01, math.nan])
def test_an_edit_outside_minus_1_to_1_is_refused_by_name(value: float) -> None:
    with pytest.raises(UsageError, match="smile"):
        Look(edits={"smile": value})


def test_the_limits_themselves_are_allowed() -> None:
    look = Look(strength=1, texture=0, edits={"smile": -1, "age": 1})
    assert (look.strength, look.texture, look.edits["smile"], look.edits["age"]) == (1, 0, -1, 1)


@pytest.mark.parametrize(
    ("look", "untouched"),
    [
        (Look(strength=0), True),
        (Look(strength=0, edits={"smile": 0.0}), True),
        (Look(strength=0, texture=0), True),
        (Look(strength=0, edits={"smile": -0.1}), False),
        (Look(strength=0.01), False),
    ],
)
def test_a_look_is_untouched_when_neither_strength_nor_an_edit_does_anything(
    look: Look, untouched: bool
) -> None:
    assert look.untouched is untouched


TEETH = Slider("teeth", "Teeth", "eyes and teeth", 0.0, 1.0, 0.3, "teeth whiter", full=0.6)


@pytest.mark.parametrize(
    ("strength", "value"), [(0.0, 0.0), (0.25, 0.15), (0.5, 0.3), (0.75, 0.45), (1.0, 0.6)]
)
def test_a_local_slider_that_is_not_set_follows_the_strength(
    strength: float, value: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look_module, "BY_NAME", {**BY_NAME, "teeth": TEETH})
    monkeypatch.setattr(look_module, "EDITS", (*EDITS, TEETH))
    assert Look(strength).value("teeth") == pytest.approx(value)
    assert Look(strength, edits={"teeth": 0.0}).value("teeth") == 0
    assert Look(strength, edits={"teeth": 0.9}).value("teeth") == 0.9


def test_a_slider_that_follows_nothing_has_its_default_until_it_is_set() -> None:
    look = Look(0.9, 0.2, {"smile": -0.4})
    assert [look.value(name) for name in ("strength", "texture", "smile", "age")] == [0.9, 0.2, -0.4, 0.0]
    with pytest.raises(UsageError, match="moustache"):
        look.value("moustache")


def test_all_values_are_listed_in_the_order_of_the_table() -> None:
    values = Look(0.25, 0.5, {"age": 0.1}).values
    assert list(values) == [slider.name for slider in SLIDERS]
    assert (values["strength"], values["texture"], values["smile"], values["age"]) == (0.25, 0.5, 0.0, 0.1)


@pytest.mark.parametrize(
    ("look", "needs"),
    [
        (Look(0.0), False),
        (Look(0.01), True),
        (Look(0.0, edits={"smile": 0.2}), True),
        (Look(0.0, edits={"smile": 0.0}), False),
        (Look(0.0, edits={"teeth": 0.5}), False),
        (Look(0.5, edits={"teeth": 0.5}), True),
    ],
)
def test_only_the_path_and_latent_sliders_need_the_generator(look: Look, needs: bool) -> None:
    assert look.needs_generator is needs


def test_a_look_is_changed_by_the_name_of_a_slider() -> None:
    look = Look(0.5, 0.7, {"smile": 0.2})
    assert look.with_values({"strength": 0.8, "age": 0.1}) == Look(0.8, 0.7, {"smile": 0.2, "age": 0.1})
    assert look.with_values({"texture": 0.0, "smile": 0.0}) == Look(0.5, 0.0)
    assert look.with_values({"teeth": 0.0}) == Look(0.5, 0.7, {"smile": 0.2, "teeth": 0.0})
    assert look.without("smile") == Look(0.5, 0.7)
    assert Look(0.9, 0.1).without("strength").without("texture").without("smile") == Look()
    with pytest.raises(UsageError, match="strength is 2"):
        look.with_values({"strength": 2.0})


def test_edits_can_be_changed_neither_in_the_look_nor_through_the_dict_they_came_from() -> None:
    edits = {"smile": 0.5}
    look = Look(edits=edits)
    edits["smile"] = -0.5
    assert look.edits["smile"] == 0.5
    with pytest.raises(TypeError):
        look.edits["smile"] = 1.0  # type: ignore[index]


def test_looks_are_equal_by_value() -> None:
    assert Look(edits={"smile": 0.5}) == Look(edits={"smile": 0.5})
    assert Look(strength=0.5) != Look(strength=0.6)


FACES = tuple(Face((0, 0, side, side), (), 3.0) for side in (10, 30, 20))


@pytest.mark.parametrize(
    ("text", "choice"),
    [("all", "all"), (" Largest ", "largest"), ("0", (0,)), ("2, 0,2", (0, 2)), ("007", (7,))],
)
def test_a_choice_of_faces_is_parsed(text: str, choice: FaceChoice) -> None:
    assert parse_faces(text) == choice


@pytest.mark.parametrize("text", ["", "left", "0,", "-1", "1.5", "٣", "10000", "9" * 5000])
def test_a_choice_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is neither all, nor largest, nor numbers"):
        parse_faces(text)


def test_a_choice_means_numbers_of_faces() -> None:
    assert choose_faces("all", FACES) == (0, 1, 2)
    assert choose_faces("largest", FACES) == (1,)
    assert choose_faces("largest", ()) == ()
    assert choose_faces((2, 0), FACES) == (2, 0)
    with pytest.raises(UsageError, match="no face number 3: the picture has 3 faces, 0 to 2"):
        choose_faces((3,), FACES)


def test_looks_are_checked_for_their_faces_and_their_edits() -> None:
    check_looks({}, ())
    check_looks({2: Look(), 0: Look(edits={"smile": 1.0})}, FACES)
    for face in (3, -1):
        with pytest.raises(UsageError, match=f"no face number {face}: the picture has 3 faces, 0 to 2"):
            check_looks({0: Look(), face: Look(0.0)}, FACES)
    with pytest.raises(UsageError, match="no face number 1: the picture has 1 face, number 0"):
        check_looks({1: Look()}, FACES[:1])
    with pytest.raises(UsageError, match="No face was found"):
        check_looks({0: Look()}, ())


@pytest.mark.parametrize("value", [0.0, 0.5, 0.7])
def test_an_unknown_edit_is_refused_and_the_known_are_named(value: float) -> None:
    with pytest.raises(UsageError, match="There is no slider called moustache") as refused:
        check_looks({0: Look(edits={"moustache": value})}, FACES)
    assert "smile" in refused.value.advice


def test_an_edit_is_a_name_and_a_value_in_range() -> None:
    assert parse_edit(" smile = 0.3") == ("smile", 0.3)
    for text in ("smile", "=0.3", "smile=", "smile=wide"):
        with pytest.raises(UsageError, match="is not NAME=VALUE"):
            parse_edit(text)
    with pytest.raises(UsageError, match="must lie between -1 and 1"):
        parse_edit("smile=nan")
    with pytest.raises(UsageError, match=r"no slider called smiel\. Did you mean smile"):
        parse_edit("smiel=0.3")
    assert parse_edit("strength=0.8") == ("strength", 0.8)
    with pytest.raises(UsageError, match="must lie between 0 and 1"):
        parse_edit("strength=-0.1")


def test_a_value_may_be_written_as_editors_show_it() -> None:
    assert parse_edit("smile=30%") == ("smile", 0.3)
    assert parse_edit("jaw= -25 %") == ("jaw", -0.25)
    for text in ("smile=%", "smile=30%%", "smile=130%"):
        with pytest.raises(UsageError):
            parse_edit(text)


def test_strength_and_texture_are_no_edits_of_a_look() -> None:
    with pytest.raises(UsageError, match="strength is no edit"):
        check_looks({0: Look(edits={"strength": 0.5})}, FACES)
    with pytest.raises(UsageError, match="must lie between 0 and 1"):
        Look(edits={"strength": -0.5})


def test_a_look_is_made_from_a_preset() -> None:
    assert Look.preset("natural") == Look()
    assert Look.preset("strong").strength == 1.0
    with pytest.raises(UsageError, match=r"no preset called srong\. Did you mean strong\?"):
        Look.preset("srong")


@pytest.mark.parametrize(
    ("look", "shows"),
    [
        (Look(1.0, edits={"age": 1.0}), False),
        (Look(1.0, render="generated"), False),
        (Look(1.0, edits={"teeth": 1.0, "jaw": 1.0}, render="generated"), False),
        (Look(0.0, edits={"age": 0.1}, render="generated"), True),
        (Look(0.0, edits={"age": 0.0}, render="generated"), False),
        (Look(0.0, edits={"age": 0.3, "smile": -0.5, "yaw": 1.0, "eyes": 1.0}, render="auto"), False),
        (Look(0.0, edits={"age": -0.31}, render="auto"), True),
        (Look(0.0, edits={"age": 0.1, "smile": 0.6}, render="auto"), True),
        (Look(0.0, edits={"teeth": 1.0}, render="auto"), False),
        (Look(0.0, edits={"hair_lightness": -0.01}, render="auto"), True),
        (Look(0.0, edits={"hair_lightness": 0.01}), True),  # the photograph's own cannot follow it at all
        (Look(0.0, edits={"hair_lightness": 0.0}), False),
    ],
)
def test_the_generators_pixels_show_what_it_is_told_to_or_what_goes_too_far(look: Look, shows: bool) -> None:
    assert look.shows_generated is shows


def test_what_the_photograph_cannot_follow_is_left_out_of_what_it_shows() -> None:
    look = Look(0.4, 0.3, {"age": 0.3, "teeth": 0.2, "hair_lightness": -1.0}, "auto")
    assert look.in_photograph == Look(0.4, 0.3, {"age": 0.3, "teeth": 0.2})


def test_a_turn_needs_no_generator_unless_its_pixels_are_asked_for() -> None:
    look = Look(0.0, edits={"yaw": 1.0, "pitch": -0.5})
    assert not look.needs_generator
    assert look.turn == (1.0, -0.5)
    generated = Look(0.0, edits=look.edits, render="generated")
    assert generated.needs_generator
    assert generated.turn == (0.0, 0.0)
    assert generated.code_edits == dict(look.edits)
    mixed = Look(0.0, edits={"age": 1.0, "yaw": 1.0}, render="auto")
    assert mixed.shows_generated
    assert mixed.code_edits == {"age": 1.0}
    assert mixed.turn == (1.0, 0.0)


def test_a_group_is_unset_as_a_whole_and_the_choice_of_pixels_with_the_expressions() -> None:
    look = Look(0.7, edits={"smile": 0.3, "jaw": 0.2, "teeth": 0.0}, render="auto")
    assert look.without_group(EXPRESSION) == Look(0.7, edits={"jaw": 0.2, "teeth": 0.0})
    assert look.without_group(SHAPE) == Look(0.7, edits={"smile": 0.3, "teeth": 0.0}, render="auto")
    assert Look(0.7, render="auto").without_group(EXPRESSION) == Look(0.7)


def test_another_way_to_render_is_refused_and_the_known_are_named() -> None:
    with pytest.raises(UsageError, match="no way to render called genrated") as refused:
        Look(render="genrated")  # type: ignore[arg-type]
    assert "Did you mean generated?" in refused.value.message
    assert "photo, generated, auto" in refused.value.advice


def test_a_look_keeps_its_way_to_render_while_sliders_move() -> None:
    look = Look(render="auto")
    assert look != Look()
    assert look.with_values({"smile": 0.3}).without("smile") == look
