"""The procedure's arguments as values; faces, edits and looks are texts, since scripts pass them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from plugin_gimp.texts import _
from retouchml import sentences
from retouchml.errors import NoFaceError, UsageError
from retouchml.look import (
    DEFAULT_STRENGTH,
    DEFAULT_TEXTURE,
    PHOTO,
    Look,
    choose_faces,
    parse_edit,
    parse_faces,
    parse_place,
    render_named,
)
from retouchml.look_change import ChosenLook, FaceLooks, LookChange, parse_face_change
from retouchml.remembered import preset_of, remembered
from retouchml.results import Box, Face
from retouchml.sliders import BY_NAME

NEW_LAYER, WITH_MASK, REPLACE = "new-layer", "new-layer-with-mask", "replace"
"""Values of ``output``."""
OUTPUTS = {
    NEW_LAYER: _("New layer"),
    WITH_MASK: _("New layer with a mask"),
    REPLACE: _("Replace the layer's pixels"),
}
"""Titles of the outputs."""
IN_ITS_PLACE, KEEP = "replace", "keep"
"""Values of ``earlier``."""
EARLIER = {IN_ITS_PLACE: _("Replace the earlier result"), KEEP: _(sentences.KEEP_EARLIER)}
"""Titles of what becomes of an earlier result of the same layer."""
RENDERS = {name: _(title) for name, title in sentences.RENDERS.items()}
"""Titles of the ways to render."""


@dataclass(frozen=True)
class Arguments:
    """What a call of the procedure asks for.

    strength, texture, edits: as in ``Look``; faces: as ``select_faces`` takes it; output: ``NEW_LAYER``,
    ``WITH_MASK`` or ``REPLACE``; preset: a name, which takes the place of strength and texture, or "";
    face_looks: what is different for single faces, as in ``0:preset=studio;1:strength=0.8,teeth=0.5``;
    earlier: ``IN_ITS_PLACE`` or ``KEEP``; places: of faces that the search may miss; render: as in ``Look``,
    where a preset's own is not to be changed, ``PHOTO``
    """

    strength: float
    texture: float
    edits: Mapping[str, float] = field(default_factory=dict)
    faces: str = "all"
    output: str = NEW_LAYER
    preset: str = ""
    face_looks: str = ""
    earlier: str = IN_ITS_PLACE
    places: tuple[Box, ...] = ()
    render: str = PHOTO

    @property
    def common(self) -> ChosenLook:
        """The look of all faces that have none of their own. Raises UsageError."""
        start = ChosenLook(Look(self.strength, self.texture))
        render = None if self.render == PHOTO else render_named(self.render)
        return start.changed(LookChange(self.preset or None, self.edits, render))

    def looks(self, faces: Sequence[Face], selected: "Sequence[int] | None" = None) -> "dict[int, Look]":
        """The look of each chosen face. Raises NoFaceError or UsageError.

        selected: the numbers of the faces that the image's selection means, None if there is none
        """
        parts = [part for part in self.face_looks.split(";") if part.strip()]
        looks = FaceLooks.of(self.common, [parse_face_change(part) for part in parts])
        check_any(faces)
        by_face = looks.by_face(parse_faces(self.faces), faces)
        chosen = {face: chosen.look for face, chosen in by_face.items()}
        if selected is None:
            return chosen
        reached = {face: look for face, look in chosen.items() if face in selected}
        if not reached:
            raise UsageError(_(sentences.SELECTION_AWAY), _(sentences.SELECTION_AWAY_ADVICE))
        return reached


def of_config(config: Any) -> Arguments:
    """The arguments in a ``Gimp.ProcedureConfig``. Raises UsageError."""
    return Arguments(
        strength=config.get_property("strength"),
        texture=config.get_property("texture"),
        edits=parse_edits(config.get_property("edits") or ""),
        faces=config.get_property("faces") or "all",
        output=config.get_property("output"),
        preset=config.get_property("preset") or "",
        face_looks=config.get_property("face-looks") or "",
        earlier=config.get_property("earlier"),
        places=parse_places(config.get_property("face-at") or ""),
        render=config.get_property("render"),
    )


def of_preset(name: str) -> Arguments:
    """The arguments of the procedure that retouches every face with a preset, onto a new layer."""
    return Arguments(DEFAULT_STRENGTH, DEFAULT_TEXTURE, preset=name)


def store(config: Any, look: Look, output: str, *, keep_earlier: bool) -> None:
    """Keep the values for the next time and for Filters > Repeat, but none that belong to one picture."""
    look = remembered(look)
    preset = preset_of(look)
    for name, value in (
        ("strength", look.strength),
        ("texture", look.texture),
        ("edits", "" if preset else format_edits(look.edits)),
        ("preset", preset),
        ("render", look.render),
        ("face-looks", ""),
        ("faces", "all"),
        ("output", output),
        ("earlier", KEEP if keep_earlier else IN_ITS_PLACE),
    ):
        config.set_property(name, value)


def parse_edits(text: str) -> "dict[str, float]":
    """The edits in a text such as ``smile=0.3,age=-0.2``. Raises UsageError."""
    return dict(parse_edit(part) for part in text.split(",") if part.strip())


def parse_places(text: str) -> "tuple[Box, ...]":
    """The places in a text such as ``310,80,120,150;20,30,90,100``. Raises UsageError."""
    return tuple(parse_place(part) for part in text.split(";") if part.strip())


def format_edits(edits: Mapping[str, float]) -> str:
    """The text that ``parse_edits`` reads, without the edits that say nothing."""
    return ",".join(
        f"{name}={value:g}" for name, value in edits.items() if not BY_NAME[name].says_nothing(value)
    )


def select_faces(text: str, faces: Sequence[Face]) -> "tuple[int, ...]":
    """The numbers of the faces that ``all``, ``largest`` or ``0,2`` means.

    Raises NoFaceError or UsageError.
    """
    check_any(faces)
    return choose_faces(parse_faces(text), faces)


def check_any(faces: Sequence[Face]) -> None:
    """Raise NoFaceError if there is no face."""
    if not faces:
        raise NoFaceError(_(sentences.NO_FACE), _(sentences.NO_FACE_ADVICE))
