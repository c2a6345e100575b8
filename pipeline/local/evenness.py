"""Evens the light of skin between pores and form: coarse pores, small shadows, an uneven surface.

What is finer is grain and stays, so that the skin does not look like wax; what is broader is form. Between
the two, weak differences go in part. Strong ones are hairs, moles and folds, and coloured ones are freckles:
those stay.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.local.areas import bare_skin, inside
from pipeline.local.colour import to_lab
from pipeline.local.fields import blurred, mean_within, reduced, smoothstep
from pipeline.local.smooth_shift import SmoothShift
from pipeline.regions import FaceRegions

_SIDE = 512  # pixels; side of the reduced crop, fine enough for coarse pores
# of the crop's side: blurs between which a difference lies; the share of it that goes at 1
_BANDS = ((0.0025, 0.006, 0.6), (0.006, 0.015, 0.65), (0.015, 0.03, 0.4))
_FINEST = 1.5  # pixels; finer than that is grain, however small the crop is
_WEAK_LIGHT, _WEAK_DARK = 3.2, 2.2  # L*; the scales of the differences that go: what is dark may be a mole
_PLAIN = 2.2  # of a* and b*; the scale of their colour
_BORDER = 0.012  # of the crop's side; blur of the skin that tells its border


class Evenness(SmoothShift):
    """What is uneven in the light of a face's skin."""

    @classmethod
    def of(cls, crop: NDArray[np.float32], regions: FaceRegions, size: int) -> "Evenness":
        """The unevenness in a crop [H, W, 3], or in a part of one whose side is ``size``."""
        side = min(size, _SIDE)
        lab = to_lab(reduced(crop, size, _SIDE))
        bare = bare_skin(regions)
        skin = reduced(bare, size, _SIDE)
        known = smoothstep(skin, 0.3, 0.95)
        shift = np.zeros_like(lab)
        for fine, coarse, share in _BANDS:
            if coarse * side <= _FINEST:
                continue
            smooth = mean_within(lab, known, max(fine * side, _FINEST))
            band = smooth - mean_within(lab, known, coarse * side)
            scale = np.where(band[..., 0] > 0.0, np.float32(_WEAK_LIGHT), np.float32(_WEAK_DARK))
            weak = np.exp(-np.square(band[..., 0] / scale))
            plain = np.exp(-np.square(band[..., 1:] / _PLAIN).sum(2))
            shift[..., 0] -= share * band[..., 0] * weak * plain
        # Not at the border of the skin, where hair, lids, lips and nostrils differ.
        shift *= smoothstep(blurred(skin, _BORDER * side), 0.75, 0.97)[..., None]
        return cls(lab, shift, inside(bare))
