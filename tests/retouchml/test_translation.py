"""Texts in the user's language: which language, and how a sentence finds its translation."""

import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from install.translations import po
from retouchml import translation
from retouchml.client.placed_commands import explain
from retouchml.errors import UsageError
from retouchml.translation import Catalogue, choose, supported

TEXTS = {
    "Skin": "Haut",
    "slider": "Regler",
    "{name} is empty.": "{name} ist leer.",
    "{name} cannot be read: {reason}.": "{name} lässt sich nicht lesen: {reason}.",
    "There is no {kind} called {name}.": "Einen {kind} namens {name} gibt es nicht.",
    "Copy it again.": "Kopieren Sie sie noch einmal.",
    "The disk is full": "Der Datenträger ist voll",
}


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    """A catalogue of these texts, in German."""
    entries = [po.Entry(text, (meaning,)) for text, meaning in TEXTS.items()]
    entries.append(po.Entry("{number} face", ("{number} Gesicht", "{number} Gesichter"), "{number} faces"))
    path = tmp_path / "de.mo"
    path.write_bytes(po.compiled("de", entries))
    with path.open("rb") as file:
        messages = gettext.GNUTranslations(file)
    return Catalogue("de", messages, [text for text in TEXTS if "{" in text])


@pytest.fixture
def german() -> Iterator[None]:
    translation.use("de")
    yield
    translation.use("en")


def test_a_text_is_translated_and_one_without_a_translation_stays(catalogue: Catalogue) -> None:
    assert catalogue.translated("Skin") == "Haut"
    assert catalogue.translated("Bones") == "Bones"
    assert catalogue.translated("") == ""


def test_a_sentence_is_recognised_and_keeps_what_was_filled_in(catalogue: Catalogue) -> None:
    assert catalogue.translated("my {odd} file.png is empty.") == "my {odd} file.png ist leer."
    assert catalogue.translated("two\nlines is empty.") == "two\nlines ist leer."


def test_what_was_filled_in_is_translated_in_turn(catalogue: Catalogue) -> None:
    assert catalogue.translated("There is no slider called x.") == "Einen Regler namens x gibt es nicht."
    nested = "a cannot be read: The disk is full."
    assert catalogue.translated(nested) == "a lässt sich nicht lesen: Der Datenträger ist voll."


def test_a_name_that_is_also_a_text_stays(catalogue: Catalogue) -> None:
    assert catalogue.translated("Skin is empty.") == "Skin ist leer."
    assert (
        catalogue.translated("There is no slider called Skin.") == "Einen Regler namens Skin gibt es nicht."
    )


def test_a_sentence_and_its_advice_in_a_row_are_translated_each(catalogue: Catalogue) -> None:
    assert (
        catalogue.translated("a.png is empty. Copy it again.")
        == "a.png ist leer. Kopieren Sie sie noch einmal."
    )
    # no part of a sentence that is unknown is torn out of it
    assert catalogue.translated("Odd thing. Copy it again.") == "Odd thing. Copy it again."


def test_the_plural_form_is_the_number_s(catalogue: Catalogue) -> None:
    assert catalogue.counted("{number} face", "{number} faces", 1) == "1 Gesicht"
    assert catalogue.counted("{number} face", "{number} faces", 3) == "3 Gesichter"
    assert Catalogue().counted("{number} face", "{number} faces", 1) == "1 face"
    assert Catalogue().counted("{number} face", "{number} faces", 0) == "0 faces"


def test_a_hostile_sentence_costs_no_time_and_stays(catalogue: Catalogue) -> None:
    for sentence in (" cannot be read: " * 200, "x" * 100_000, "is empty. " * 300):
        assert catalogue.translated(sentence) == sentence


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("de_AT.UTF-8", "de"),
        ("fr", "fr"),
        ("es-MX", "es"),
        ("ja_JP.eucJP", "ja"),
        ("zh_CN.UTF-8", "zh_CN"),
        ("zh-Hans-SG", "zh_CN"),
        ("zh_TW.UTF-8", ""),  # who reads traditional letters is better served in English
        ("zh-Hant", ""),
        ("C.UTF-8", "en"),
        ("en_GB", "en"),
        ("pt_BR", ""),
        ("", ""),
    ],
)
def test_a_locale_has_its_language(name: str, language: str) -> None:
    assert supported(name) == language


def test_the_language_is_the_variable_s_then_the_setting_s_then_the_editor_s_then_the_locale_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETOUCHML_HOME", str(tmp_path))
    environment = {"LANG": "ja_JP.UTF-8", "LANGUAGE": "pt:fr:de"}
    assert choose(environment={"LANG": "ja_JP.UTF-8"}) == "ja"
    assert choose(environment=environment) == "fr"
    assert choose(editor="es_ES", environment=environment) == "es"
    settings = tmp_path / "config" / "config.toml"
    settings.parent.mkdir()
    settings.write_text('language = "zh_CN"\n')
    assert choose(editor="es_ES", environment=environment) == "zh_CN"
    assert choose(environment={"RETOUCHML_LANGUAGE": "de", **environment}) == "de"
    assert choose(environment={"RETOUCHML_LANGUAGE": "xx", **environment}) == "en"


def test_a_damaged_or_missing_catalogue_leaves_english(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translation, "_FOLDER", tmp_path)
    assert Catalogue.load("de").language == "en"
    for content in (b"", b"\xde\x12\x04\x95", b"\xde\x12\x04\x95" + b"\xff" * 40, b"no catalogue at all"):
        (tmp_path / "de.mo").write_bytes(content)
        assert Catalogue.load("de").translated("Skin") == "Skin"


@pytest.mark.usefixtures("german")
def test_the_shipped_catalogue_is_used() -> None:
    assert translation.language() == "de"
    assert translation.translated("Strength") == "Stärke"


@pytest.mark.usefixtures("german")
def test_an_editor_shows_an_error_in_its_language_and_the_error_itself_stays_english() -> None:
    error = UsageError("No face is ticked.", "Move a slider.")
    assert explain(error) == "Kein Gesicht ist angekreuzt. Bewegen Sie einen Regler."
    assert str(error) == "No face is ticked."


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize("name", ["Skin", "options"])
@pytest.mark.parametrize(
    "sentence",
    [
        "There is a preset called {} already.",
        "{} cannot be the name of a preset.",
        "{} is saved.",
        "{} cannot be read: Odd.",
        "{} changes nothing.",
        "Make {} writable for you.",
    ],
)
def test_a_name_of_one_s_own_is_in_no_sentence_translated(sentence: str, name: str) -> None:
    english = sentence.format(name)
    german = translation.translated(english)
    assert german != english, "the sentence is translated"
    assert name in german


@pytest.mark.usefixtures("german")
def test_a_misspelt_slider_and_what_is_meant_are_translated_around_their_names() -> None:
    sentence = translation.translated("There is no slider called Skn. Did you mean Skin?")
    assert "Skn" in sentence
    assert "Skin" in sentence
    assert not re.search(r"There|slider|mean", sentence)


def test_chinese_and_japanese_sentences_stand_without_a_space() -> None:
    assert Catalogue().joined("空です。", "", "もう一度。") == "空です。もう一度。"
    assert Catalogue().joined("It is empty.", "Try again.") == "It is empty. Try again."
