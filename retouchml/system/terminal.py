"""Text for a terminal: names and messages of others can neither steer it nor fill it."""

import unicodedata

_HARMLESS = {"\u200c", "\u200d"}  # join letters, in Persian names and in emoji
_MOST = 300


def printable(text: str) -> str:
    """``text`` with control characters and undecodable bytes as escapes: fit for one line of a terminal."""
    return "".join(c if _is_shown(c) else c.encode("unicode_escape").decode() for c in text)


def printable_lines(text: str) -> str:
    """As ``printable``, but line ends and tabs stay."""
    return "\n".join("\t".join(map(printable, line.split("\t"))) for line in text.split("\n"))


def shortened(text: str, more: str = "… and {left} more") -> str:
    """``text``, or its beginning if it is longer than a person reads, such as a list of a hundred names.

    more: what stands for the words that are left out
    """
    if len(text) <= _MOST:
        return text
    beginning = text[:_MOST].rpartition(" ")[0] or text[:_MOST]
    left = len(text[len(beginning) :].split())
    return f"{beginning} {more.format(left=left)}"


def fitting(line: str, columns: int) -> str:
    """The beginning of ``line`` that fits into so many columns; Chinese and Japanese letters take two."""
    left = columns
    for place, letter in enumerate(line):
        left -= _columns(letter)
        if left < 0:
            return line[:place]
    return line


def padded(text: str, columns: int) -> str:
    """``text`` with spaces behind it, so many columns wide at least."""
    return text + " " * (columns - width(text))


def width(text: str) -> int:
    """The columns that a text takes."""
    return sum(map(_columns, text))


def _columns(letter: str) -> int:
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _is_shown(character: str) -> bool:
    return (
        character.isprintable() or character in _HARMLESS or unicodedata.category(character) == "Zs"
    )  # spaces other than the usual one are not "printable" in Python's words
