"""The procedure's arguments as values; faces and edits are texts, since scripts pass them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from plugin_gimp.texts import _
from retouchml import sentences
from retouchml.errors import NoFaceError
from retouchml.look import Look, choose_faces, parse_edit, parse_faces
from retouchml.results import Face

NEW_LAYER, WITH_MASK, REPLACE = "new-layer", "new-layer-with-mask", "replace"
"""Values of ``output``."""
OUTPUTS = {
    NEW_LAYER: _("New layer"),
    WITH_MASK: _("New layer with a mask"),
    REPLACE: _("Replace the layer's pixels"),
}
"""Titles of the outputs."""


@dataclass(frozen=True)
class Arguments:
    """What a call of the procedure asks for.

    strength, texture, edits: as in ``Look``; faces: as ``select_faces`` takes it; output: ``NEW_LAYER``,
    ``WITH_MASK`` or ``REPLACE``
    """

    strength: float
    texture: float
    edits: Mapping[str, float] = field(default_factory=dict)
    faces: str = "all"
    output: str = NEW_LAYER

    def looks(self, faces: Sequence[Face]) -> "dict[int, Look]":
        """The look of each selected face. Raises NoFaceError or UsageError."""
        look = Look(self.strength, self.texture, self.edits)
        return dict.fromkeys(select_faces(self.faces, faces), look)


def parse_edits(text: str) -> "dict[str, float]":
    """The edits in a text such as ``smile=0.3,age=-0.2``. Raises UsageError."""
    return dict(parse_edit(part) for part in text.split(",") if part.strip())


def format_edits(edits: Mapping[str, float]) -> str:
    """The text that ``parse_edits`` reads, without the edits that are 0."""
    return ",".join(f"{name}={value:g}" for name, value in edits.items() if value)


def select_faces(text: str, faces: Sequence[Face]) -> "tuple[int, ...]":
    """The numbers of the faces that ``all``, ``largest`` or ``0,2`` means.

    Raises NoFaceError or UsageError.
    """
    if not faces:
        raise NoFaceError(
            _(sentences.NO_FACE),
            _(sentences.NO_FACE_ADVICE),
        )
    return choose_faces(parse_faces(text), faces)
