"""The texture of skin, by frequency separation: smoother by a share, with its form.

An edge-preserving base carries form and shading; what lies above it is grain, pores and down. ``texture``
decides how much of that stays where ``strength`` retouches. Spots and lines have sliders of their own, in
``pipeline.local``.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.masks import Mask
from pipeline.window import Window

_RADIUS = 0.016  # of the crop's side; window of the base
_EDGE = 0.028  # contrast in [0, 1] that counts as form rather than blemish
_SMOOTHED = 0.85  # share of the texture that texture 0 takes


@dataclass(frozen=True)
class SkinLayers:
    """What a retouch may reduce of a face's skin."""

    detail: NDArray[np.float32]  # [S, S, 3], weighted by the skin mask

    @classmethod
    def of(cls, crop: NDArray[np.float32], skin: Mask) -> "SkinLayers":
        """The layers of a crop [S, S, 3] in [0, 1]; skin: mask [S, S]."""
        base = _base(crop, max(1, round(_RADIUS * crop.shape[0])))
        return cls(np.asarray((crop - base) * skin[..., None], np.float32))

    def within(self, window: Window) -> "SkinLayers":
        """The layers in a window of the crop."""
        return SkinLayers(window.of(self.detail))

    def change(self, strength: float, texture: float) -> NDArray[np.float32]:
        """The change to add to the crop [S, S, 3]."""
        return np.asarray(-finest_share(strength, texture) * self.detail, np.float32)


def finest_share(strength: float, texture: float) -> float:
    """The share of the finest detail that bare skin loses."""
    return _SMOOTHED * strength * (1.0 - texture)


def _base(crop: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    """The crop smoothed by a guided filter, whose guide is the crop's own lightness."""
    guide = crop.mean(axis=2)
    window = (2 * radius + 1, 2 * radius + 1)
    mean = cv2.blur(guide, window)
    variance = np.maximum(cv2.blur(guide * guide, window) - mean * mean, 0.0)[..., None]
    mean_crop = cv2.blur(crop, window)
    covariance = cv2.blur(crop * guide[..., None], window) - mean_crop * mean[..., None]
    slope = covariance / (variance + _EDGE**2)
    offset = mean_crop - slope * mean[..., None]
    return np.asarray(cv2.blur(slope, window) * guide[..., None] + cv2.blur(offset, window), np.float32)
