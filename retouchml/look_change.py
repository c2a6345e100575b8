"""Changes of a look by name, as texts and options give them, and the look of each face."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from retouchml.errors import UsageError
from retouchml.look import (
    FaceChoice,
    Look,
    RenderName,
    check_edits,
    check_faces,
    choose_faces,
    parse_edit,
    render_named,
)
from retouchml.presets import library
from retouchml.results import Face
from retouchml.sliders import STRENGTH, TEXTURE

_PRESET, _RENDER = "preset", "render"


@dataclass(frozen=True)
class LookChange:
    """A preset to start from, None to keep the look, and what is set after it.

    values: of sliders, by name; render: whose pixels show it, None to keep that
    """

    preset: str | None = None
    values: Mapping[str, float] = field(default_factory=dict)
    render: RenderName | None = None

    def then(self, later: "LookChange") -> "LookChange":
        """This change and then another one, as one change."""
        if later.preset is not None:
            return later
        return LookChange(self.preset, {**self.values, **later.values}, later.render or self.render)


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
        check_edits(name for name in change.values if name not in (STRENGTH, TEXTURE))
        look = start.look.with_values(change.values)
        return ChosenLook(replace(look, render=change.render or look.render), start.preset)


@dataclass(frozen=True)
class FaceLooks:
    """The looks of a picture's faces. own: of those that have one of their own, by number."""

    common: ChosenLook = field(default_factory=ChosenLook)
    own: Mapping[int, ChosenLook] = field(default_factory=dict)

    @classmethod
    def of(cls, common: ChosenLook, changes: Iterable[tuple[int, LookChange]]) -> "FaceLooks":
        """The common look, and what is different for single faces; the later of a face's add to the earlier.

        Raises UsageError.
        """
        by_face: dict[int, LookChange] = {}
        for face, change in changes:
            by_face[face] = by_face.get(face, LookChange()).then(change)
        return cls(common, {face: common.changed(change) for face, change in by_face.items()})

    def check_choice(self, choice: FaceChoice) -> None:
        """Raise UsageError if a face that has a look of its own is not among the numbers of ``choice``."""
        if isinstance(choice, tuple):
            self._check_chosen(choice)

    def by_face(self, choice: FaceChoice, faces: Sequence[Face]) -> dict[int, ChosenLook]:
        """The look of each chosen face. Raises UsageError for one that is not there or not chosen."""
        chosen = choose_faces(choice, faces)
        check_faces(self.own, faces)
        self._check_chosen(chosen)
        return {face: self.own.get(face, self.common) for face in chosen}

    def _check_chosen(self, chosen: Sequence[int]) -> None:
        for face in self.own:
            if face not in chosen:
                raise UsageError(
                    f"Face {face} has a look of its own, but is not among the faces to retouch.",
                    "Add its number to the faces.",
                )


def parse_change(text: str) -> LookChange:
    """The change in a text such as ``strength=0.8,teeth=0.5`` or ``preset=studio,smile=0.2``.

    Raises UsageError.
    """
    change = LookChange()
    for part in (part.strip() for part in text.split(",")):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if name == _PRESET and equals and value:
            change = LookChange(value, change.values, change.render)
        elif name == _RENDER and equals:
            change = change.then(LookChange(render=render_named(value)))
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
