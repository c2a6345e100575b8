"""Texts in the user's language, from the catalogues in ``locale/`` (gettext).

The source is English. Errors, answers of the daemon, JSON and logs carry English sentences; the program that
shows one to a person translates it. So one daemon serves clients of several languages, and what it sends and
logs stays the same. A sentence in which something was filled in is recognised by its template in the
catalogue, such as "{name} is empty."; a reason or an advice that was filled in is translated in turn, a name
or a path is not. A text without a translation stays English.

``python3 install translations`` collects the texts and makes the catalogues. Standard library only.
"""

import gettext
import os
import re
import struct
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class Language(NamedTuple):
    """A language that RetouchML speaks.

    name: its own for itself; decimal_mark: what stands before the decimals of a number
    """

    name: str
    decimal_mark: str


LANGUAGES = {
    "en": Language("English", "."),
    "de": Language("Deutsch", ","),
    "es": Language("Español", ","),
    "fr": Language("Français", ","),
    "ja": Language("日本語", "."),
    "zh_CN": Language("简体中文", "."),
}
"""The languages; the source first."""
SOURCE = "en"
VARIABLE = "RETOUCHML_LANGUAGE"

_FOLDER = Path(__file__).parent / "locale"
_LONGEST = 4000  # characters of a sentence that is compared with templates
_FEWEST_LETTERS = 3  # of a template, besides what is filled in
_DEEPEST = 4  # sentences in sentences
_FIELD = re.compile(r"\{(\w+)\}")
# Fields that may hold a text of ours, which is translated in turn. All others, such as names, titles, paths
# and what was typed, stay: a preset may be called Skin, a file options.
_OUR_WORDS = frozenset(
    ("advice", "description", "error", "explain", "help_text", "how", "install", "kind", "last", "lost")
    + ("message", "no_place", "older", "pid", "question", "reason", "second", "set_up_again", "there")
    + ("version", "without")
)
_BETWEEN = re.compile(r"(?<=[.!?]) (?=[A-Z`-])")
_TRADITIONAL = ("hant", "tw", "hk", "mo")


def marked(english: str) -> str:
    """The text as it is: ``install translations`` finds it here, and it is translated where it is shown."""
    return english


def translated(english: str) -> str:
    """The text or sentence in the user's language."""
    return _Current.catalogue.translated(english)


def counted(one: str, many: str, number: int) -> str:
    """The text for that number, which is filled in where the text has ``{number}``."""
    return _Current.catalogue.counted(one, many, number)


def joined(*sentences: str) -> str:
    """Sentences in a row, translated each; empty ones are left out."""
    return _Current.catalogue.joined(*map(translated, sentences))


def language() -> str:
    """The language in use: one of ``LANGUAGES``."""
    return _Current.catalogue.language


def decimal(value: float, digits: int) -> str:
    """A number with that many decimals, as the language in use writes it."""
    return f"{value:.{digits}f}".replace(".", LANGUAGES[language()].decimal_mark)


def begin(editor: str = "") -> None:
    """Use the user's language from now on.

    editor: the language of the editor, such as "de_DE", if that need not be the locale's
    """
    use(choose(editor=editor))


def use(name: str) -> None:
    """Use one of ``LANGUAGES``; English if its catalogue is missing or damaged."""
    _Current.catalogue = Catalogue.load(name)


def choose(editor: str = "", environment: Mapping[str, str] = os.environ) -> str:
    """One of ``LANGUAGES``: that of RETOUCHML_LANGUAGE, else the setting's, the editor's, the locale's."""
    wish = environment.get(VARIABLE) or _setting() or editor
    wishes = [wish] if wish else _of_locale(environment)
    return next(filter(None, map(supported, wishes)), SOURCE)


def supported(name: str) -> str:
    """The one of ``LANGUAGES`` for a locale such as ``de_AT.UTF-8`` or ``zh-Hans-CN``; "" if none is."""
    parts = re.split(r"[_\-.@]", name.lower())
    if parts[0] in ("c", "posix"):
        return SOURCE
    if parts[0] == "zh":
        return "" if any(part in _TRADITIONAL for part in parts[1:]) else "zh_CN"
    return parts[0] if parts[0] in LANGUAGES else ""


