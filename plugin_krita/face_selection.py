"""Which faces of a layer are ticked and which one is shown; it survives another search for faces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from retouchml.first_faces import first_faces
from retouchml.picture_looks import PictureLooks
from retouchml.result_record import ResultRecord, match
from retouchml.results import Box


@dataclass(frozen=True)
class FaceSelection:
    """The user's choice among the faces of a layer.

    boxes: x, y, width, height of each face; ticked: numbers of the faces to retouch; shown: the number of the
    face in the preview; others_ticked: whether faces that were not there before are ticked, None if they are
    where all faces were, and where there were none as ``first_faces`` says; looks: None if none was chosen;
    marked: places where the user said that there is a face
    """

    boxes: tuple[Box, ...] = ()
    ticked: frozenset[int] = frozenset()
    shown: int = 0
    others_ticked: bool | None = None
    looks: PictureLooks | None = None
    marked: tuple[Box, ...] = ()

    @classmethod
    def of(cls, record: ResultRecord) -> "FaceSelection":
        """What was ticked when a result was made, and its looks."""
        boxes = tuple(face.box for face in record.faces)
        looks = {number: face.look for number, face in enumerate(record.faces)}
        return cls(boxes, frozenset(looks), others_ticked=False, looks=PictureLooks.of(looks), marked=boxes)


def transfer(
    old: FaceSelection, boxes: Sequence[Box], selected: "frozenset[int] | None" = None
) -> FaceSelection:
    """The selection for the faces of another search, which have these boxes.

    A face that was there before keeps its tick and its look. A new face is ticked as ``others_ticked`` says.
    If the face that was shown is no longer there, the first one is shown.

    selected: the numbers of the faces that the picture's selection means, None if there is none; if no face
    was known before, they are the ones to tick, unless there are none.
    """
    if selected and not old.boxes:
        return FaceSelection(tuple(boxes), selected, min(selected))
    if not old.boxes and old.others_ticked is None:
        return FaceSelection(tuple(boxes), frozenset(first_faces(len(boxes))))
    old_numbers = match(old.boxes, boxes)
    others = old.others_ticked
    tick_others = len(old.ticked) == len(old.boxes) if others is None else others
    ticked = (
        number
        for number in range(len(boxes))
        if (old_numbers[number] in old.ticked if number in old_numbers else tick_others)
    )
    shown = next((number for number, before in old_numbers.items() if before == old.shown), 0)
    return FaceSelection(tuple(boxes), frozenset(ticked), shown, looks=_moved(old.looks, old_numbers))


def _moved(looks: PictureLooks | None, old_numbers: Mapping[int, int]) -> PictureLooks | None:
    """The looks by the numbers that the faces have now."""
    if looks is None:
        return None
    own = {new: looks.own[old] for new, old in old_numbers.items() if old in looks.own}
    return replace(looks, own=own)
