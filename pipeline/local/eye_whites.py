"""Cleaner eye whites: less red and yellow, a little lighter, with their own shading.

Veins fade with the redness around them and stay as shading: a white without any looks painted. In warm light
a clean white is warmer.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.local.colour import change_of, to_lab, white_in_light
from pipeline.masks import Mask
from pipeline.regions import FaceRegions
from pipeline.regions.geometry import blurred

_CLEAN = np.array([1.0, 2.0], np.float32)  # a* and b* towards which whites move in neutral light
_WARMEST = np.array([1.0, 9.0], np.float32)  # a* and b* of the warmest clean white: it is never redder
_CLEANED = 0.6  # share of the way there at a value of 1
_LIGHTER = 6.0  # L* at most, at a value of 1
_LIGHTEST = 88.0  # L* from which nothing gets lighter
_VEIN = 0.006  # of the crop's side; what is finer and darker than its surroundings is a vein
_FADED = 0.4  # share of a vein's darkness that a value of 1 takes


@dataclass(frozen=True)
class EyeWhites:
    """The whites of a face's eyes."""

    lab: NDArray[np.float32]  # [H, W, 3]
    veins: Mask  # [H, W] L* by which veins are darker than the white around them
    mask: Mask  # [H, W]
    clean: NDArray[np.float32]  # [2] a* and b* towards which they move

    @classmethod
    def of(cls, crop: NDArray[np.float32], regions: FaceRegions, size: int) -> "EyeWhites":
        """The eye whites in a crop [H, W, 3], or in a part of one whose side is ``size``."""
        lab, mask = to_lab(crop), regions.eye_whites
        weight = blurred(mask, _VEIN * size) + 1e-4
        around = blurred(lab[..., 0] * mask, _VEIN * size) / weight
        clean = white_in_light(_CLEAN, lab[::4, ::4][regions.skin[::4, ::4] > 0.5], _WARMEST)
        return cls(lab, np.maximum(around - lab[..., 0], 0.0) * (mask > 0.0), mask, clean)

    def change(self, value: float) -> NDArray[np.float32]:
        """The change to add to the crop [H, W, 3]; value: 0 to 1."""
        share = value * self.mask
        light, red, yellow = (self.lab[..., channel] for channel in range(3))
        shift = np.empty_like(self.lab)
        # What the lid shades stays shaded, or the eye looks flat.
        room = np.clip((_LIGHTEST - light) / 30.0, 0.0, 1.0) * np.clip(light / 60.0, 0.0, 1.0)
        shift[..., 0] = share * (_LIGHTER * room + _FADED * np.minimum(self.veins, 12.0))
        shift[..., 1] = -_CLEANED * share * np.maximum(red - self.clean[0], 0.0)
        shift[..., 2] = -_CLEANED * share * np.maximum(yellow - self.clean[1], 0.0)
        return change_of(self.lab, shift)
