"""Clearer brows: more contrast between their hairs, and gaps that are slightly filled.

A gap takes a part of the darkness that the brow has around it, so that the skin's grain shows through.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.local.colour import change_of, to_lab
from pipeline.masks import Mask
from pipeline.regions import FaceRegions
from pipeline.regions.geometry import blurred, smoothstep

_HAIRS = (0.0008, 0.006)  # of the crop's side; blurs between which hairs lie
_CONTRAST = 0.7  # of the hairs, added at a value of 1
_LIT = 0.25  # share of that for what is lighter than its surroundings: gaps must not open
_CLEAR = (4.0, 9.0)  # L*; hairs' root mean square from which they gain less, and the least
_LEAST = 0.2  # share of the contrast that the clearest hairs gain: more would make streaks of them
_STEEPEST = 7.0  # L* by which a pixel's contrast changes at most
_NEARBY = 0.012  # of the crop's side; the width over which a brow's own tone is taken
_FILLED = 0.3  # share of a gap's lightness that a value of 1 takes


@dataclass(frozen=True)
class Brows:
    """The brows of a face."""

    lab: NDArray[np.float32]  # [H, W, 3]
    hairs: Mask  # [H, W] L* of the hairs against what is around, less where they are clear
    gaps: NDArray[np.float32]  # [H, W, 3] Lab from a gap to the brow's tone, zero on hairs
    mask: Mask  # [H, W]

    @classmethod
    def of(cls, crop: NDArray[np.float32], regions: FaceRegions, size: int) -> "Brows":
        """The brows in a crop [H, W, 3], or in a part of one whose side is ``size``."""
        lab, mask = to_lab(crop), regions.brows
        fine, coarse = (sigma * size for sigma in _HAIRS)
        smooth = blurred(lab[..., 0], fine)
        hairs = smooth - blurred(lab[..., 0], coarse)
        weight = blurred(mask, _NEARBY * size)[..., None] + 1e-4
        power = blurred(np.square(hairs) * mask, _NEARBY * size) / weight[..., 0]
        gain = 1.0 - (1.0 - _LEAST) * smoothstep(np.sqrt(power), *_CLEAR)
        hairs = np.asarray(np.where(hairs > 0.0, _LIT * hairs, hairs) * gain, np.float32)
        tone = blurred(lab * mask[..., None], _NEARBY * size) / weight
        local = blurred(lab, coarse)
        lighter = (local[..., :1] > tone[..., :1]).astype(np.float32)
        return cls(lab, hairs, np.asarray((tone - local) * lighter, np.float32), mask)

    def change(self, value: float) -> NDArray[np.float32]:
        """The change to add to the crop [H, W, 3]; value: 0 to 1."""
        share = value * self.mask
        shift = (_FILLED * share)[..., None] * self.gaps
        shift[..., 0] += share * _STEEPEST * np.tanh(_CONTRAST * self.hairs / _STEEPEST)
        return change_of(self.lab, np.asarray(shift, np.float32))
