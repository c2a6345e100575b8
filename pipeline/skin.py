"""Retouch of skin by frequency separation: eases blemishes and wrinkles, keeps pores and form.

An edge-preserving base carries form and shading; what lies above it is split by scale into a middle band
(spots, lines, grain) and a fine one (pores, down). ``strength`` takes from the middle band what stands out
from this skin's own grain; ``texture`` decides how much of that grain, and of the fine band, stays.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.masks import Mask
from pipeline.window import Window

_RADIUS = 0.016  # of the crop's side; window of the base
_EDGE = 0.028  # contrast in [0, 1] that counts as form rather than blemish
_PORE = 1.3 / 1024.0  # of the crop's side; where the fine band begins
_EASED = 0.85  # share of a spot that strength 1 takes
_STANDS_OUT = 1.5  # robust standard deviations of the middle band at which grain becomes a spot
_SPOT = 0.004  # of the crop's side; blur of the energy that tells spots
_SMOOTHED = 0.85  # share of the fine band that texture 0 takes


@dataclass(frozen=True)
class SkinLayers:
    """The bands of detail that a retouch may reduce."""

    middle: NDArray[np.float32]  # [S, S, 3], weighted by the skin mask
    fine: NDArray[np.float32]  # [S, S, 3], weighted by the skin mask
    spots: Mask  # [S, S] how far the middle band stands out from the grain of this skin, 0 to 1

    @classmethod
    def of(cls, crop: NDArray[np.float32], skin: Mask) -> "SkinLayers":
        """The bands of a crop [S, S, 3] in [0, 1]; skin: mask [S, S]."""
        size = crop.shape[0]
        detail = crop - _base(crop, max(1, round(_RADIUS * size)))
        middle = np.asarray(cv2.GaussianBlur(detail, (0, 0), max(0.5, _PORE * size)), np.float32)
        weight = skin[..., None]
        fine = np.asarray((detail - middle) * weight, np.float32)
        return cls(np.asarray(middle * weight, np.float32), fine, _spots(middle, skin))

    def within(self, window: Window) -> "SkinLayers":
        """The layers in a window of the crop."""
        return SkinLayers(window.of(self.middle), window.of(self.fine), window.of(self.spots))

    def change(self, strength: float, texture: float) -> NDArray[np.float32]:
        """The change to add to the crop [S, S, 3]."""
        eased = (self.spots + (1.0 - self.spots) * (1.0 - texture))[..., None]
        fine = finest_share(strength, texture)
        return np.asarray(-_EASED * strength * eased * self.middle - fine * self.fine, np.float32)


def finest_share(strength: float, texture: float) -> float:
    """The share of the finest detail that bare skin loses."""
    return _SMOOTHED * strength * (1.0 - texture)


def _spots(middle: NDArray[np.float32], skin: Mask) -> Mask:
    light = middle.mean(axis=2)
    bare = light[skin > 0.5]
    grain = 1.4826 * float(np.median(np.abs(bare))) if bare.size else 0.0
    energy = cv2.GaussianBlur(light * light, (0, 0), max(0.6, _SPOT * light.shape[0]))
    return np.asarray(1.0 - np.exp(-energy / max(_STANDS_OUT * grain, 1e-6) ** 2), np.float32)


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
