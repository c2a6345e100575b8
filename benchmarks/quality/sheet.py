"""The contact sheet: before and after of many faces."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray


def sheet(pairs: Sequence[NDArray[np.float32]], columns: int, side: int) -> NDArray[np.uint8]:
    """Before and after of many faces in rows, each crop ``side`` pixels wide."""
    cells = [cv2.resize(pair, (2 * side, side), interpolation=cv2.INTER_AREA) for pair in pairs]
    cells += [np.zeros_like(cells[0])] * (-len(cells) % columns)
    rows = [np.hstack(cells[i : i + columns]) for i in range(0, len(cells), columns)]
    return np.asarray(np.rint(np.clip(np.vstack(rows), 0.0, 1.0) * 255.0), np.uint8)
