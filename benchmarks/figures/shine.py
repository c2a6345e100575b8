"""How much of the skin shines: light that has lost the skin's colour."""

import cv2
import numpy as np

from benchmarks.figures.faces import Area, Picture, lab

_SIDE = 256  # pixels; side to which a picture is brought
_AROUND = 0.06  # of the side; blur of the skin around
_LIGHTER, _PALER = 6.0, 0.88  # L* above the skin around, and chroma by its own
_LEAST = 0.01  # of the skin; less is no shine


def shiny_share(picture: Picture, skin: Area, around: Picture | None = None) -> float:
    """The share of the skin [S, S] that shines.

    around: the picture with whose skin it is compared, or None for itself
    """
    colors, usual = (_small(each) for each in (picture, picture if around is None else around))
    bare = cv2.resize(skin.astype(np.float32), (_SIDE, _SIDE), interpolation=cv2.INTER_AREA) > 0.5
    if not bare.any():
        return 0.0
    # The skin around is that without its highlights; the lit side of a face is none.
    mean = _mean(usual, bare)
    mean = _mean(usual, bare & (usual[..., 0] < mean[..., 0] + 2.0))
    lighter = colors[..., 0] > mean[..., 0] + _LIGHTER
    paler = np.hypot(colors[..., 1], colors[..., 2]) < _PALER * np.hypot(mean[..., 1], mean[..., 2])
    return float((lighter & paler & bare).sum() / bare.sum())


def shine_left(before: Picture, after: Picture, skin: Area) -> float | None:
    """The area that shines after, by that before; None if the face does not shine."""
    shone = shiny_share(before, skin)
    return shiny_share(after, skin, before) / shone if shone >= _LEAST else None


def _mean(colors: Picture, area: Area) -> Picture:
    """Local mean [S, S, 3] of the colours in an area."""
    weight = area.astype(np.float32)
    below = cv2.GaussianBlur(weight, (0, 0), _AROUND * _SIDE)[..., None] + 1e-4
    return np.asarray(cv2.GaussianBlur(colors * weight[..., None], (0, 0), _AROUND * _SIDE) / below)


def _small(picture: Picture) -> Picture:
    return lab(np.asarray(cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), np.float32))
