"""Finds an iris: the circle whose sides have the steepest step from dark to light.

It is the integro-differential operator of Daugman ("How iris recognition works", IEEE TCSVT 2004), on the
sides alone, which the lids leave free, and on a grid of circles of the sizes that irises have.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.masks import Mask
from pipeline.regions.contours import Eye
from pipeline.regions.geometry import blurred

_WIDTH = 64.0  # pixels of an eye's width at which the circle is looked for
_ALONG, _ACROSS = np.arange(-0.26, 0.27, 0.02), np.arange(-0.10, 0.11, 0.02)  # of the eye's width
_RADII = np.arange(0.16, 0.281, 0.012)
_USUAL, _SPREAD = 0.21, 0.05  # radius by the eye's width
_SIDES = np.radians(np.arange(-30.0, 50.0, 8.0))  # from the horizontal, downwards
_STEP = 0.14  # of the radius, on either side of the circle
_BRIGHT, _LEAST = 25.0, 5.0  # L*: a step counts up to the first, and a mean below the second is no iris


@dataclass(frozen=True)
class Iris:
    """The circle of an iris in crop pixels."""

    x: float
    y: float
    radius: float
    certainty: float  # L* from its sides to the white, weighted by the iris's size and place

    def distance(self, shape: tuple[int, int]) -> Mask:
        """The distance [H, W] of each pixel from the centre, by the radius."""
        y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
        return np.asarray(np.hypot(x - self.x, y - self.y) / self.radius, np.float32)


def find_iris(light: Mask, eye: Eye, lids: Mask) -> Iris | None:
    """The iris of an eye; light: L* [H, W]; lids: the opening [H, W]. None if there is none to see."""
    scale = min(1.0, _WIDTH / eye.width)
    size = (max(1, round(light.shape[1] * scale)), max(1, round(light.shape[0] * scale)))
    small, opening = (
        np.asarray(cv2.resize(field, size, interpolation=cv2.INTER_AREA), np.float32)
        for field in (light, lids)
    )
    small = blurred(small, 0.02 * eye.width * scale)
    across = eye.upper[-1] - eye.upper[0]
    axis = across / max(float(np.hypot(*across)), 1e-6)
    middle = (eye.outline.mean(0) + 0.5) * scale - 0.5
    width = eye.width * scale
    u, v, r = (grid.ravel() for grid in np.meshgrid(_ALONG, _ACROSS, _RADII, indexing="ij"))
    x = middle[0] + width * (u * axis[0] - v * axis[1])
    y = middle[1] + width * (u * axis[1] + v * axis[0])
    radius = r * width
    turn = np.arctan2(axis[1], axis[0])
    scores = [_side(small, opening, (x, y, radius), turn + angles) for angles in (_SIDES, np.pi - _SIDES)]
    # An eye that looks aside shows white on one side alone, so the weaker side need not have a step.
    steps = np.maximum(scores[0], scores[1]) + 0.7 * np.minimum(scores[0], scores[1])
    within = _sampled(opening, x[:, None], y[:, None])[:, 0]
    score = steps * np.exp(-0.5 * ((r - _USUAL) / _SPREAD) ** 2) * (0.5 + 0.5 * within)
    best = int(np.argmax(score))
    if steps[best] < _LEAST:
        return None
    center = (np.array([x[best], y[best]]) + 0.5) / scale - 0.5
    return Iris(float(center[0]), float(center[1]), float(radius[best] / scale), float(score[best]))


def _side(
    light: Mask, opening: Mask, circles: tuple[NDArray[np.float64], ...], angles: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The mean step of L* outwards across one side of every circle, where white can be seen there."""
    x, y, radius = (values[:, None] for values in circles)
    out, into = radius * (1.0 + _STEP), radius * (1.0 - _STEP)
    cosine, sine = np.cos(angles)[None], np.sin(angles)[None]
    step = _sampled(light, x + out * cosine, y + out * sine) - _sampled(
        light, x + into * cosine, y + into * sine
    )
    seen = _sampled(opening, x + out * cosine, y + out * sine)
    return np.asarray((np.clip(step, -_BRIGHT, _BRIGHT) * seen).mean(axis=1), np.float64)


def _sampled(field: Mask, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float32]:
    x, y = np.broadcast_arrays(x, y)
    values = cv2.remap(
        field, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(values, np.float32)
