"""Eases bags and dark circles: the skin under the eyes comes closer to the cheek below.

Only what is smooth changes, so that the texture stays; lashes and lids are no part of the region.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.local.areas import bare_skin, inside, reduced_skin
from pipeline.local.colour import to_lab
from pipeline.local.fields import blurred, continued, mean_within, reduced, smoothstep
from pipeline.local.smooth_shift import SmoothShift
from pipeline.regions import FaceRegions

_SIDE = 256  # pixels; side of the reduced crop, fine enough for bags
_GRAIN = 0.005  # of the crop's side; what is finer stays
_DARKER, _LIGHTER, _COLOR = 0.72, 0.35, 0.7  # shares of the difference that go at 1: dark, light, colour
_PAINT = (14.0, 22.0)  # of a* and b* together; a colour that differs as much was painted
_MOST = (16.0, 9.0, 9.0)  # of L*, a*, b*; what differs more is shadow


class UnderEyes(SmoothShift):
    """How the skin under the eyes differs from the cheeks."""

    @classmethod
    def of(cls, crop: NDArray[np.float32], regions: FaceRegions, size: int) -> "UnderEyes":
        """The skin under the eyes in a crop [H, W, 3], or in a part of one whose side is ``size``."""
        side = min(size, _SIDE)
        lab = to_lab(reduced(crop, size, _SIDE))
        bare = bare_skin(regions)
        skin = reduced_skin(bare, size, _SIDE)
        under = reduced(regions.under_eyes, size, _SIDE)
        near = blurred(under, 0.008 * side)
        smooth = mean_within(lab, np.maximum(skin, under), _GRAIN * side)
        # The cheek, continued upwards: eyes, lids and brows are no part of what is known.
        known = skin * smoothstep(near, 0.15, 0.02)
        cheek = blurred(continued(smooth, np.asarray(known, np.float32)), 0.02 * side)
        difference = smooth - cheek
        paint = smoothstep(np.hypot(difference[..., 1], difference[..., 2]), *_PAINT)
        most = np.array(_MOST, np.float32)
        difference = most * np.tanh(difference / most)
        shift = -_COLOR * difference
        shift[..., 0] = -np.where(difference[..., 0] < 0.0, _DARKER, _LIGHTER) * difference[..., 0]
        shift = np.asarray(blurred(shift, 1.0) * (under * (1.0 - paint))[..., None], np.float32)
        return cls(lab, shift, inside(regions.under_eyes))
