"""Catalogues: written, read, merged and compiled."""

import gettext
from io import BytesIO

import pytest

from install.errors import InstallError
from install.translations import po
from install.translations.texts import Texts

ENTRIES = [
    po.Entry('A "quoted" text\n', ("Ein „Text“\\",), place="a.py"),
    po.Entry("{number} face", ("{number} Gesicht", "{number} Gesichter"), "{number} faces", "a.py"),
    po.Entry("Later", ("",), place="b.py"),
]


def test_what_is_written_is_read_again() -> None:
    assert [(entry.text, entry.translations, entry.plural) for entry in ENTRIES] == [
        (entry.text, entry.translations, entry.plural)
        for entry in po.parse(po.as_text("de", ENTRIES)).values()
    ]


def test_an_entry_of_several_lines_is_read() -> None:
    text = '#: a.py\n# a comment\nmsgid ""\n"One "\n"text"\nmsgstr "Ein "\n"Text"\n'
    assert po.parse(text)["One text"].translations == ("Ein Text",)


def test_a_line_that_is_no_part_of_a_catalogue_is_named() -> None:
    with pytest.raises(InstallError, match="Line 2"):
        po.parse('msgid "One"\nmsgtr "Ein"\n')


def test_a_compiled_catalogue_says_what_was_translated() -> None:
    messages = gettext.GNUTranslations(BytesIO(po.compiled("de", ENTRIES)))
    assert messages.gettext('A "quoted" text\n') == "Ein „Text“\\"
    assert messages.gettext("Later") == "Later"
    assert [messages.ngettext("{number} face", "{number} faces", n) for n in (0, 1, 2)] == [
        "{number} Gesichter",
        "{number} Gesicht",
        "{number} Gesichter",
    ]


@pytest.mark.parametrize(
    ("language", "form_of_zero"), [("fr", "a"), ("es", "b"), ("ja", "a"), ("zh_CN", "a")]
)
def test_each_language_has_its_own_rule_for_plurals(language: str, form_of_zero: str) -> None:
    entry = po.Entry("one", ("a", "b")[: po.forms(language)], "many")
    messages = gettext.GNUTranslations(BytesIO(po.compiled(language, [entry])))
    assert messages.ngettext("one", "many", 0) == form_of_zero
    assert messages.ngettext("one", "many", 1) == "a"


def test_a_merge_keeps_translations_adds_new_texts_and_drops_those_that_are_gone() -> None:
    former = {entry.text: entry for entry in ENTRIES}
    texts = Texts({"{number} face": "c.py", "New": "c.py"}, {"{number} face": "{number} faces"})
    merged = po.merged("de", texts, former)
    assert [(entry.text, entry.translations) for entry in merged] == [
        ("{number} face", ("{number} Gesicht", "{number} Gesichter")),
        ("New", ("",)),
    ]
    assert po.merged("ja", texts, {})[0].translations == ("",)
