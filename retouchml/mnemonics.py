"""Keys of widgets: the letter in a label that, with Alt, stands for a click."""

from collections.abc import Iterable, Sequence
from string import ascii_uppercase

_LATIN_END = 0x250  # of the letters that a keyboard for a Latin script has


def with_keys(titles: Sequence[str], labels: Iterable[str] = (), mark: str = "_") -> "list[str]":
    """The titles with a mark before the first letter that no other one uses.

    labels: others of the same window, which have their marks already; mark: "_" for GTK, "&" for Qt. A title
    in another script gets a letter behind it; one without a free letter gets none.
    """
    used = {key_of(label, mark) for label in labels}
    result = []
    for title in titles:
        letters = [
            place for place, letter in enumerate(title) if letter.isalpha() and ord(letter) < _LATIN_END
        ]
        place = next((place for place in letters if title[place].lower() not in used), None)
        if place is None:
            plain = title.replace(mark, mark * 2)
            free = next((letter for letter in ascii_uppercase if letter.lower() not in used), "")
            if free and title and not letters:
                used.add(free.lower())
                plain = f"{plain}({mark}{free})"
            result.append(plain)
            continue
        used.add(title[place].lower())
        before, after = (part.replace(mark, mark * 2) for part in (title[:place], title[place:]))
        result.append(f"{before}{mark}{after}")
    return result


def key_of(label: str, mark: str = "_") -> str:
    """The letter after the mark, in lower case; "" without one."""
    return label.replace(mark * 2, "").partition(mark)[2][:1].lower()
