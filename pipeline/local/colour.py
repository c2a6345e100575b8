"""Shifts of colour in CIE Lab, as changes that are added to a crop."""

import cv2
import numpy as np
from numpy.typing import NDArray


def to_lab(crop: NDArray[np.float32]) -> NDArray[np.float32]:
    """A crop [H, W, 3] in [0, 1], sRGB, in CIE Lab: L 0 to 100, a and b around 0."""
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(crop), cv2.COLOR_RGB2Lab), np.float32)


def change_of(lab: NDArray[np.float32], shift: NDArray[np.float32]) -> NDArray[np.float32]:
    """What to add to a crop [H, W, 3] so that its Lab values move by ``shift``; exactly 0 where that is 0."""
    before, after = (
        cv2.cvtColor(np.ascontiguousarray(each), cv2.COLOR_Lab2RGB) for each in (lab, lab + shift)
    )
    return np.asarray(after - before, np.float32)
