"""The filter's texts and their translations."""

import ast
import gettext
import re
from pathlib import Path

import pytest

import plugin_gimp
from tests.install.loading import installer

FOLDER = Path(plugin_gimp.__file__).parent
LOCALE = FOLDER / "locale"
LANGUAGES = sorted(path.stem for path in LOCALE.glob("*.po"))


def texts() -> set[str]:
    """All that the code hands to gettext."""
    calls = (
        node
        for path in FOLDER.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_"
    )
    return {ast.literal_eval(call.args[0]) for call in calls}


def entries(path: Path) -> dict[str, str]:
    """Text → translation of a .po or .pot file with one line for each."""
    found = re.findall(r'^msgid (".+")\nmsgstr (".*")$', path.read_text(encoding="utf-8"), re.MULTILINE)
    return {ast.literal_eval(text): ast.literal_eval(meaning) for text, meaning in found if text != '""'}


def translation(language: str) -> gettext.NullTranslations:
    return gettext.translation("retouchml", LOCALE, [language])


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"{[^}]*}", text))


def test_the_template_holds_every_text_and_no_other() -> None:
    assert set(entries(LOCALE / "retouchml.pot")) == texts()


def test_there_is_a_translation() -> None:
    assert "de" in LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_is_complete_and_compiled(language: str) -> None:
    written, compiled = entries(LOCALE / f"{language}.po"), translation(language)
    assert set(written) == texts()
    assert {text: compiled.gettext(text) for text in written} == written


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_keeps_what_is_filled_in(language: str) -> None:
    for text, meaning in entries(LOCALE / f"{language}.po").items():
        assert meaning
        assert placeholders(meaning) == placeholders(text)


@pytest.mark.parametrize("language", ["", *LANGUAGES])
def test_no_letter_is_underlined_twice_in_the_dialog(language: str) -> None:
    from plugin_gimp.messages import LABELS

    said = translation(language).gettext if language else str
    shown = ["_Reset", "_Cancel", "_Beautify", "_Strength", "_Texture", "_Output", *LABELS.values()]
    letters = [said(text).split("_")[1][0].lower() for text in shown]
    assert sorted(set(letters)) == sorted(letters)


def test_translations_are_installed_where_the_filter_looks_for_them() -> None:
    files = installer("install.actions.gimp").own_files()
    for language in LANGUAGES:
        assert f"locale/{language}/LC_MESSAGES/retouchml.mo" in files
