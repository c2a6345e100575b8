import math

import pytest

from retouchml import Look
from retouchml.errors import UsageError


def test_the_defaults_are_those_of_the_design() -> None:
    assert (Look().strength, Look().texture, dict(Look().edits)) == (0.5, 0.7, {})


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
