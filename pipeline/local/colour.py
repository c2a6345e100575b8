"""Shifts of colour in CIE Lab, as changes that are added to a crop."""

import cv2
import numpy as np
from numpy.typing import NDArray

_SKIN = np.array([12.0, 17.0], np.float32)  # a* and b* of skin in neutral light, about
_WARMTH = np.array([0.25, 0.35], np.float32)  # by which what is white follows warmer skin


def to_lab(crop: NDArray[np.float32]) -> NDArray[np.float32]:
    """A crop [H, W, 3] in [0, 1], sRGB, in CIE Lab: L 0 to 100, a and b around 0."""
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(crop), cv2.COLOR_RGB2Lab), np.float32)


def change_of(lab: NDArray[np.float32], shift: NDArray[np.float32]) -> NDArray[np.float32]:
    """What to add to a crop [H, W, 3] so that its Lab values move by ``shift``; exactly 0 where that is 0."""
    before, after = (
        cv2.cvtColor(np.ascontiguousarray(each), cv2.COLOR_Lab2RGB) for each in (lab, lab + shift)
    )
    return np.asarray(after - before, np.float32)


def white_in_light(
    white: NDArray[np.float32], skin: NDArray[np.float32], warmest: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The a* and b* [2] that teeth or eye whites have in the light of a photograph.

    In warm light, of which the skin tells, ``white`` [2] of neutral light would look blue. skin: its colours
    [N, 3] in Lab; warmest: a* and b* [2] that are not exceeded
    """
    if not len(skin):
        return white
    warmth = np.maximum(np.median(skin[:, 1:], axis=0) - _SKIN, 0.0)
    return np.asarray(np.minimum(white + _WARMTH * warmth, warmest), np.float32)
