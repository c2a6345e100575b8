"""Evens the light of skin between pores and form: coarse pores, small shadows, an uneven surface.

What is finer is grain and stays, so that the skin does not look like wax; what is broader is form. Between
the two, weak differences go in part. Small dark spots are pores, stubble, freckles and moles, strong
differences hairs and folds, and coloured ones freckles: those stay.

Grain is what keeps evened skin from looking like wax. A photograph that shows little of it, because it is
soft, retouched or compressed, is evened less, and none is evened below its own pixels.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.local.areas import bare_skin, inside
from pipeline.local.colour import to_lab
from pipeline.local.fields import blurred, mean_within, reduced, smoothstep
from pipeline.local.smooth_shift import SmoothShift
from pipeline.masks import Mask
from pipeline.regions import FaceRegions

_SIDE = 512  # pixels; side of the reduced crop, fine enough for coarse pores
# of the crop's side: blurs between which a difference lies; the share of it that goes at 1
_BANDS = ((0.0025, 0.006, 0.6), (0.006, 0.015, 0.65), (0.015, 0.03, 0.5))
_FINEST = 1.5  # pixels, of the crop and of the photograph; finer than that is grain, however small they are
_WEAK_LIGHT, _WEAK_DARK = 3.2, 2.2  # L*; the scales of the differences that go: what is dark may be a mole
_PLAIN = 1.6  # of a* and b*; the scale of their colour
_BORDER = 0.012  # of the crop's side; blur of the skin that tells its border
_SPOT = 0.012  # of the crop's side; radius of the largest dark spot that stays
_DARKER = (0.7, 2.0)  # L*; depth from which a dark spot is told from grain, and stays whole
_DARKER_THAN_USUAL = (1.5, 3.0)  # the same by the median depth on this skin, if that is more
_AROUND_SPOT = 0.003  # of the crop's side; blur of what stays around a spot
_GRAIN = (0.08, 0.4)  # L*; deviation of the finest band of skin without grain, and with enough of it
_WITHOUT_GRAIN = 0.35  # share of the evening that is left on skin without grain


class Evenness(SmoothShift):
    """What is uneven in the light of a face's skin."""

    @classmethod
    def of(cls, crop: NDArray[np.float32], regions: FaceRegions, size: int, scale: float = 1.0) -> "Evenness":
        """The unevenness in a crop [H, W, 3], or in a part of one whose side is ``size``.

        scale: photo pixels to a crop pixel; less than 1 if the photograph was enlarged
        """
        side = min(size, _SIDE)
        lab = to_lab(reduced(crop, size, _SIDE))
        bare = bare_skin(regions)
        skin = reduced(bare, size, _SIDE)
        known = smoothstep(skin, 0.3, 0.95)
        pixel = max(1.0, 1.0 / scale)  # of the photograph, in pixels of the crop
        finest = _FINEST * max(1.0, pixel * side / size)
        free = _grain_share(crop, bare, pixel) * (1.0 - _dark_spots(lab[..., 0], skin, side))
        shift = np.zeros_like(lab)
        for fine, coarse, share in _BANDS:
            if coarse * side <= finest:
                continue
            smooth = mean_within(lab, known, max(fine * side, finest))
            band = smooth - mean_within(lab, known, coarse * side)
            scale_of = np.where(band[..., 0] > 0.0, np.float32(_WEAK_LIGHT), np.float32(_WEAK_DARK))
            weak = np.exp(-np.square(band[..., 0] / scale_of))
            plain = np.exp(-np.square(band[..., 1:] / _PLAIN).sum(2))
            shift[..., 0] -= share * band[..., 0] * weak * plain * free
        # Not at the border of the skin, where hair, lids, lips and nostrils differ.
        shift *= smoothstep(blurred(skin, _BORDER * side), 0.75, 0.97)[..., None]
        return cls(lab, shift, inside(bare))


def _dark_spots(light: Mask, skin: Mask, side: int) -> Mask:
    """1 in what is darker [h, w] than all around it within a small radius, 0 on even skin."""
    smooth = np.asarray(cv2.GaussianBlur(light, (0, 0), 1.0), np.float32)
    radius = max(1, round(_SPOT * side))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    depth = np.asarray(cv2.morphologyEx(smooth, cv2.MORPH_CLOSE, disc) - smooth, np.float32)
    bare = depth[skin > 0.9]
    usual = float(np.median(bare)) if bare.size else 0.0
    low, high = (max(a, b * usual) for a, b in zip(_DARKER, _DARKER_THAN_USUAL, strict=True))
    return blurred(smoothstep(depth, low, high), _AROUND_SPOT * side)


def _grain_share(crop: NDArray[np.float32], skin: Mask, pixel: float) -> float:
    """How far skin may be evened, by its finest band in a crop [H, W, 3]."""
    light = np.ascontiguousarray(to_lab(crop)[..., 0])
    fine = (light - blurred(light, pixel))[skin > 0.9][::7]
    grain = 1.4826 * float(np.median(np.abs(fine))) if fine.size else 0.0
    low, high = _GRAIN
    return _WITHOUT_GRAIN + (1.0 - _WITHOUT_GRAIN) * float(np.clip((grain - low) / (high - low), 0.0, 1.0))
