"""How many red spots a face shows, by a fixed detector that is not the product's own.

A spot is a compact patch that is redder than the median around it, and lies alone: what has something nearly
as red or far darker beside it belongs to lips, a nostril, hair, a fold or a flush. What is brown rather than
red is a mole or a freckle, and not counted.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.figures.faces import Area, Picture, Points, face_size, lab

_SIDE = 512  # pixels; side to which a picture is brought
_AROUND = 21  # pixels; window of the median
_REDDER, _STANDS_OUT = 3.5, 5.0  # a* above the median around, and robust deviations of the skin's own
_BROWN = 0.5  # Δa* by Δ(−L*) below which a patch is brown
_LEAST, _LARGEST = 6, 250  # pixels of a patch
_COMPACT = 0.55  # share of its bounding box that a patch fills
_LONGEST = 2.2  # longer by shorter side of that box
_NOSE_WINGS, _OUTER_LIPS = range(31, 36), range(48, 60)
_CREASES = 0.06  # of the face's size, around nose and mouth
_NEARLY = 0.5  # share of a patch's Δa* that nothing in the ring around it may reach
_RING = (3, 8)  # pixels from a patch, of the skin around it
_MUCH_DARKER = 14.0  # L* below the median of that ring, of its darkest 5 %


@dataclass(frozen=True)
class RedSpots:
    """The spots of a picture."""

    count: int
    area: Area  # [S, S] where they are, in pixels of the picture


def red_spots(picture: Picture, skin: Area) -> RedSpots:
    """The red spots on the skin [S, S] of a picture [S, S, 3]."""
    size = picture.shape[0]
    small = cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    bare = cv2.resize(skin.astype(np.float32), (_SIDE, _SIDE), interpolation=cv2.INTER_AREA) > 0.5
    colors: Picture = np.asarray(
        cv2.GaussianBlur(lab(np.asarray(small, np.float32)), (0, 0), 1.0), np.float32
    )
    steps = np.clip(colors * (2.55, 2.0, 2.0) + (0.0, 128.0, 128.0), 0, 255).astype(np.uint8)
    around = cv2.medianBlur(steps, _AROUND).astype(np.float32)
    around = (around - (0.0, 128.0, 128.0)) / (2.55, 2.0, 2.0)
    darker, redder = around[..., 0] - colors[..., 0], colors[..., 1] - around[..., 1]
    usual = 1.4826 * float(np.median(np.abs(redder[bare]))) if bare.any() else 0.0
    red = (redder > max(_REDDER, _STANDS_OUT * usual)).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(red)
    found = np.zeros((_SIDE, _SIDE), np.uint8)
    number = 0
    for part in range(1, count):
        left, top, width, height, area = (int(v) for v in stats[part])
        box = np.s_[top : top + height, left : left + width]
        mine = labels[box] == part
        if not _LEAST <= area <= _LARGEST or area < _COMPACT * width * height:
            continue
        if max(width, height) > _LONGEST * min(width, height) or not _on_skin(bare, box):
            continue
        if redder[box][mine].mean() < _BROWN * darker[box][mine].mean() or not _alone(labels == part, colors):
            continue
        number += 1
        found[box] |= mine.astype(np.uint8)
    wide = cv2.resize(found, (size, size), interpolation=cv2.INTER_NEAREST)
    return RedSpots(number, np.asarray(wide > 0))


def away_from_creases(skin: Area, landmarks: Points) -> Area:
    """The skin [S, S] without the wings of the nose, the upper lip and the folds beside the mouth.

    Creases and stubble there are red and compact, and no spots.
    """
    hull = np.zeros(skin.shape, np.uint8)
    corners = landmarks[[*_NOSE_WINGS, *_OUTER_LIPS]]
    cv2.fillConvexPoly(hull, cv2.convexHull(np.rint(corners).astype(np.int32)), 1)
    return skin & ~_grown(hull > 0, round(_CREASES * face_size(landmarks)))


def grain_kept(before: Picture, after: Picture, area: Area) -> float:
    """The fine band of ``after`` in an area [S, S], by that around it in ``before``; 1 if either is empty."""
    unit = max(1, round(before.shape[0] / 128))
    box = np.ones((2 * unit + 1, 2 * unit + 1), np.uint8)
    inside = cv2.dilate(area.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    ring = (cv2.dilate(area.astype(np.uint8), box, iterations=2) > 0) & ~(
        cv2.dilate(area.astype(np.uint8), box) > 0
    )
    if not inside.any() or not ring.any():
        return 1.0
    usual = float(fine_band(before)[ring].std())
    return float(fine_band(after)[inside].std()) / max(usual, 1e-6)


def _alone(patch: Area, colors: Picture) -> bool:
    """Whether nothing around a patch [H, W] is nearly as red, or far darker than the rest there."""
    near, far = (_grown(patch, reach) for reach in _RING)
    light, red = colors[far & ~near][:, 0], colors[far & ~near][:, 1]
    darkest = float(np.median(light) - np.percentile(light, 5.0))
    usual = float(np.median(red))
    reddest = float(np.percentile(red, 95.0)) - usual
    return darkest < _MUCH_DARKER and reddest < _NEARLY * (float(colors[patch][:, 1].mean()) - usual)


def _grown(area: Area, reach: int) -> Area:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return np.asarray(cv2.dilate(area.astype(np.uint8), disc) > 0)


def fine_band(picture: Picture) -> NDArray[np.float32]:
    """The grain [S, S] of a picture [S, S, 3]."""
    return np.asarray(cv2.Laplacian(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.CV_32F), np.float32)


def _on_skin(bare: Area, box: tuple[slice, slice]) -> bool:
    rows, columns = (slice(max(0, each.start - 4), each.stop + 4) for each in box)
    return bool(bare[rows, columns].mean() > 0.95)
