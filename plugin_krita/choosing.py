"""Which faces stay chosen when a layer is looked at again."""

from collections.abc import Collection, Sequence

from .pixels import Box

_SAME = 0.5  # intersection over union from which two boxes show one face


def carried(
    boxes: Sequence[Box], chosen: Collection[int], shown: int, found: Sequence[Box]
) -> tuple[frozenset[int], int]:
    """What is chosen, and which is shown, of the faces ``found`` where ``boxes`` were known before.

    A face that is new is chosen where all others were.
    """
    every = len(chosen) == len(boxes)
    before = [_same(box, boxes) for box in found]
    kept = frozenset(new for new, old in enumerate(before) if (every if old is None else old in chosen))
    return kept, before.index(shown) if shown in before else 0


def _same(box: Box, boxes: Sequence[Box]) -> int | None:
    overlaps = [_overlap(box, other) for other in boxes]
    best = max(overlaps, default=0.0)
    return overlaps.index(best) if best > _SAME else None


def _overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    across, down = (
        max(0, min(one[axis] + one[axis + 2], other[axis] + other[axis + 2]) - max(one[axis], other[axis]))
        for axis in (0, 1)
    )
    shared = across * down
    return shared / (one[2] * one[3] + other[2] * other[3] - shared)
