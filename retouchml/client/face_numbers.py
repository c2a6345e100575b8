"""Keeps the numbers of faces when a photo is opened once more and its faces may have others.

A photo of which more pixels came can have one face more or less, or another order: the largest comes first.
Looks go by number, so that whoever set one must not see it on another face.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from retouchml.client.answers import Rendered
from retouchml.result_record import intersection_over_union
from retouchml.results import Face

_SAME = 0.35  # of two boxes' union: the same face
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class FaceNumbers:
    """The faces under the numbers that they keep.

    faces: by those numbers; there: the numbers that the daemon has for them, without those it does not find
    any more
    """

    faces: tuple[Face, ...] = ()
    there: Mapping[int, int] = field(default_factory=dict)

    def with_faces(self, found: Sequence[Face]) -> "FaceNumbers":
        """The faces as they were found now: a known one keeps its number, and new ones come last.

        One that is not found any more keeps its number, too.
        """
        pairs = sorted(
            (
                (intersection_over_union(known.box, face.box), number, there)
                for number, known in enumerate(self.faces)
                for there, face in enumerate(found)
            ),
            key=lambda pair: -pair[0],
        )
        numbers: dict[int, int] = {}
        for overlap, number, there in pairs:
            if overlap >= _SAME and number not in numbers and there not in numbers.values():
                numbers[number] = there
        faces = [
            found[numbers[number]] if number in numbers else face for number, face in enumerate(self.faces)
        ]
        for there, face in enumerate(found):
            if there not in numbers.values():
                numbers[len(faces)] = there
                faces.append(face)
        return FaceNumbers(tuple(faces), numbers)

    def sent(self, looks: Mapping[int, _Value]) -> dict[int, _Value]:
        """Looks by the daemon's numbers, of those that it finds; an unknown number stays, for its error."""
        known = range(len(self.faces))
        return {
            self.there.get(number, number): look
            for number, look in looks.items()
            if number in self.there or number not in known
        }

    def shown(self, number: "int | None") -> "int | None":
        """The daemon's number of the shown face; None if it does not find it. An unknown one stays."""
        if number is None or number >= len(self.faces):
            return number
        return self.there.get(number)

    def received(self, rendered: Rendered) -> Rendered:
        """An answer with the numbers that are kept."""
        here = {there: number for number, there in self.there.items()}
        if all(number == there for there, number in here.items()):
            return rendered
        return replace(
            rendered,
            patches=tuple(replace(each, face=here.get(each.face, each.face)) for each in rendered.patches),
            report=tuple(replace(each, face=here.get(each.face, each.face)) for each in rendered.report),
            faces=tuple(here.get(face, face) for face in rendered.faces),
        )
