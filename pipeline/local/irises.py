"""Clearer irises: more contrast in their pattern and a little light, with their own hue.

Pupil and catchlight stay as they are: they give the eye its depth. So does an eye that a flash has made red,
which would glow.
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
# From where to where an eye counts as made red by a flash: a* beyond that of the skin, and L*. Brown irises,
# as red as the skin in dim light, are darker.
_RED, _LIT = (-1.0, 3.0), (38.0, 45.0)


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
        around, redness = (blurred(lab[..., channel] * mask, coarse) / weight for channel in (0, 1))
        smooth = blurred(lab[..., 0], fine)
        catchlight = smoothstep(smooth - around, 14.0, 26.0)
        pupil = smoothstep(smooth, 14.0, 4.0)
        kept = mask * (1.0 - blurred(catchlight, fine)) * (1.0 - pupil)
        skin = lab[::4, ::4, 1][regions.skin[::4, ::4] > 0.5]
        if skin.size:
            flashed = smoothstep(redness - np.float32(np.median(skin)), *_RED) * smoothstep(around, *_LIT)
            kept = kept * (1.0 - flashed)
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