class Catalogue:
    """The texts of one language."""

    def __init__(
        self,
        name: str = SOURCE,
        messages: "gettext.NullTranslations | None" = None,
        templates: Sequence[str] = (),
    ) -> None:
        """templates: the texts with places to fill in, in English."""
        self.language = name
        self._messages = gettext.NullTranslations() if messages is None else messages
        parts = [(each, [part for part in _FIELD.split(each)[::2] if part]) for each in templates]
        # the most literal first: what fits two templates is the more special one
        letters = {each: sum(map(str.isalpha, "".join(literals))) for each, literals in parts}
        parts = [each for each in parts if letters[each[0]] >= _FEWEST_LETTERS]
        self._templates = sorted(parts, key=lambda part: -letters[part[0]])

    @classmethod
    def load(cls, name: str) -> "Catalogue":
        """The catalogue of a language; that of English, which translates nothing, if it cannot be read."""
        path = _FOLDER / f"{name}.mo"
        try:
            content = path.read_bytes()
            with path.open("rb") as file:
                messages = gettext.GNUTranslations(file)
            return cls(name, messages, [text for text in _texts(content) if _FIELD.search(text)])
        except (OSError, ValueError, struct.error):
            return cls()

    def translated(self, english: str, depth: int = 0) -> str:
        """The text in this language, or as it is without a translation; also several sentences in a row."""
        if not english or self.language == SOURCE or depth > _DEEPEST or len(english) > _LONGEST:
            return english
        sentences = _BETWEEN.split(english)
        if len(sentences) > 1:
            each = [self._recognised(sentence, depth) for sentence in sentences]
            if all(each):
                return self.joined(*filter(None, each))
        return self._recognised(english, depth) or english

    def joined(self, *sentences: str) -> str:
        """Sentences in a row, those that say something."""
        # the full stop of Chinese and Japanese has its own space
        return " ".join(filter(None, sentences)).replace("。 ", "。").strip()

    def _recognised(self, english: str, depth: int) -> "str | None":
        """The translation of one text; None if the catalogue does not have it."""
        found = self._messages.gettext(english)
        if found != english:
            return found
        for template, literals in self._templates:
            # most templates are ruled out by their words
            if all(part in english for part in literals) and (match := _pattern(template).fullmatch(english)):
                fields = {
                    name: self.translated(value, depth + 1) if name in _OUR_WORDS else value
                    for name, value in match.groupdict().items()
                }
                return _filled(self._messages.gettext(template), fields)
        return None

    def counted(self, one: str, many: str, number: int) -> str:
        """The text for a number, in the plural form that this language has for it."""
        return _filled(self._messages.ngettext(one, many, number), {"number": str(number)})


class _Current:
    """The catalogue in use: English until ``begin`` or ``use``."""

    catalogue = Catalogue()


def _pattern(template: str) -> "re.Pattern[str]":
    pattern = ""
    seen = set()
    for place, part in enumerate(_FIELD.split(template)):
        if place % 2 == 0:
            pattern += re.escape(part)
        elif part in seen:
            pattern += f"(?P={part})"
        else:
            seen.add(part)
            pattern += f"(?P<{part}>.*?)"
    return re.compile(pattern, re.DOTALL)


def _filled(template: str, fields: Mapping[str, str]) -> str:
    """The template with its places filled in; unlike ``str.format``, no other brace means anything."""
    return _FIELD.sub(lambda match: fields.get(match[1], match[0]), template)


def _texts(content: bytes) -> Iterator[str]:
    """The texts of a compiled catalogue in English: those without a plural."""
    order = "<" if content[:4] == b"\xde\x12\x04\x95" else ">"
    count, start = struct.unpack_from(f"{order}2I", content, 8)
    for place in range(count):
        length, offset = struct.unpack_from(f"{order}2I", content, start + 8 * place)
        text = content[offset : offset + length]
        if b"\0" not in text:
            yield text.decode()


def _setting() -> str:
    """``language`` of the user's settings; "" if there is none, or it cannot be read here."""
    try:
        from retouchml import paths, settings
        from retouchml.system.file_names import SETTINGS

        return settings.load(paths.config_dir() / SETTINGS)[0].language
    except (ImportError, OSError):  # platformdirs may not be there yet in an editor
        return ""


def _of_locale(environment: Mapping[str, str]) -> Iterator[str]:
    """The languages that the system's user prefers, the first first (gettext's variables)."""
    names = (environment.get(variable, "") for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"))
    first = next(filter(None, names), "")
    yield from first.split(":")
    if not first and sys.platform == "win32":
        import ctypes
        import locale

        yield locale.windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage(), "")
