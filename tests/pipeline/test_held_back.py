"""What is held back on a face that the photograph shows poorly."""

import pytest

from pipeline.held_back import held_back
from retouchml.look import Look
from retouchml.results import FaceQuality, Trust
from retouchml.sliders import EDITS, TEXTURE


def quality(**trust: float) -> FaceQuality:
    return FaceQuality(trust=Trust(**trust))


def test_a_face_that_shows_everything_has_the_look_as_it_is() -> None:
    look = Look(0.7, edits={"smile": 0.3})
    assert held_back(look, FaceQuality()) is look
    assert held_back(look, FaceQuality(yaw=10.0)) is look


def test_shape_is_held_back_without_the_skin() -> None:
    look = Look(0.8, edits={"yaw": -0.6, "teeth": 0.5})
    held = held_back(look, quality(shape=0.5))
    assert held.strength == pytest.approx(0.4)
    assert held.value("yaw") == pytest.approx(-0.3)
    # a slider that follows the strength does not follow what is held back of it
    for name in ("blemishes", "redness", "eye_whites", "teeth"):
        assert held.value(name) == pytest.approx(look.value(name))


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("skin", {"blemishes", "lines", "evenness", "under_eyes", "redness", "shine"}),
        ("eyes", {"under_eyes", "eye_whites", "irises", "brows_definition"}),
        ("mouth", {"teeth", "lips"}),
    ],
)
def test_each_part_is_held_back_by_its_own_trust(kind: str, names: set[str]) -> None:
    look = Look(1.0)
    held = held_back(look, quality(**{kind: 0.25}))
    less = {name for name, value in look.values.items() if held.value(name) < value}
    assert less == names
    assert all(held.value(name) == pytest.approx(0.25 * look.value(name)) for name in names)


def test_strength_alone_shrinks_where_the_rater_knows_no_such_faces() -> None:
    look = Look(0.8, edits={"smile": -0.6, "jaw": 0.5})
    held = held_back(look, quality(path=0.5))
    assert held.strength == pytest.approx(0.4)
    assert {n: v for n, v in held.values.items() if n != "strength"} == pytest.approx(
        {n: v for n, v in look.values.items() if n != "strength"}
    )


def test_two_doubts_about_the_path_do_not_add_up() -> None:
    assert held_back(Look(0.8), quality(path=0.5, shape=0.25)).strength == pytest.approx(0.2)


def test_a_face_that_cannot_be_trusted_is_left_untouched_and_needs_no_inversion() -> None:
    look = Look(1.0, 0.2, {slider.name: slider.high for slider in EDITS if slider.name != TEXTURE})
    held = held_back(look, quality(shape=0.0, skin=0.0, eyes=0.0, mouth=0.0))
    assert held.untouched
    assert not held.needs_generator
    assert held.texture == 1.0


def test_less_texture_is_taken_from_skin_that_cannot_be_trusted() -> None:
    look = Look(0.8, 0.2)
    assert held_back(look, quality(skin=0.25)).texture == pytest.approx(0.8)
    assert held_back(look, quality(shape=0.25)).texture == pytest.approx(0.2)
