"""A face before other backgrounds: saturated ones, whose colour may leak in, and a grating that may bend."""

import math

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import rim
from benchmarks.figures.backgrounds import SATURATED, before_background, head
from benchmarks.figures.leak import leak
from benchmarks.figures.rim import beyond, gratings
from pipeline.retoucher import Retoucher
from retouchml import Look


def leak_before_backgrounds(
    crop: NDArray[np.float32], points: NDArray[np.float64], look: Look, retoucher: Retoucher
) -> dict[str, float]:
    """The leak of a face, in its crop, before each saturated background, by its name.

    A background before which no face is found is left out.
    """
    cut = head(crop, points)
    leaks = {}
    for name, color in SATURATED.items():
        before = before_background(crop, cut, color)
        after = _retouched(before, look, retoucher)
        if after is not None:
            leaks[name] = leak(before, after, points)
    return leaks


def bend_of_gratings(
    crop: NDArray[np.float32], points: NDArray[np.float64], look: Look, retoucher: Retoucher
) -> float:
    """How far straight lines behind the head of a face, in its crop, bend; NaN if no face is found there."""
    cut = head(crop, points)
    before = before_background(crop, cut, gratings(crop.shape[0], points))
    after = _retouched(before, look, retoucher)
    return math.nan if after is None else rim.bend(before, after, points, beyond(cut, points))


def _retouched(crop: NDArray[np.float32], look: Look, retoucher: Retoucher) -> NDArray[np.float32] | None:
    """A face's crop after the retouch of its largest face; None if none is found."""
    photo = retoucher.open(crop)
    return np.asarray(photo.apply(photo.render({0: look})), np.float32) if photo.faces else None
