"""Softens lines: forehead, crow's feet, nasolabial folds, lines under the eyes.

A line is a valley of lightness that is much longer than wide. It is found by the second derivative across of
an elongated Gaussian, in eight directions and at two widths (after Freeman, Adelson, "The design and use of
steerable filters", TPAMI 1991). Only the valley is lifted, in part: the shading on both sides is form, and
stays.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.local.areas import bare_skin, inside
from pipeline.local.colour import to_lab
from pipeline.local.fields import blurred, continued, reduced, smoothstep
from pipeline.local.smooth_shift import SmoothShift
from pipeline.masks import Mask
from pipeline.regions import FaceRegions

_SIDE = 320  # pixels; side of the reduced crop in which lines are found
_WIDTHS = (0.0029, 0.0056)  # of the crop's side; standard deviations across
_LONGER = 3.5  # times the width; standard deviation along
_DIRECTIONS = 8
_SOFTENED = 0.85  # share of the depth that goes at 1
_STANDS_OUT = (1.1, 2.2)  # robust deviations of the grain's own valleys: where a line begins, and is certain
_LEAST = 0.35  # L*; the same for skin without any grain
_ALIKE, _COHERENT = 5.0, (0.3, 0.55)  # widths around, and how far directions there agree, 0 to 1
_DEEPEST = 12.0  # L*; mean depth, weighted by itself, from which a dark thread is hair or a frame
_MOST = 9.0  # L* that a line is lifted by
_BURNT, _BURNT_NEAR = (95.0, 86.0), 0.006  # L*; what is this light is near white; of the side, the blur of it
_BORDER = 0.012  # of the crop's side; blur of the skin that tells its border
_WIDEST = 0.009  # of the crop's side; half the width of the widest line
_LENGTH = 0.04  # of the crop's side; shorter valleys are grain


class Lines(SmoothShift):
    """The lines of a face's skin."""

    @classmethod
    def of(cls, crop: NDArray[np.float32], regions: FaceRegions, size: int) -> "Lines":
        """The lines in a crop [H, W, 3], or in a part of one whose side is ``size``."""
        side = min(size, _SIDE)
        lab = to_lab(reduced(crop, size, _SIDE))
        face = bare_skin(regions)
        skin = reduced(face, size, _SIDE)
        bare = skin > 0.5
        light = continued(np.ascontiguousarray(lab[..., 0]), smoothstep(skin, 0.3, 0.6))
        filled = _filled(light, side)
        lift = np.zeros_like(skin)
        for width in (share * side for share in _WIDTHS):
            depth = _valleys(light, max(0.7, width))
            grain = max(_LEAST, 1.4826 * float(np.median(np.abs(depth[bare])))) if bare.any() else _LEAST
            low, high = (grain * deviations for deviations in _STANDS_OUT)
            kept = _long(depth, (depth > low) & bare, side)
            depth = np.minimum(depth, 1.5 * filled)
            lift = np.maximum(lift, depth * smoothstep(depth, low, high) * kept)
        lift = _MOST * np.tanh(lift / _MOST)
        # Not at the border of the skin, where hair, lids, lips, nostrils and the jaw make valleys.
        gain = smoothstep(blurred(skin, _BORDER * side), 0.75, 0.97)
        # Nor beside what is burnt out, where the fold is all the form that there is.
        gain = gain * smoothstep(blurred(light, _BURNT_NEAR * side), *_BURNT)
        shift = np.zeros_like(lab)
        shift[..., 0] = _SOFTENED * lift * gain
        return cls(lab, shift, inside(face))


