"""Eases bags and dark circles: the skin under the eyes comes closer to the cheek below.

Only what is smooth changes, so that the texture stays; lashes and lids are no part of the region.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.local.areas import bare_skin, inside, reduced_skin
from pipeline.local.colour import to_lab
from pipeline.local.fields import blurred, enlarged, mean_within, reduced, smoothstep
from pipeline.local.smooth_shift import SmoothShift
from pipeline.masks import Mask
from pipeline.regions import FaceRegions

_SIDE = 256  # pixels; side of the reduced crop, fine enough for bags
_GRAIN = 0.005  # of the crop's side; what is finer stays
_DARKER, _LIGHTER = 0.88, 0.35  # shares of the difference that go at 1: dark, light
# the same of a* and b*: the corner of the eye is redder than the cheek, and would look green without it
_RED, _YELLOW = 0.55, 0.85
_BELOW = (0.05, 0.075, 0.1)  # of the crop's side; how far below the region the cheek is looked at
_CHEEK = 0.04  # of the crop's side; blur of the cheek's colour
_AROUND = 0.13  # of the crop's side; the skin around
_LIT = 8.0  # L* above the skin around; a cheek that is lighter is lit, and what lies in its shade is form
_SOFT = 0.014  # of the crop's side; blur by which the region passes into the cheek
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
        under = reduced(regions.under_eyes * (1.0 - regions.paint), size, _SIDE)
        # The region and where it passes into the cheek.
        near = blurred(under, _SOFT * side)
        bridged = cv2.dilate(
            under, np.ones((5, 5), np.uint8)
        )  # the holes of the skin around the eyes are wide
        region = np.maximum(under, smoothstep(near, 0.05, 0.5) * np.maximum(skin, bridged))
        smooth = mean_within(lab, np.maximum(skin, under), _GRAIN * side)
        # The cheek is what lies below, not the side of the nose nor the temple: the crop is upright.
        below = np.maximum.reduce([_lowered(under, round(share * side)) for share in _BELOW])
        cheek = mean_within(smooth, below * skin * smoothstep(near, 0.3, 0.05), _CHEEK * side)
        around = mean_within(smooth, skin, _AROUND * side)
        cheek[..., 0] = np.minimum(cheek[..., 0], around[..., 0] + _LIT)
        difference = smooth - cheek
        paint = smoothstep(np.hypot(difference[..., 1], difference[..., 2]), *_PAINT)
        most = np.array(_MOST, np.float32)
        difference = most * np.tanh(difference / most)
        shift = -np.array([0.0, _RED, _YELLOW], np.float32) * difference
        shift[..., 0] = -np.where(difference[..., 0] < 0.0, _DARKER, _LIGHTER) * difference[..., 0]
        shift = np.asarray(blurred(shift, 1.0) * (region * (1.0 - paint))[..., None], np.float32)
        return cls(lab, shift, inside(enlarged(region, bare)))


def _lowered(mask: Mask, rows: int) -> Mask:
    """A mask [h, w] that is moved down."""
    result = np.zeros_like(mask)
    result[rows:] = mask[: mask.shape[0] - rows]
    return result
