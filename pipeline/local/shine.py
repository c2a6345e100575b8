"""Takes the shine off skin: the light that is reflected at its surface, not the light that forms it.

A highlight is lighter and less coloured than the skin around. After the dichromatic model (Shafer, "Using
color to separate reflection components", Color Research and Application 1985) skin is its own colour, more or
less lit, plus some of the lamp's white; the white is what shines.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.local.areas import bare_skin, features, inside, reduced_skin
from pipeline.local.colour import to_lab
from pipeline.local.fields import blurred, enlarged, level, mean_within, reduced, smoothstep, without_specks
from pipeline.local.smooth_shift import SmoothShift
from pipeline.masks import Mask
from pipeline.regions import FaceRegions

_SIDE = 256  # pixels; side of the reduced crop, fine enough for highlights
_GRAIN = 0.003  # of the crop's side
_AROUND = 0.075  # of the crop's side; the skin around a highlight
_HOLE = 0.05  # of the crop's side; half the width of the widest glare
_WHITE = 0.6  # chroma by that of the skin; less is either glare or no skin
_SURROUNDED = 0.6  # share of what is around a glare that is skin
_KNEE = 2.5  # L* above the skin around, up to which light is form
_LIGHTER = (1.0, 4.5)  # L* above the skin around: where chroma begins to be missing, and where it is
_PALER = (1.03, 0.9)  # chroma by that of the skin around: where shine begins, and where it is certain
_COLORED_SKIN = (2.0, 6.0)  # chroma of the skin around: a grey picture does not tell shine from form
_SOFT = 0.008  # of the crop's side; blur of what shines
_DIMMED, _MOST = 0.85, 11.0  # share of what is above the knee that goes at 1; the most, in L*
_BROAD, _FORM = 0.04, 0.7  # of the crop's side; share of the dimming over such a width that stays undone
_COLORED = 0.85  # share of the missing chroma that comes back
_WIDE, _MOST_COLORED = 0.05, 2.0  # of the crop's side; the most chroma over such a width


class Shine(SmoothShift):
    """The highlights of a face's skin."""

    @classmethod
    def of(cls, crop: NDArray[np.float32], regions: FaceRegions, size: int) -> "Shine":
        """The highlights in a crop [H, W, 3], or in a part of one whose side is ``size``."""
        side = min(size, _SIDE)
        lab = to_lab(reduced(crop, size, _SIDE))
        bare = bare_skin(regions)
        skin = reduced_skin(bare, size, _SIDE)
        shown = _shown(lab, skin, reduced(features(regions), size, _SIDE), side)
        # A freckle in a highlight is dimmed like the skin around it, so that it keeps its contrast.
        smooth = mean_within(without_specks(lab), shown, _GRAIN * side)
        # The skin around is that without its highlights: a second look weighs what is lighter less.
        around = mean_within(smooth, skin, _AROUND * side)
        for _ in range(2):
            lighter = np.maximum(smooth[..., 0] - around[..., 0], 0.0)
            dull = np.asarray(skin * np.exp(-np.square(lighter / 5.0)), np.float32)
            around = mean_within(smooth, dull, _AROUND * side)
        excess = np.maximum(smooth[..., 0] - around[..., 0], 0.0)
        chroma, expected = (np.hypot(each[..., 1], each[..., 2]) for each in (smooth, around))
        paler = np.asarray(chroma / np.maximum(expected, 1.0), np.float32)
        told = smoothstep(np.asarray(expected, np.float32), *_COLORED_SKIN)
        pale = blurred(smoothstep(paler, *_PALER) * told * shown, _SOFT * side)
        shift = np.zeros_like(lab)
        # Above the knee light is compressed, never below it: what was lighter stays lighter, so form stays.
        over = np.maximum(excess - _KNEE, 0.0)
        dimmed = np.asarray(_MOST * np.tanh(_DIMMED * over / _MOST) * pale, np.float32)
        # Most of a broad glow stays, or forehead and cheeks look flat.
        broad = mean_within(dimmed, skin, _BROAD * side)
        shift[..., 0] = -np.maximum(dimmed - _FORM * broad, 0.0)
        lit = np.clip((smooth[..., 0] + shift[..., 0]) / np.maximum(around[..., 0], 1.0), 1.0, 1.1)
        colored = _COLORED * pale * smoothstep(excess, *_LIGHTER)
        missing = np.asarray(
            colored[..., None] * (around[..., 1:] * lit[..., None] - smooth[..., 1:]), np.float32
        )
        # Spots of light get all of it; a whole cheek in the sun would change its colour.
        wide = blurred(missing, _WIDE * side)
        length = np.maximum(np.hypot(wide[..., 0], wide[..., 1]), 1e-3)[..., None]
        shift[..., 1:] = missing - wide * (1.0 - _MOST_COLORED * np.tanh(length / _MOST_COLORED) / length)
        shift = level(np.asarray(blurred(shift, 1.0) * shown[..., None], np.float32), shown)
        return cls(lab, shift, inside(enlarged(shown, bare)))


def _shown(lab: NDArray[np.float32], skin: Mask, covered: Mask, side: int) -> Mask:
    """The skin [h, w] with highlights so white that they do not look like skin, if skin is around them."""
    if not (skin > 0.5).any():
        return np.zeros_like(skin)
    light, chroma = lab[..., 0], np.hypot(lab[..., 1], lab[..., 2])
    usual, colored = (float(np.median(each[skin > 0.5])) for each in (light, chroma))
    width = 2 * max(1, round(_HOLE * side)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    around = cv2.morphologyEx((skin > 0.5).astype(np.uint8), cv2.MORPH_CLOSE, disc).astype(np.float32)
    near = cv2.dilate((covered > 0.2).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    bright = smoothstep(light, usual + 3.0, usual + 10.0)
    glaring = around * ~near * bright * smoothstep(chroma, colored, 0.75 * colored)
    white = (bright > 0.3) & (chroma < _WHITE * colored) & (around > 0.0)
    outside = _not_enclosed(white, (skin > 0.5) & ~white, near)
    return blurred(np.asarray(np.maximum(skin, glaring) * (1.0 - outside), np.float32), 0.7)


def _not_enclosed(white: NDArray[np.bool_], skin: NDArray[np.bool_], covered: NDArray[np.bool_]) -> Mask:
    """1 on the parts of ``white`` [h, w], with a rim, that have little skin around: a collar, a wall.

    What is ``covered`` decides nothing: a highlight may reach a brow.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(white.astype(np.uint8))
    result = np.zeros(white.shape, np.uint8)
    for part in range(1, count):
        left, top, width, height, _ = (int(v) for v in stats[part])
        box = np.s_[max(0, top - 4) : top + height + 4, max(0, left - 4) : left + width + 4]
        mine = (labels[box] == part).astype(np.uint8)
        ring = (cv2.dilate(mine, np.ones((7, 7), np.uint8)) > mine) & ~covered[box] & ~white[box]
        if not ring.any() or skin[box][ring].mean() < _SURROUNDED:
            result[box] |= mine
    return cv2.dilate(result, np.ones((7, 7), np.uint8)).astype(np.float32)
