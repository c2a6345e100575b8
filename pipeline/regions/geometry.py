"""Shapes of landmarks as soft masks, drawn at a fraction of a pixel and only where they are."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.masks import Mask, Points

_SHIFT = 4  # binary digits of a pixel's fraction in OpenCV's drawing


@dataclass(frozen=True)
class Box:
    """A rectangle of a crop: columns ``left`` to ``right``, rows ``top`` to ``bottom``, ends excluded."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def around(cls, points: Points, margin: float, shape: tuple[int, ...]) -> "Box":
        """The box of points [N, 2] with a margin in pixels, within a picture [H, W(, C)]; it may be empty."""
        height, width = shape[:2]
        low, high = np.floor(points.min(0) - margin), np.ceil(points.max(0) + margin) + 1
        left, top = (int(np.clip(value, 0, end)) for value, end in zip(low, (width, height), strict=True))
        right, bottom = (
            int(np.clip(value, 0, end)) for value, end in zip(high, (width, height), strict=True)
        )
        return cls(left, top, right, bottom)

    @property
    def empty(self) -> bool:
        """Whether it holds no pixel."""
        return self.right <= self.left or self.bottom <= self.top

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.bottom - self.top, self.right - self.left

    def of(self, field: NDArray[Any]) -> NDArray[Any]:
        """The box's part of a field [H, W(, C)]: a view."""
        return field[self.top : self.bottom, self.left : self.right]

    def local(self, points: Points) -> Points:
        """Points [N, 2] counted from the box's corner."""
        return points - (self.left, self.top)


def polygon(points: Points, shape: tuple[int, int]) -> Mask:
    """A filled polygon [H, W], smooth at its border; points: [N, 2], in order."""
    mask = np.zeros(shape, np.uint8)
    fixed = np.rint(points * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(mask, [fixed], 255, cv2.LINE_AA, _SHIFT)
    return np.asarray(mask, np.float32) / np.float32(255.0)


def curve(points: Points, per_segment: int = 8, *, closed: bool = True) -> Points:
    """Points of a Catmull-Rom curve through ``points`` [N, 2]."""
    if closed:
        around = np.concatenate([points[-1:], points, points[:2]])
    else:
        around = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    t = np.arange(per_segment)[:, None] / per_segment
    pieces = []
    for a, b, c, d in zip(around, around[1:], around[2:], around[3:], strict=False):
        pieces.append(
            0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        )
    if not closed:
        pieces.append(points[-1:])
    return np.concatenate(pieces)


def smoothstep(x: NDArray[Any], low: float | np.floating[Any], high: float | np.floating[Any]) -> Mask:
    """0 below ``low``, 1 above ``high``, smooth between; falling if ``high`` is the lower."""
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), np.float32)


def blurred(field: NDArray[Any], sigma: float) -> NDArray[np.float32]:
    """Gaussian blur; a width below a third of a pixel changes nothing."""
    if sigma < 0.3 or 0 in field.shape:
        return np.asarray(field, np.float32)
    return np.asarray(cv2.GaussianBlur(field, (0, 0), sigma), np.float32)


def disc(radius: float) -> NDArray[np.uint8]:
    """A structuring element; a radius below a pixel gives one pixel."""
    side = 2 * max(0, round(radius)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)
