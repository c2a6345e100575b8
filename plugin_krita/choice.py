"""Which faces of a layer are ticked and which one is shown, carried over where its faces are found anew."""

from collections.abc import Sequence
from dataclasses import dataclass

from .pixels import Box

_SAME = 0.5  # intersection over union above which two boxes are taken to be of one face


@dataclass(frozen=True)
class Choice:
    """boxes: one a face; chosen: indices of faces that are to be retouched; shown: that in the preview."""

    boxes: tuple[Box, ...] = ()
    chosen: frozenset[int] = frozenset()
    shown: int = 0


def carried(old: Choice, boxes: Sequence[Box]) -> Choice:
    """The choice for faces with these boxes (x, y, width, height).

    A face that was there is ticked as it was; a new one is ticked only where all old ones were, or there were
    none. The first is shown where the one that was shown is gone.
    """
    before = _matched(old.boxes, boxes)
    everyone = len(old.chosen) == len(old.boxes)
    chosen = (new for new in range(len(boxes)) if (before[new] in old.chosen if new in before else everyone))
    shown = next((new for new, known in before.items() if known == old.shown), 0)
    return Choice(tuple(boxes), frozenset(chosen), shown)


def _matched(old: Sequence[Box], new: Sequence[Box]) -> dict[int, int]:
    """Indices of new boxes to those of old ones, one to one; those that overlap most come first."""
    pairs = [(_overlap(before, after), i, j) for i, before in enumerate(old) for j, after in enumerate(new)]
    matched: dict[int, int] = {}
    for overlap, i, j in sorted(pairs, key=lambda pair: -pair[0]):
        if overlap > _SAME and j not in matched and i not in matched.values():
            matched[j] = i
    return matched


def _overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    width, height = (
        min(one[axis] + one[axis + 2], other[axis] + other[axis + 2]) - max(one[axis], other[axis])
        for axis in (0, 1)
    )
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / (one[2] * one[3] + other[2] * other[3] - both)
