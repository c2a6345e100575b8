"""The translations that come with RetouchML: well-formed, compiled, and saying what the English says."""

import re
from functools import cache
from pathlib import Path

import pytest

from install.translations import po
from install.translations.texts import collect
from retouchml.translation import LANGUAGES, SOURCE, Catalogue

TOP = Path(__file__).parents[1]
LOCALE = TOP / "retouchml" / "locale"

each_language = pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {SOURCE}))


@cache
def entries(language: str) -> dict[str, po.Entry]:
    """The entries of a language that are translated."""
    found = po.parse((LOCALE / f"{language}.po").read_text(encoding="utf-8"))
    return {text: entry for text, entry in found.items() if all(entry.translations)}


def typed(text: str) -> list[str]:
    """What a person types: commands between backticks, options, variables."""
    return [*text.split("`")[1::2], *re.findall(r"--[a-z][a-z-]+|\b[A-Z]+_[A-Z_]+\b", text)]


def test_every_language_has_a_catalogue_and_a_rule_for_plurals() -> None:
    assert {path.stem for path in LOCALE.glob("*.po")} == set(po.PLURALS) == set(LANGUAGES) - {SOURCE}


@each_language
def test_every_text_of_the_code_is_translated_and_no_other(language: str) -> None:
    texts = collect(TOP)
    assert set(entries(language)) == set(texts.places), "run `python3 install translations`, then translate"
    assert {text: entry.plural for text, entry in entries(language).items() if entry.plural} == texts.plurals


@each_language
def test_the_compiled_catalogue_is_that_of_the_texts(language: str) -> None:
    compiled = po.compiled(language, list(entries(language).values()))
    assert (LOCALE / f"{language}.mo").read_bytes() == compiled, "run `python3 install translations`"


@each_language
def test_a_translation_keeps_what_is_filled_in(language: str) -> None:
    for text, entry in entries(language).items():
        for translation in entry.translations:
            assert sorted(set(re.findall(r"{\w*}", translation))) == sorted(set(re.findall(r"{\w*}", text)))


@each_language
def test_a_translation_keeps_commands_and_options_as_they_are_typed(language: str) -> None:
    for text, entry in entries(language).items():
        for translation in entry.translations:
            assert set(typed(text)) == set(typed(translation)), text


@each_language
def test_a_translation_has_a_key_where_the_english_has_one(language: str) -> None:
    for text, entry in entries(language).items():
        if text.count("_") == 1 and not re.search(r"[`{=]|[A-Z]{2}", text):
            assert [re.sub(r"_\w", "", each).count("_") for each in entry.translations] == [0], text
            assert [len(re.findall(r"_\w", each)) for each in entry.translations] == [1], text


@each_language
def test_a_translation_begins_and_ends_as_the_english_does(language: str) -> None:
    for text, entry in entries(language).items():
        for translation in entry.translations:
            assert text.endswith(" ") == translation.endswith(" "), text
            if not text.endswith("..."):
                assert text.endswith(".") == translation.endswith((".", "。")), text
            assert text.count("\n") == translation.count("\n"), text


@each_language
def test_a_sentence_that_is_filled_in_finds_its_own_translation(language: str) -> None:
    catalogue = Catalogue.load(language)
    sentence = catalogue.translated("portrait.png is empty. Copy or export it again from its original.")
    assert sentence.startswith("portrait.png") or "portrait.png" in sentence
    assert "empty" not in sentence
    assert "Copy" not in sentence
