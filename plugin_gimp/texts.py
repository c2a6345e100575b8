"""The filter's texts in the user's language, where there is a translation (gettext: ``retouchml``).

Titles of sliders and stages are those of ``retouchml.sliders`` and ``retouchml.progress``.
"""

import gettext
from collections.abc import Iterable, Sequence
from pathlib import Path

from retouchml import progress

_translation = gettext.translation(
    "retouchml", Path(__file__).resolve().parent.parent / "locale", fallback=True
)
_ = _translation.gettext

OUTPUTS = {
    "new-layer": _("New layer"),
    "new-layer-with-mask": _("New layer with a mask"),
    "replace": _("Replace the layer's pixels"),
}
"""Titles of the procedure's outputs."""


def stage(name: str, remaining: "float | None") -> str:
    """The title of a stage, with the seconds that remain if they are known."""
    title = _(progress.title(name))
    if remaining is None or remaining < 1:
        return title
    return _("{stage}, about {seconds} s").format(stage=title, seconds=round(remaining))


def capitalized(text: str) -> str:
    """The text with a capital letter first."""
    return f"{text[:1].upper()}{text[1:]}"


def with_mnemonics(titles: Sequence[str], labels: Iterable[str] = ()) -> "list[str]":
    """The titles with an underscore before the first letter that no other one uses, as GTK marks a key.

    labels: others of the same window, which have their underscores already. A title without a free letter
    gets none.
    """
    used = {label.partition("_")[2][:1].lower() for label in labels}
    result = []
    for title in titles:
        letters = (
            place for place, letter in enumerate(title) if letter.isalpha() and letter.lower() not in used
        )
        place = next(letters, None)
        if place is None:
            result.append(title.replace("_", "__"))
            continue
        used.add(title[place].lower())
        before, after = (part.replace("_", "__") for part in (title[:place], title[place:]))
        result.append(f"{before}_{after}")
    return result
