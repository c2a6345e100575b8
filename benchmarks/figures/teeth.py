"""Whether teeth change their colour."""

import cv2
import numpy as np

from benchmarks.figures.faces import Area, Picture, Points, lab

_INNER_LIPS = slice(60, 68)
_LEAST = 0.0003  # of the picture's area
_NEUTRAL = 4.0  # b* up to which nothing looks yellow


def teeth_yellower(
    before: Picture, after: Picture, landmarks: Points, landmarks_after: Points
) -> float | None:
    """Rise of the mean b* of what is pale between the lips; None if neither picture shows teeth."""
    shown = [pale_between_lips(before, landmarks), pale_between_lips(after, landmarks_after)]
    if any(np.count_nonzero(area) < _LEAST * area.size for area in shown):
        return None
    old, new = (
        lab(picture)[..., 2][area].mean() for picture, area in zip((before, after), shown, strict=True)
    )
    return float(new - old)


def teeth_whitened(before: Picture, after: Picture, landmarks: Points) -> float | None:
    """The share of its distance to neutral by which the mean b* of the teeth falls, both pictures unmoved.

    None if the picture shows no teeth, or if theirs are neutral already.
    """
    shown = pale_between_lips(before, landmarks)
    if np.count_nonzero(shown) < _LEAST * shown.size:
        return None
    old, new = (float(lab(picture)[..., 2][shown].mean()) for picture in (before, after))
    return (old - new) / old if old > _NEUTRAL else None


def pale_between_lips(picture: Picture, landmarks: Points) -> Area:
    """Where [S, S] a picture shows something light and little red between the lips."""
    mouth = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(mouth, [np.rint(landmarks[_INNER_LIPS]).astype(np.int32)], 1)
    colors = lab(picture)
    inside = mouth > 0
    if not inside.any():
        return inside
    bright = colors[..., 0] > max(35.0, 0.6 * float(np.percentile(colors[..., 0][inside], 95)))
    return np.asarray(inside & bright & (colors[..., 1] < 14.0))
