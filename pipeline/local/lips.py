"""Richer lips: a little more of their own colour, more evenly, in their own hue and light."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.local.colour import change_of, to_lab
from pipeline.masks import Mask
from pipeline.regions import FaceRegions
from pipeline.regions.geometry import blurred, smoothstep

_RICHER = 0.25  # share of their chroma that lips gain at a value of 1
_MOST = 8.0  # chroma that they gain at most
_EVENED = 0.4  # share of a blotch's difference in colour that a value of 1 takes
_BLOTCH = 0.02  # of the crop's side; the width over which colour is evened


@dataclass(frozen=True)
class Lips:
    """The lips of a face."""

    lab: NDArray[np.float32]  # [H, W, 3]
    around: NDArray[np.float32]  # [H, W, 2] a* and b* of the lips nearby
    mask: Mask  # [H, W] without highlights, which have no colour of their own

    @classmethod
    def of(cls, crop: NDArray[np.float32], regions: FaceRegions, size: int) -> "Lips":
        """The lips in a crop [H, W, 3], or in a part of one whose side is ``size``."""
        lab, mask = to_lab(crop), regions.lips
        weight = blurred(mask, _BLOTCH * size)[..., None] + 1e-4
        around = blurred(lab[..., 1:] * mask[..., None], _BLOTCH * size) / weight
        light = lab[..., 0]
        level = float(np.median(light[mask > 0.5])) if (mask > 0.5).any() else 50.0
        highlight = smoothstep(light, level + 12.0, level + 28.0)
        dark = smoothstep(light, 0.25 * level, 0.6 * level)  # the line between the lips
        return cls(lab, around, np.asarray(mask * (1.0 - highlight) * dark, np.float32))

    def change(self, value: float) -> NDArray[np.float32]:
        """The change to add to the crop [H, W, 3]; value: 0 to 1."""
        share = (value * self.mask)[..., None]
        chroma = np.hypot(self.around[..., :1], self.around[..., 1:]) + 1e-6
        gain = np.minimum(_RICHER * chroma, _MOST) / chroma
        own = blurred(self.lab[..., 1:], 1.0)
        shift = np.zeros_like(self.lab)
        shift[..., 1:] = share * (gain * self.around + _EVENED * (self.around - own))
        return change_of(self.lab, shift)
