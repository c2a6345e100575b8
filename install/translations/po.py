"""Catalogues of translations, in GNU gettext's formats: ``.po``, which people edit, and ``.mo``, compiled."""

import json
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from install.errors import InstallError
from install.translations.texts import Texts

PLURALS = {
    "de": "nplurals=2; plural=(n != 1);",
    "es": "nplurals=2; plural=(n != 1);",
    "fr": "nplurals=2; plural=(n > 1);",
    "ja": "nplurals=1; plural=0;",
    "zh_CN": "nplurals=1; plural=0;",
}
"""The languages, and the rule by which each chooses the plural form for a number."""
_LINE = re.compile(r'(?:(msgid_plural|msgid|msgstr)(?:\[(\d)\])? )?(".*")')


@dataclass(frozen=True)
class Entry:
    """One text of a catalogue.

    plural: the text for many, "" if there is none; translations: one, or one for each plural form; "" for
    those that are missing; place: the module that has the text
    """

    text: str
    translations: tuple[str, ...]
    plural: str = ""
    place: str = ""


def forms(language: str) -> int:
    """How many plural forms a language has."""
    return int(PLURALS[language][len("nplurals=")])


def parse(content: str) -> dict[str, Entry]:
    """The entries of a ``.po`` file, by their text. Raises InstallError for a line that is no part of one."""
    entries = {}
    for block in re.split(r"\n\s*\n", content):
        parts: dict[str, str] = {}
        current = place = ""
        for number, line in enumerate(block.strip().splitlines()):
            if line.startswith("#"):
                place = line[3:] if line.startswith("#: ") else place
                continue
            match = _LINE.fullmatch(line)
            if match is None or not (match[1] or current):
                raise InstallError(f"Line {number + 1} of this entry cannot be read: {block}", "Correct it.")
            current = f"{match[1]}{match[2] or ''}" if match[1] else current
            parts[current] = parts.get(current, "") + json.loads(match[3])
        if parts.get("msgid"):
            translations = tuple(parts[name] for name in sorted(parts) if name.startswith("msgstr"))
            entries[parts["msgid"]] = Entry(
                parts["msgid"], translations, parts.get("msgid_plural", ""), place
            )
    return entries


def merged(language: str, texts: Texts, former: Mapping[str, Entry]) -> list[Entry]:
    """The entries of a language for these texts, with the translations that it has already."""
    entries = []
    for text, place in texts.places.items():
        plural = texts.plurals.get(text, "")
        count = forms(language) if plural else 1
        known = former[text].translations if text in former else ()
        entries.append(Entry(text, (*known, *[""] * count)[:count], plural, place))
    return entries


def as_text(language: str, entries: list[Entry]) -> str:
    """The ``.po`` file."""
    lines = ['msgid ""', 'msgstr ""', *(json.dumps(f"{line}\n") for line in _header(language)), ""]
    place = ""
    for entry in entries:
        if entry.place != place:
            place = entry.place
            lines.append(f"#: {place}")
        lines.append(f"msgid {_quoted(entry.text)}")
        if entry.plural:
            lines.append(f"msgid_plural {_quoted(entry.plural)}")
            lines += [f"msgstr[{n}] {_quoted(each)}" for n, each in enumerate(entry.translations)]
        else:
            lines.append(f"msgstr {_quoted(entry.translations[0])}")
        lines.append("")
    return "\n".join(lines)


def compiled(language: str, entries: list[Entry]) -> bytes:
    """The ``.mo`` file (https://www.gnu.org/software/gettext/manual/html_node/MO-Files.html).

    Texts without a complete translation are left out.
    """
    pairs = {"": "".join(f"{line}\n" for line in _header(language))}
    for entry in entries:
        if all(entry.translations):
            key = f"{entry.text}\0{entry.plural}" if entry.plural else entry.text
            pairs[key] = "\0".join(entry.translations)
    keys = sorted(pairs, key=str.encode)
    start = 7 * 4
    places, data = [], b""
    data_start = start + 16 * len(keys)
    for text in (*keys, *(pairs[key] for key in keys)):
        encoded = text.encode()
        places += [len(encoded), data_start + len(data)]
        data += encoded + b"\0"
    header = struct.pack("<7I", 0x950412DE, 0, len(keys), start, start + 8 * len(keys), 0, data_start)
    return header + struct.pack(f"<{len(places)}I", *places) + data


def _header(language: str) -> list[str]:
    return [
        "Project-Id-Version: RetouchML",
        f"Language: {language}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=UTF-8",
        "Content-Transfer-Encoding: 8bit",
        f"Plural-Forms: {PLURALS[language]}",
    ]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
