"""A look in a few words."""

import pytest

from retouchml.look import Look
from retouchml.look_words import words_of
from retouchml.presets import library


@pytest.mark.parametrize(
    ("look", "words"),
    [
        (Look(), "Natural"),
        (Look.preset("skin-only"), "Skin only"),
        (Look(0.6), "Strength 60"),
        (Look(0.6, edits={"smile": -0.2}), "Strength 60, Smile -20"),
        (Look(0.6, 0.5, {"jaw": 0.1, "smile": 0.2}), "Strength 60, Texture 50, Jaw 10, …"),
    ],
)
def test_a_look_is_its_preset_or_what_is_set(look: Look, words: str) -> None:
    assert words_of(look, library.presets()[0]) == words


def test_titles_are_translated() -> None:
    assert words_of(Look(0.6), (), str.upper) == "STRENGTH 60"
