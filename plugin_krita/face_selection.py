"""Which faces of a layer are ticked and which one is shown; it survives another search for faces."""

from collections.abc import Sequence
from dataclasses import dataclass

from retouchml.results import Box

_SAME_FACE = 0.5  # intersection over union of two boxes above which they are taken to be of one face


@dataclass(frozen=True)
class FaceSelection:
    """The user's choice among the faces of a layer.

    boxes: x, y, width, height of each face; ticked: numbers of the faces to retouch; shown: the number of the
    face in the preview
    """

    boxes: tuple[Box, ...] = ()
    ticked: frozenset[int] = frozenset()
    shown: int = 0


def transfer(old: FaceSelection, boxes: Sequence[Box]) -> FaceSelection:
    """The selection for the faces of another search, which have these boxes.

    A face that was there before keeps its tick. A new face is ticked only if all faces were, or if there were
    none. If the face that was shown is no longer there, the first one is shown.
    """
    old_numbers = _match(old.boxes, boxes)
    all_ticked = len(old.ticked) == len(old.boxes)
    ticked = (
        number
        for number in range(len(boxes))
        if (old_numbers[number] in old.ticked if number in old_numbers else all_ticked)
    )
    shown = next((number for number, before in old_numbers.items() if before == old.shown), 0)
    return FaceSelection(tuple(boxes), frozenset(ticked), shown)


def _match(old: Sequence[Box], new: Sequence[Box]) -> dict[int, int]:
    """Numbers of new boxes to numbers of old ones, one to one; the greatest overlaps are matched first."""
    pairs = [
        (_intersection_over_union(before, after), i, j)
        for i, before in enumerate(old)
        for j, after in enumerate(new)
    ]
    matches: dict[int, int] = {}
    for overlap, i, j in sorted(pairs, key=lambda pair: -pair[0]):
        if overlap > _SAME_FACE and j not in matches and i not in matches.values():
            matches[j] = i
    return matches


def _intersection_over_union(one: Box, other: Box) -> float:
    width, height = (
        min(one[axis] + one[axis + 2], other[axis] + other[axis + 2]) - max(one[axis], other[axis])
        for axis in (0, 1)
    )
    if width <= 0 or height <= 0:
        return 0.0
    intersection = width * height
    return intersection / (one[2] * one[3] + other[2] * other[3] - intersection)
