"""The window of a crop that a look may change, with the margin that blurs need.

Nothing changes outside it: computing only the window halves the work.
"""

from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.masks import FaceMasks

_GRID = 16  # pixels; corners are multiples of it, so that a shrunk window fits a shrunk crop
_MARGIN = 1.0 / 16.0  # of the crop's side
_LEAST = 1.0 / 4.0  # of the crop's side; optical flow needs some surroundings
_Field = TypeVar("_Field", bound=np.generic)


@dataclass(frozen=True)
class Window:
    """A rectangle of a crop: columns ``left`` to ``right``, rows ``top`` to ``bottom``, ends excluded."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def around(cls, support: NDArray[Any], size: int) -> "Window":
        """The window around the support in a crop of side ``size``, or in a part [H, W] of one.

        The whole crop or part if the support is empty.
        """
        columns, rows = (np.flatnonzero(support.any(axis)) for axis in (0, 1))
        height, width = support.shape
        if not len(columns):
            return cls(0, 0, width, height)
        left, right = _widened(int(columns[0]), int(columns[-1]) + 1, width, size)
        top, bottom = _widened(int(rows[0]), int(rows[-1]) + 1, height, size)
        return cls(left, top, right, bottom)

    def of(self, field: NDArray[_Field]) -> NDArray[_Field]:
        """The window [h, w(, C)] of a field [H, W(, C)], contiguous."""
        return np.ascontiguousarray(field[self.top : self.bottom, self.left : self.right])

    def shrunk(self, factor: int) -> "Window":
        """The window of the same crop with sides divided by ``factor``, which divides the corners."""
        return Window(*(each // factor for each in (self.left, self.top, self.right, self.bottom)))

    def put(self, part: NDArray[_Field], field: NDArray[_Field]) -> None:
        """Write ``part`` [h, w(, C)] into the window of a field [H, W(, C)]."""
        field[self.top : self.bottom, self.left : self.right] = part

    def of_masks(self, masks: FaceMasks) -> FaceMasks:
        """The window of every mask."""
        return FaceMasks(**{field.name: self.of(getattr(masks, field.name)) for field in fields(masks)})


def _widened(low: int, high: int, length: int, size: int) -> tuple[int, int]:
    margin = max(_MARGIN * size, (_LEAST * size - (high - low)) / 2.0)
    return (
        max(0, int((low - margin) // _GRID) * _GRID),
        min(length, -int((-high - margin) // _GRID) * _GRID),
    )
