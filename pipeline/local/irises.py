"""Clearer irises: more contrast in their pattern and a little light, with their own hue.

Pupil and catchlight stay as they are: they give the eye its depth.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.local.colour import change_of, to_lab
from pipeline.masks import Mask
from pipeline.regions import FaceRegions
from pipeline.regions.geometry import blurred, smoothstep

_PATTERN = (0.0012, 0.010)  # of the crop's side; blurs between which the pattern lies
_CONTRAST = 0.9  # of the pattern, added at a value of 1
_STEEPEST = 6.0  # L* by which a pixel's contrast changes at most
_LIGHTER = 5.0  # L* at a value of 1, where an iris is neither pupil nor rim
_RICHER = 0.2  # share of its chroma that an iris gains at a value of 1


@dataclass(frozen=True)
class Irises:
    """The irises of a face."""

    lab: NDArray[np.float32]  # [H, W, 3]
    pattern: Mask  # [H, W] L* of the pattern
    iris: Mask  # [H, W] without pupil and catchlight

    @classmethod
    def of(cls, crop: NDArray[np.float32], regions: FaceRegions, size: int) -> "Irises":
        """The irises in a crop [H, W, 3], or in a part of one whose side is ``size``."""
        lab, mask = to_lab(crop), regions.irises
        fine, coarse = (sigma * size for sigma in _PATTERN)
        weight = blurred(mask, coarse) + 1e-4
        around = blurred(lab[..., 0] * mask, coarse) / weight
        smooth = blurred(lab[..., 0], fine)
        catchlight = smoothstep(smooth - around, 14.0, 26.0)
        pupil = smoothstep(smooth, 14.0, 4.0)
        kept = mask * (1.0 - blurred(catchlight, fine)) * (1.0 - pupil)
        return cls(lab, smooth - around, np.asarray(kept, np.float32))

    def change(self, value: float) -> NDArray[np.float32]:
        """The change to add to the crop [H, W, 3]; value: 0 to 1."""
        share = value * self.iris
        shift = np.empty_like(self.lab)
        contrast = _STEEPEST * np.tanh(_CONTRAST * self.pattern / _STEEPEST)
        light = (
            _LIGHTER
            * np.clip(self.lab[..., 0] / 25.0, 0.0, 1.0)
            * np.clip((75.0 - self.lab[..., 0]) / 30.0, 0.0, 1.0)
        )
        shift[..., 0] = share * (contrast + light)
        shift[..., 1:] = (_RICHER * share)[..., None] * self.lab[..., 1:]
        return change_of(self.lab, shift)
