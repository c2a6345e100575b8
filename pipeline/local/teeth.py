"""Whiter teeth: less yellow, a little lighter, with their own shading.

The aim is ivory, not neutral: teeth without any yellow look grey. In warm light, of which the skin around
tells, ivory is warmer.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.local.colour import change_of, to_lab
from pipeline.masks import Mask
from pipeline.regions import FaceRegions

_IVORY = np.array([1.0, 2.0], np.float32)  # a* and b* towards which teeth move in neutral light
_SKIN = np.array([12.0, 17.0], np.float32)  # a* and b* of skin in neutral light, about
_WARMTH = np.array([0.25, 0.35], np.float32)  # by which ivory follows warmer skin
_WARMEST = np.array([4.0, 9.0], np.float32)  # a* and b* of the warmest ivory
_BLEACHED = 0.9  # share of the way there at a value of 1
_LIGHTER = 5.0  # L* at most, at a value of 1
_LIGHTEST = 97.0  # L* from which nothing gets lighter


@dataclass(frozen=True)
class Teeth:
    """The teeth of a face."""

    lab: NDArray[np.float32]  # [H, W, 3]
    mask: Mask  # [H, W]
    ivory: NDArray[np.float32]  # [2] a* and b* towards which these teeth move

    @classmethod
    def of(cls, crop: NDArray[np.float32], regions: FaceRegions, _size: int) -> "Teeth":
        """The teeth in a crop [H, W, 3], or in a part of one."""
        lab = to_lab(crop)
        return cls.within(lab, regions.teeth, lab[regions.skin > 0.5])

    @classmethod
    def within(cls, lab: NDArray[np.float32], mask: Mask, skin: NDArray[np.float32]) -> "Teeth":
        """The teeth of a mask [H, W] in a picture in CIE Lab [H, W, 3]; skin: colours of skin [N, 3]."""
        warmth = np.maximum(np.median(skin[:, 1:], axis=0) - _SKIN, 0.0) if len(skin) else np.zeros(2)
        ivory = np.minimum(_IVORY + _WARMTH * warmth, _WARMEST)
        return cls(lab, mask, np.asarray(ivory, np.float32))

    def change(self, value: float) -> NDArray[np.float32]:
        """The change to add to the crop [H, W, 3]; value: 0 to 1."""
        share = value * self.mask
        light, red, yellow = (self.lab[..., channel] for channel in range(3))
        shift = np.empty_like(self.lab)
        # Shade is kept: what is darker gets less light.
        room = np.clip((_LIGHTEST - light) / 24.0, 0.0, 1.0) * np.clip(light / 70.0, 0.0, 1.0)
        shift[..., 0] = _LIGHTER * share * room
        shift[..., 1] = -_BLEACHED * share * np.maximum(red - self.ivory[0], 0.0)
        shift[..., 2] = -_BLEACHED * share * np.maximum(yellow - self.ivory[1], 0.0)
        return change_of(self.lab, shift)
