"""The part of a crop that matters: where a look may change something, and what blurs reach from there.

Beyond it a change is nothing, so that working it out would be half of the work for nothing.
"""

from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.masks import FaceMasks

_GRAIN = 16  # pixels; corners on multiples of it, so that what is shrunken inside falls on the same grid
_MARGIN = 1.0 / 16.0  # of the crop's side
_LEAST = 1.0 / 4.0  # of the crop's side; optical flow needs something to look at
_Field = TypeVar("_Field", bound=np.generic)


@dataclass(frozen=True)
class Window:
    """Columns ``left`` to ``right`` and rows ``top`` to ``bottom`` of a crop; the ends are excluded."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def around(cls, support: NDArray[Any], size: int) -> "Window":
        """Around what is not 0 in a crop of side ``size``, or in a part [H, W] of one.

        All of it where nothing is.
        """
        columns, rows = (np.flatnonzero(support.any(axis)) for axis in (0, 1))
        height, width = support.shape
        if not len(columns):
            return cls(0, 0, width, height)
        left, right = _widened(int(columns[0]), int(columns[-1]) + 1, width, size)
        top, bottom = _widened(int(rows[0]), int(rows[-1]) + 1, height, size)
        return cls(left, top, right, bottom)

    def of(self, field: NDArray[_Field]) -> NDArray[_Field]:
        """Its part of a field [H, W] or [H, W, C]: [h, w] or [h, w, C], contiguous."""
        return np.ascontiguousarray(field[self.top : self.bottom, self.left : self.right])

    def put(self, part: NDArray[_Field], field: NDArray[_Field]) -> None:
        """Make ``part`` its part of a field."""
        field[self.top : self.bottom, self.left : self.right] = part

    def of_masks(self, masks: FaceMasks) -> FaceMasks:
        """Its part of every mask."""
        return FaceMasks(**{field.name: self.of(getattr(masks, field.name)) for field in fields(masks)})


def _widened(low: int, high: int, length: int, size: int) -> tuple[int, int]:
    margin = max(_MARGIN * size, (_LEAST * size - (high - low)) / 2.0)
    return (
        max(0, int((low - margin) // _GRAIN) * _GRAIN),
        min(length, -int((-high - margin) // _GRAIN) * _GRAIN),
    )
