"""The contact sheet of ``benchmarks.quality``."""

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.sheet import sheet


def pair(before: float, after: float) -> NDArray[np.float32]:
    return np.hstack([np.full((32, 32, 3), value, np.float32) for value in (before, after)])


def test_the_sheet_puts_pairs_in_rows_and_leaves_the_rest_black() -> None:
    drawn = sheet([pair(0.2, 0.4), pair(0.6, 0.8), pair(1.0, 2.0)], 2, 16)
    assert drawn.shape == (32, 64, 3)
    assert drawn.dtype == np.uint8
    cells = drawn.reshape(2, 16, 4, 16, 3).transpose(0, 2, 1, 3, 4).reshape(8, -1)
    assert (cells == cells[:, :1]).all()
    assert cells[:, 0].tolist() == [51, 102, 153, 204, 255, 255, 0, 0]
