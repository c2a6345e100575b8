"""Evens the colour of skin: red blotches and uneven colour, at the scale of blotches.

What differs in colour from the skin around comes closer to it. Blush stays in part, because a face without
any looks dead; light and form stay, because lightness follows only where redness darkens.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.local.areas import bare_skin, inside, reduced_skin
from pipeline.local.colour import to_lab
from pipeline.local.fields import blurred, level, mean_within, reduced, without_specks
from pipeline.local.smooth_shift import SmoothShift
from pipeline.regions import FaceRegions

_SIDE = 256  # pixels; side of the reduced crop, fine enough for blotches
_GRAIN = 0.009  # of the crop's side; what is finer is grain, freckles, stubble and spots, and stays
_AROUND = 0.045  # of the crop's side; the skin around a blotch
_BROAD = 0.13  # of the crop's side; the skin around a flush
_REDDER, _OTHER = 0.95, 0.6  # shares of a blotch's shift that go at 1: towards red, and in other directions
_FLUSH = 0.15  # share of a flush that goes; the rest is blush
_LIGHTER = 0.45  # L* by which redness darkens skin, for each unit of a*
_MOST = 9.0  # of a* or b*; what differs more is no blotch


class Redness(SmoothShift):
    """What is uneven in the colour of a face's skin."""

    @classmethod
    def of(cls, crop: NDArray[np.float32], regions: FaceRegions, size: int) -> "Redness":
        """The blotches in a crop [H, W, 3], or in a part of one whose side is ``size``."""
        side = min(size, _SIDE)
        lab = to_lab(reduced(crop, size, _SIDE))
        bare = bare_skin(regions)
        skin = reduced_skin(bare, size, _SIDE)
        color = np.ascontiguousarray(without_specks(lab)[..., 1:])
        smooth = mean_within(color, skin, _GRAIN * side)
        around = mean_within(color, skin, _AROUND * side)
        broad = mean_within(color, skin, _BROAD * side)
        # Taken twice, the difference from the skin around holds blotches and little of a blush.
        differs = smooth - around
        blotch = _bounded(differs - mean_within(differs, skin, _AROUND * side))
        flush = _bounded(around - broad)
        shift = np.zeros_like(lab)
        shift[..., 1] = -np.where(blotch[..., 0] > 0.0, _REDDER, _OTHER) * blotch[..., 0]
        shift[..., 1] -= _FLUSH * np.maximum(flush[..., 0], 0.0)
        shift[..., 2] = -_OTHER * blotch[..., 1]
        shift[..., 0] = -_LIGHTER * np.minimum(shift[..., 1], 0.0)
        shift = blurred(shift, 1.0) * skin[..., None]
        return cls(lab, level(shift, skin), inside(bare))


def _bounded(shift: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(_MOST * np.tanh(shift / _MOST), np.float32)
