"""The filter's texts in the user's language.

Others are in ``retouchml.sliders``, ``retouchml.progress`` and ``retouchml.sentences``.
"""

from collections.abc import Iterable, Sequence

from retouchml import sentences
from retouchml.mnemonics import with_keys
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
    """The titles with a key each, as GTK marks it; labels: others of the window, which have theirs."""
    return with_keys(titles, labels)