def _valleys(light: Mask, width: float) -> Mask:
    """Depth [H, W] of the valleys of about this width; negative on ridges, small among hairs.

    In the frequency domain, where all directions cost one transform forth and one back for two of them.
    """
    height, across = (cv2.getOptimalDFTSize(n + 2 * round(3 * width)) for n in light.shape)
    padded = cv2.copyMakeBorder(
        light, 0, height - light.shape[0], 0, across - light.shape[1], cv2.BORDER_REFLECT
    )
    spectrum = cv2.dft(padded, flags=cv2.DFT_COMPLEX_OUTPUT)
    v = np.fft.fftfreq(height).astype(np.float32)[:, None] * (2.0 * np.pi)
    u = np.fft.fftfreq(across).astype(np.float32)[None] * (2.0 * np.pi)
    best = np.full(light.shape, -np.inf, np.float32)
    turned = np.zeros((*light.shape, 2), np.float32)
    for pair in range(_DIRECTIONS // 2):
        first, second = (
            _response(u, v, np.pi * (pair + turn) / _DIRECTIONS, width) for turn in (0, _DIRECTIONS // 2)
        )
        # Two real pictures in one complex transform: the second is the imaginary part.
        both = np.stack(
            [
                spectrum[..., 0] * first - spectrum[..., 1] * second,
                spectrum[..., 1] * first + spectrum[..., 0] * second,
            ],
            -1,
        )
        back = cv2.idft(np.asarray(both, np.float32), flags=cv2.DFT_SCALE)[: light.shape[0], : light.shape[1]]
        # A spot is a valley in both of two directions at right angles; a line in one.
        for mine, angle in ((0, np.pi * pair / _DIRECTIONS), (1, np.pi * (pair / _DIRECTIONS + 0.5))):
            depth = back[..., mine] - 0.5 * np.maximum(back[..., 1 - mine], 0.0)
            better = depth > best
            best[better] = depth[better]
            turned[better] = (np.cos(2.0 * angle), np.sin(2.0 * angle))
    # Hairs of a beard lie in all directions, lines of a face beside each other.
    weight = np.maximum(best, 0.0)
    common = np.hypot(*cv2.split(blurred(turned * weight[..., None], _ALIKE * width)))
    alike = smoothstep(common / (blurred(weight, _ALIKE * width) + 1e-3), *_COHERENT)
    return np.asarray(np.where(best > 0.0, best * alike, best), np.float32)


def _response(
    u: NDArray[np.float32], v: NDArray[np.float32], angle: float, width: float
) -> NDArray[np.float32]:
    """The spectrum of a filter for valleys along ``angle``, scaled so that it gives their depth."""
    along = u * np.float32(np.cos(angle)) + v * np.float32(np.sin(angle))
    across = v * np.float32(np.cos(angle)) - u * np.float32(np.sin(angle))
    squared = across * across
    falloff = np.exp(-0.5 * width * width * (squared + _LONGER**2 * along * along))
    # A valley is convex, so the sign is that of the second derivative, −ω².
    return np.asarray(-(2.0 * np.sqrt(2.0) * width * width) * squared * falloff, np.float32)


def _filled(light: Mask, side: int) -> Mask:
    """L* [H, W] by which both sides of a place are lighter: a closing fills valleys up to the lower side."""
    smooth = cv2.GaussianBlur(light, (0, 0), 0.7)
    steps = np.rint(np.clip(smooth * 2.55, 0.0, 255.0)).astype(np.uint8)
    radius = max(1, round(_WIDEST * side))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    closed = cv2.morphologyEx(steps, cv2.MORPH_CLOSE, disc)
    filled = np.maximum(closed.astype(np.float32) / 2.55 - smooth, 0.0)
    return np.asarray(cv2.GaussianBlur(filled, (0, 0), 0.7), np.float32)


def _long(depth: Mask, found: NDArray[np.bool_], side: int) -> Mask:
    """1 on valleys [H, W] that are long, and not as deep as a hair is dark; 0 elsewhere."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(found.astype(np.uint8), connectivity=8)
    length = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    flat, count = np.maximum(depth, 0.0).ravel(), len(length)
    total, squared = (np.bincount(labels.ravel(), each, count) for each in (flat, flat * flat))
    kept = (length > _LENGTH * side) & (squared < _DEEPEST * total)
    kept[0] = False
    return blurred(kept[labels].astype(np.float32), 0.7)
