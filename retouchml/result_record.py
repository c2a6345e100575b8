"""What an editor keeps beside a result, so that it can be edited again or replaced: a text in JSON.

GIMP keeps it as a parasite of the result's layer, Krita as an annotation of the document.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from retouchml.errors import UsageError
from retouchml.look import PHOTO, Look, render_named
from retouchml.results import Box
from retouchml.sliders import BY_NAME, STRENGTH, TEXTURE

_SAME_FACE = 0.5  # intersection over union of two boxes above which they are taken to be of one face


@dataclass(frozen=True)
class FaceRecord:
    """A face that was retouched. box: x, y, width, height in pixels of the source."""

    box: Box
    look: Look


@dataclass(frozen=True)
class ResultRecord:
    """How a result was made.

    source: the layer that was retouched, as the editor names it; faces: those that were retouched; version:
    of RetouchML; places: where the user said that a face is, which the search had missed
    """

    source: str
    faces: tuple[FaceRecord, ...]
    version: str = ""
    places: tuple[Box, ...] = ()

    @property
    def look(self) -> Look:
        """The look of the first face; the default without one."""
        return self.faces[0].look if self.faces else Look()

    def looks(self, boxes: Sequence[Box]) -> dict[int, Look]:
        """The look of each face that was retouched and is still there. boxes: of the faces found now."""
        found = match([face.box for face in self.faces], boxes)
        return {new: self.faces[old].look for new, old in sorted(found.items())}

    def as_fields(self) -> dict[str, Any]:
        """The record as JSON has it."""
        faces = [{"box": list(face.box), "look": _look_fields(face.look)} for face in self.faces]
        fields = {"source": self.source, "version": self.version, "faces": faces}
        return fields | ({"places": [list(place) for place in self.places]} if self.places else {})

    def places_within(self, width: int, height: int) -> tuple[Box, ...]:
        """The places that are still on the source, which may have been cropped since. In pixels."""
        return tuple(
            (x, y, w, h)
            for x, y, w, h in self.places
            if x >= 0 and y >= 0 and x + w <= width and y + h <= height
        )

    def to_json(self) -> str:
        """The record as a text."""
        return json.dumps(self.as_fields())

    @classmethod
    def from_fields(cls, fields: object) -> "ResultRecord | None":
        """The record in ``as_fields``'s value; None if it makes no sense, as one of a later version might."""
        try:
            assert isinstance(fields, dict)
            faces = tuple(FaceRecord(_box(each["box"]), _look(each["look"])) for each in fields["faces"])
            places = tuple(map(_box, fields.get("places", ())))
            return cls(str(fields["source"]), faces, str(fields.get("version", "")), places)
        except (ValueError, KeyError, TypeError, AttributeError, AssertionError, UsageError):
            return None

    @classmethod
    def from_json(cls, text: str) -> "ResultRecord | None":
        """The record in ``to_json``'s text; None if it makes no sense."""
        try:
            return cls.from_fields(json.loads(text))
        except (ValueError, RecursionError):
            return None


def record(
    source: str,
    boxes: Sequence[Box],
    looks: Mapping[int, Look],
    version: str,
    places: Sequence[Box] = (),
) -> ResultRecord:
    """The record of a result. boxes: of all faces of the source; looks: of those retouched, by number."""
    faces = tuple(FaceRecord(boxes[number], look) for number, look in sorted(looks.items()))
    return ResultRecord(source, faces, version, tuple(places))


def match(old: Sequence[Box], new: Sequence[Box]) -> dict[int, int]:
    """Numbers of new boxes to numbers of old ones, one to one; the greatest overlaps are matched first."""
    pairs = [
        (intersection_over_union(before, after), i, j)
        for i, before in enumerate(old)
        for j, after in enumerate(new)
    ]
    matches: dict[int, int] = {}
    for overlap, i, j in sorted(pairs, key=lambda pair: -pair[0]):
        if overlap > _SAME_FACE and j not in matches and i not in matches.values():
            matches[j] = i
    return matches


def _look_fields(look: Look) -> dict[str, Any]:
    fields = {STRENGTH: look.strength, TEXTURE: look.texture, "edits": dict(look.edits)}
    return fields if look.render == PHOTO else {**fields, "render": look.render}


def _look(fields: Any) -> Look:
    """The look in ``_look_fields``'s value. Sliders of another version are left out."""
    values = {name: float(value) for name, value in fields["edits"].items() if name in BY_NAME}
    values |= {name: float(fields[name]) for name in (STRENGTH, TEXTURE)}
    start = Look(render=render_named(str(fields.get("render", PHOTO))))
    return start.with_values({name: BY_NAME[name].clamp(value) for name, value in values.items()})


def _box(values: Any) -> Box:
    x, y, width, height = (int(value) for value in values)
    return x, y, width, height


def intersection_over_union(one: Box, other: Box) -> float:
    """The share of two boxes' union that both cover."""
    width, height = (
        min(one[axis] + one[axis + 2], other[axis] + other[axis + 2]) - max(one[axis], other[axis])
        for axis in (0, 1)
    )
    if width <= 0 or height <= 0:
        return 0.0
    intersection = width * height
    return intersection / (one[2] * one[3] + other[2] * other[3] - intersection)
