"""Where the sliders of the skin work: skin without what grows on it or lies in it."""

import cv2
import numpy as np

from pipeline.local.fields import enlarged, reduced, smoothstep
from pipeline.masks import Mask
from pipeline.regions import FaceRegions

_SIDE = 512  # pixels; side of the reduced crop in which gaps are closed
_GAP = 0.014  # of the crop's side; radius of the largest gap


def bare_skin(regions: FaceRegions) -> Mask:
    """Skin [H, W] without beard, glasses and paint."""
    covered = np.maximum.reduce((regions.hair, regions.glasses, regions.paint))
    return np.asarray(regions.skin * (1.0 - covered), np.float32)


def inside(skin: Mask) -> Mask:
    """1 in the skin [H, W], fading at its border, exactly 0 outside."""
    return np.asarray(np.clip((skin - np.float32(0.02)) * np.float32(2.6), 0.0, 1.0), np.float32)


def reduced_skin(skin: Mask, size: int, side: int) -> Mask:
    """The skin [h, w] of a reduced crop, where colours are surely its own."""
    return smoothstep(reduced(skin, size, side), 0.3, 0.95)


def features(regions: FaceRegions) -> Mask:
    """What is light or dark and no skin [H, W]."""
    eyes = (regions.eye_whites, regions.irises, regions.lashes, regions.brows)
    others = (regions.lips, regions.teeth, regions.nostrils, regions.glasses, regions.hair)
    return np.asarray(np.maximum.reduce((*eyes, *others)), np.float32)


def whole_skin(regions: FaceRegions, size: int) -> Mask:
    """Bare skin [H, W] with its small gaps closed: a spot need not have the colour of skin."""
    bare = bare_skin(regions)
    small = np.rint(255.0 * reduced(bare, size, _SIDE)).astype(np.uint8)
    radius = max(1, round(_GAP * min(size, _SIDE)))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    closed = cv2.morphologyEx(small, cv2.MORPH_CLOSE, disc).astype(np.float32) / np.float32(255.0)
    closed = closed * (1.0 - reduced(features(regions), size, _SIDE))
    return np.maximum(enlarged(np.asarray(closed, np.float32), bare), bare)
