"""The filter's texts, their translations, and the keys of the dialog."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest

import plugin_gimp
from install.editors import light_part
from plugin_gimp.texts import capitalized, preset_title, shipped_title, with_mnemonics
from retouchml import sentences
from retouchml.presets import library
from retouchml.progress import FACE_OF, REMAINING, STAGES
from retouchml.sliders import BY_NAME, EDITS, GROUPS, PATH, SLIDERS, STRENGTH
from retouchml.system.failures import UNEXPECTED
from retouchml.translation import LANGUAGES, SOURCE, Catalogue

FOLDER = Path(plugin_gimp.__file__).parent


def texts() -> set[str]:
    """Everything that the filter translates: literals, sentences that plug-ins share, tables."""
    calls = (
        node
        for path in FOLDER.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_"
    )
    literals = {ast.literal_eval(call.args[0]) for call in calls if isinstance(call.args[0], ast.Constant)}
    titles = {row.title for row in (*SLIDERS, *GROUPS)} | {row.title for row in STAGES}
    shared = {*sentences.ALL, REMAINING, FACE_OF, UNEXPECTED}
    return literals | titles | shared | {slider.help for slider in SLIDERS if slider not in EDITS}


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_letter_is_the_key_of_two_controls_and_those_that_are_always_seen_have_one(language: str) -> None:
    translate = Catalogue.load(language).translated
    keyed = ("_Reset", "_Cancel", "_Apply", "_Beautify", "_Output", "_Keep earlier results")
    others = [translate(text) for text in (*keyed, "Same look for all _faces")]
    seen = ["Preset", BY_NAME[STRENGTH].title, *(group.title for group in GROUPS if group is not PATH)]
    folded = [slider.title for slider in EDITS]
    labels = with_mnemonics([translate(title) for title in (*seen, *folded)], others)
    letters = [match[1].lower() for label in [*others, *labels] if (match := re.search(r"_(\w)", label))]
    assert sorted(set(letters)) == sorted(letters)
    assert all("_" in label for label in labels[: len(seen)])


def test_the_shipped_presets_have_translated_titles_and_the_user_s_own_their_own() -> None:
    presets, _ = library.presets()
    for preset in presets:
        assert preset_title(preset) == preset.title == shipped_title(preset.name)
        assert preset_title(replace(preset, title="Meins", is_own=True)) == "Meins"


def test_a_mnemonic_is_the_first_letter_that_is_free() -> None:
    assert with_mnemonics(["Smile", "Small", "Age"], ["_Save", "No key"]) == ["S_mile", "Sm_all", "A_ge"]


def test_a_title_without_a_free_letter_has_no_mnemonic() -> None:
    assert with_mnemonics(["Ab", "ba", "a-b"]) == ["_Ab", "_ba", "a-b"]


def test_an_underscore_of_a_title_is_no_mnemonic() -> None:
    assert with_mnemonics(["a_b", "a_a"]) == ["_a__b", "a__a"]


def test_a_help_text_becomes_a_sentence() -> None:
    assert capitalized("how much") == "How much"
    assert capitalized("") == ""


def test_translations_are_installed_where_the_filter_looks_for_them() -> None:
    files = light_part.files()
    for language in LANGUAGES:
        if language != SOURCE:
            assert f"retouchml/locale/{language}.mo" in files
