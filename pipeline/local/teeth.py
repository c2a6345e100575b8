"""Whiter teeth: less yellow, a little lighter, with their own shading.

The aim is ivory, not neutral: teeth without any yellow look grey. In warm light, of which the skin around
tells, ivory is warmer, but never so warm that nothing would change. No tooth loses all of the colour that the
teeth have together. What differs from tooth to tooth stays, so that they do not look painted.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.local.colour import change_of, to_lab, white_in_light
from pipeline.local.fields import mean_within
from pipeline.masks import Mask
from pipeline.regions import FaceRegions

_IVORY = np.array([1.0, 2.0], np.float32)  # a* and b* towards which teeth move in neutral light
_WARMEST = np.array([4.0, 9.0], np.float32)  # a* and b* of the warmest ivory
_LEAST_OWN, _MOST_OWN = 0.3, 0.45  # share of their own median a* and b* that teeth keep
_LEFT = 0.5  # share of ivory that a pixel keeps which is paler than the tooth around it
_TOOTH = 0.008  # of the crop's side; blur of the colour that is shifted, about the width of a tooth
_BLEACHED = 1.0  # share of the way there at a value of 1
_LIGHTER = 5.0  # L* at most, at a value of 1
_LIGHTEST = 97.0  # L* from which nothing gets lighter


@dataclass(frozen=True)
class Teeth:
    """The teeth of a face."""

    lab: NDArray[np.float32]  # [H, W, 3]
    mask: Mask  # [H, W]
    away: NDArray[
        np.float32
    ]  # [H, W, 2] a* and b* by which teeth differ from ivory, zero where they are whiter

    @classmethod
    def of(cls, crop: NDArray[np.float32], regions: FaceRegions, size: int) -> "Teeth":
        """The teeth in a crop [H, W, 3], or in a part of one."""
        lab = to_lab(crop)
        return cls.within(lab, regions.teeth, lab[regions.skin > 0.5], size)

    @classmethod
    def within(cls, lab: NDArray[np.float32], mask: Mask, skin: NDArray[np.float32], size: int) -> "Teeth":
        """The teeth of a mask [H, W] in a picture in CIE Lab [H, W, 3]; skin: colours of skin [N, 3]."""
        ivory = white_in_light(_IVORY, skin, _WARMEST)
        color = np.ascontiguousarray(lab[..., 1:])
        if (mask > 0.5).any():
            own = np.maximum(np.median(color[mask > 0.5], axis=0), 0.0)
            ivory = np.clip(ivory, _LEAST_OWN * own, _MOST_OWN * own)
        ivory = np.asarray(ivory, np.float32)
        whole = mean_within(color, mask, _TOOTH * size) - ivory
        # No pixel is moved past neutral: it would turn blue or green.
        away = np.minimum(np.maximum(whole, 0.0), np.maximum(color - _LEFT * ivory, 0.0))
        return cls(lab, mask, np.asarray(away, np.float32))

    def change(self, value: float) -> NDArray[np.float32]:
        """The change to add to the crop [H, W, 3]; value: 0 to 1."""
        share = value * self.mask
        light = self.lab[..., 0]
        shift = np.empty_like(self.lab)
        # Shade is kept: what is darker gets less light.
        room = np.clip((_LIGHTEST - light) / 24.0, 0.0, 1.0) * np.clip(light / 70.0, 0.0, 1.0)
        shift[..., 0] = _LIGHTER * share * room
        shift[..., 1:] = -_BLEACHED * share[..., None] * self.away
        return change_of(self.lab, shift)
