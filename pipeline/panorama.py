"""Long panoramas: their reduced copy shows faces too small, so that they are searched in parts."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

CLOSER_SIDE = 3200  # pixels; longest side of the copy in which dlib looks for small upright faces
SMALLEST_SIDE = 32  # pixels; no face fits in less
# pixels; parts overlap by the smallest face that is found in a reduced copy of 30,000
TILE_SIDE, TILE_OVERLAP = 3072, 832


def is_panorama(pixels: NDArray[np.generic]) -> bool:
    """Whether a photo [H, W, C] is so long that its reduced copy has only a fraction of the usual pixels."""
    short, long = sorted(pixels.shape[:2])
    return bool(long > 2 * CLOSER_SIDE and long >= 2 * short and short >= SMALLEST_SIDE)


def tiles_of(height: int, width: int) -> Iterator[tuple[slice, slice]]:
    """Parts of a panorama that overlap, so that a face too small for the reduced copy lies whole in one."""
    for top in _starts(height):
        for left in _starts(width):
            yield slice(top, min(top + TILE_SIDE, height)), slice(left, min(left + TILE_SIDE, width))


def _starts(length: int) -> range:
    step = TILE_SIDE - TILE_OVERLAP
    return range(0, max(1, length - TILE_OVERLAP), step)
