"""Which face is meant by a place that the user marked: others may be found together with it."""

import math
from collections.abc import Sequence

from retouchml.result_record import intersection_over_union
from retouchml.results import Box


def marked_face(place: Box, boxes: Sequence[Box]) -> int:
    """The number of the box that overlaps a place most; if none does, of the one whose middle is nearest.

    place: as the user selected it, perhaps much smaller or larger than the face; boxes: at least one
    """

    def closeness(number: int) -> tuple[float, float]:
        box = boxes[number]
        return intersection_over_union(place, box), -math.dist(_middle(place), _middle(box))

    return max(range(len(boxes)), key=closeness)


def _middle(box: Box) -> tuple[float, float]:
    return box[0] + box[2] / 2, box[1] + box[3] / 2
