"""A retouch while it gets finer: the patches that are there so far, and the canvas that they start from."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.patch import Patch, paint
from retouchml.results import Box, Refinement


@dataclass(frozen=True)
class Refined:
    """The patches of some faces, as far as their retouch is computed.

    refinement: how far that is
    faces:      their numbers; earlier patches of these give way
    patches:    in the order of the faces; a face that does not change has none
    is_last:    whether the whole retouch is finished; then these are all faces and their final patches
    scale:      of the photo's resolution, at which the change was computed, above 0 to 1
    """

    refinement: Refinement
    faces: tuple[int, ...]
    patches: tuple[Patch, ...]
    is_last: bool = False
    scale: float = 1.0


class Canvas:
    """The pixels from which the next patch is made.

    The patch of a face that overlaps one before it must start from that one's pixels.
    """

    def __init__(self, photo: NDArray[np.generic]) -> None:
        """photo: [H, W, C], which is never written to."""
        self._photo = photo
        self.pixels = photo

    @property
    def is_painted(self) -> bool:
        """Whether it differs from the photo."""
        return self.pixels is not self._photo

    def add(self, patch: Patch | None, later: Iterable[Box]) -> None:
        """Paint a patch if it overlaps one of the rectangles that later patches may change."""
        if patch is not None and any(overlap(patch.box, box) for box in later):
            if not self.is_painted:
                self.pixels = self._photo.copy()
            paint(self.pixels, patch)


def overlap(one: Box, other: Box) -> bool:
    """Whether two rectangles have a pixel in common."""
    return (
        one[0] < other[0] + other[2]
        and other[0] < one[0] + one[2]
        and one[1] < other[1] + other[3]
        and other[1] < one[1] + one[3]
    )
