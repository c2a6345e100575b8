"""Pictures of bare skin with something painted on it, in CIE Lab."""

from dataclasses import fields

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.masks import Mask
from pipeline.regions import FaceRegions

SIZE = 512
Picture = NDArray[np.float32]
LIGHT, DARK = (68.0, 14.0, 18.0), (40.0, 14.0, 18.0)  # CIE Lab of two people's skin


def skin_lab(
    color: tuple[float, float, float] = LIGHT, size: int = SIZE, grain: float = 0.8, seed: int = 0
) -> Picture:
    """Evenly lit skin [S, S, 3] in CIE Lab that darkens to one side; grain: standard deviation of L*."""
    noise = np.random.default_rng(seed).standard_normal((size, size)).astype(np.float32)
    pores = cv2.GaussianBlur(noise, (0, 0), 1.0)
    picture = np.empty((size, size, 3), np.float32)
    picture[:] = color
    picture[..., 0] += np.linspace(4.0, -4.0, size, dtype=np.float32)[None] + grain * pores / pores.std()
    return picture


def add_disc(picture: Picture, center: tuple[float, float], radius: float, shift: tuple[float, ...]) -> None:
    """Shift the colour of a soft-edged disc."""
    picture += disc(picture.shape[0], center, radius)[..., None] * np.array(shift, np.float32)


def disc(size: int, center: tuple[float, float], radius: float) -> Mask:
    """1 in a disc [S, S], fading over a pixel and a half at its edge."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    distance = np.hypot(x - center[0], y - center[1])
    return np.asarray(np.clip((radius - distance) / 1.5 + 0.5, 0.0, 1.0), np.float32)


def to_rgb(lab: Picture) -> Picture:
    """sRGB in [0, 1] of a picture in CIE Lab."""
    return np.clip(np.asarray(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), np.float32), 0.0, 1.0)


def to_lab(rgb: Picture) -> Picture:
    """CIE Lab of an sRGB picture."""
    return np.asarray(cv2.cvtColor(np.clip(rgb, 0.0, 1.0), cv2.COLOR_RGB2Lab), np.float32)


def regions(size: int = SIZE, **given: Mask) -> FaceRegions:
    """Regions of a crop that shows skin alone, but for those that are given."""
    empty = {each.name: np.zeros((size, size), np.float32) for each in fields(FaceRegions)}
    return FaceRegions(**{**empty, "skin": np.ones((size, size), np.float32), **given})
