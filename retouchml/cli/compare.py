"""Pictures that go along with a result: before and after side by side, and a layer with nothing on it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt

_GAP = 1 / 200  # of a picture's width
_SMALLEST_GAP = 2


def side_by_side(before: "npt.NDArray[Any]", after: "npt.NDArray[Any]") -> "npt.NDArray[Any]":
    """Two pictures [H, W(, C)] of one shape and type, left and right of a thin white gap."""
    import numpy as np

    assert before.shape == after.shape, (before.shape, after.shape)
    gap_shape = (before.shape[0], max(round(before.shape[1] * _GAP), _SMALLEST_GAP), *before.shape[2:])
    white = np.iinfo(before.dtype).max if before.dtype.kind == "u" else 1
    return np.concatenate([before, np.full(gap_shape, white, before.dtype), after], axis=1)


def empty_layer(pixels: "npt.NDArray[Any]") -> "npt.NDArray[Any]":
    """A layer [H, W, 4] for ``pixels``, transparent everywhere."""
    import numpy as np

    return np.zeros((*pixels.shape[:2], 4), pixels.dtype)
