"""The filter's texts in the user's language.

Others are in ``retouchml.sliders``, ``retouchml.progress`` and ``retouchml.sentences``.
"""

from collections.abc import Iterable, Sequence

from retouchml import sentences
from retouchml.presets.preset_file import Preset
from retouchml.translation import translated

_ = translated


def preset_title(preset: Preset) -> str:
    """The title of a preset; those that come with RetouchML are translated."""
    return preset.title if preset.is_own else translated(preset.title)


def shipped_title(name: str) -> str:
    """The title of a preset that comes with RetouchML, without its file, which GIMP's Python may not read."""
    return translated(capitalized(name.replace("-", " ")))


def face_title(number: int) -> str:
    """A face's name for people, who count from 1. number: from 0, as everywhere else."""
    return _(sentences.FACE).format(number=number + 1)


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
