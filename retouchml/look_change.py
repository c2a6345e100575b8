"""Changes of a look by name, as texts and options give them, and the look of each face."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from retouchml.errors import UsageError
from retouchml.look import Look, parse_edit
from retouchml.presets import library

_PRESET = "preset"


@dataclass(frozen=True)
class LookChange:
    """A preset to start from, None to keep the look, and values of sliders by name that are set after it."""

    preset: str | None = None
    values: Mapping[str, float] = field(default_factory=dict)

    def then(self, later: "LookChange") -> "LookChange":
        """This change and then another one, as one change."""
        if later.preset is not None:
            return later
        return LookChange(self.preset, {**self.values, **later.values})


@dataclass(frozen=True)
class ChosenLook:
    """A look, and the name of the preset from which it started."""

    look: Look = field(default_factory=Look)
    preset: str = library.NATURAL

    def changed(self, change: LookChange) -> "ChosenLook":
        """This look after a change. Raises UsageError for an unknown preset or slider."""
        start = self
        if change.preset is not None:
            preset = library.preset(change.preset)
            start = ChosenLook(preset.look, preset.name)
        return ChosenLook(start.look.with_values(change.values), start.preset)


def parse_change(text: str) -> LookChange:
    """The change in a text such as ``strength=0.8,teeth=0.5`` or ``preset=studio,smile=0.2``.

    Raises UsageError.
    """
    change = LookChange()
    for part in (part.strip() for part in text.split(",")):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if name == _PRESET and equals and value:
            change = LookChange(value, change.values)
        elif part:
            change = change.then(LookChange(values=dict([parse_edit(part)])))
    if change == LookChange():
        raise UsageError(f"{text!r} changes nothing.", "For example strength=0.8,teeth=0.5 or preset=studio.")
    return change


def parse_face_change(text: str) -> tuple[int, LookChange]:
    """A face's number, from 0, and the change of its look, in a text such as ``1:strength=0.8,teeth=0.5``.

    Raises UsageError.
    """
    number, colon, change = (part.strip() for part in text.partition(":"))
    if not colon or not number.isascii() or not number.isdigit() or len(number) > 4:
        raise UsageError(f"{text!r} is not N:NAME=VALUE,...", "For example 1:strength=0.8,teeth=0.5.")
    return int(number), parse_change(change)


def changes_by_face(changes: Sequence[tuple[int, LookChange]]) -> dict[int, LookChange]:
    """One change for each face; of several for one face, the later add to the earlier."""
    by_face: dict[int, LookChange] = {}
    for face, change in changes:
        by_face[face] = by_face.get(face, LookChange()).then(change)
    return by_face
