"""Heals spots as a healing brush does: the colour of the skin around, with grain from beside the spot.

The colours are continued smoothly from the skin around (close to the membrane of Pérez, Gangnet, Blake,
"Poisson image editing", SIGGRAPH 2003); the grain is the detail of a place nearby, as in Georgiev's healing
brush ("Covariant derivatives and vision", ECCV 2006).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.local.fields import blurred, continued, reduced, smoothstep
from pipeline.local.spots import SIDE, Spots
from pipeline.masks import Mask

_GRAIN = 0.005  # of the crop's side; blur above which detail counts as grain
_FINE = 0.0015  # below it lies the fine band, which stays where it is normal
_NORMAL = 1.7  # variance of a spot's own fine band, by that beside it, up to which it stays
_RIM = 1.2  # radii; how far healing reaches
_DIRECTIONS = np.arange(12) * np.pi / 6.0


def healed(
    crop: NDArray[np.float32], skin: Mask, spots: Spots, which: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """The change to add to a crop [H, W, 3] so that some spots are gone.

    skin: [H, W]; spots: all K that are known, so that none lends its grain; which: [K] those to heal
    """
    change = np.zeros_like(crop)
    if not which.any():
        return change
    shape = (crop.shape[0], crop.shape[1])
    bare = np.asarray(skin * (1.0 - cover_of(spots, shape)), np.float32)
    small = reduced(crop, spots.side, SIDE)
    known = smoothstep(reduced(bare, spots.side, SIDE), 0.7, 0.95)
    share = small.shape[0] / crop.shape[0]
    smooth = blurred(continued(small, known), _GRAIN * spots.side * share)
    for index in np.flatnonzero(which):
        _heal(crop, bare, smooth, share, spots.centers[index], float(spots.radii[index]), spots.side, change)
    weight = smoothstep(skin, 0.3, 0.9)
    if not which.all():
        # What stays is not touched by what is healed beside it.
        weight = weight * (1.0 - blurred(cover_of(spots.chosen(~which), shape), 1.0))
    return np.asarray(change * weight[..., None], np.float32)


def cover_of(spots: Spots, shape: tuple[int, int]) -> Mask:
    """1 in the spots and their rims [H, W], 0 elsewhere."""
    cover = np.zeros(shape, np.uint8)
    for (x, y), radius in zip(spots.centers, spots.radii, strict=True):
        reach = _RIM * radius + 1.0
        cv2.circle(cover, (round(16 * float(x)), round(16 * float(y))), round(16 * reach), 1, -1, shift=4)
    return cover.astype(np.float32)


def _heal(
    crop: NDArray[np.float32],
    bare: Mask,
    smooth: NDArray[np.float32],  # reduced by ``share``
    share: float,
    center: NDArray[np.float32],
    radius: float,
    side: int,
    change: NDArray[np.float32],  # the result is written there
) -> None:
    reach = int(np.ceil(_RIM * radius + 2.0))
    x, y = (round(float(v)) for v in center)
    height, width = bare.shape
    if not (reach <= x < width - reach and reach <= y < height - reach):
        return
    here = np.s_[y - reach : y + reach + 1, x - reach : x + reach + 1]
    offset = _donor(bare, x, y, reach, radius)
    own = crop[here] - _sampled(smooth, share, x, y, reach)
    if offset is None:
        fine = own - blurred(own, max(0.6, _FINE * side))
        grain = fine
    else:
        dx, dy = offset
        there = np.s_[y + dy - reach : y + dy + reach + 1, x + dx - reach : x + dx + reach + 1]
        grain = crop[there] - _sampled(smooth, share, x + dx, y + dy, reach)
        grain = grain - grain.mean((0, 1))
        fine_here, fine_there = (each - blurred(each, max(0.6, _FINE * side)) for each in (own, grain))
        if fine_here.var() < _NORMAL * fine_there.var():
            grain = grain - fine_there + fine_here
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
    distance = np.hypot(columns - (float(center[0]) - x), rows - (float(center[1]) - y))
    weight = smoothstep(distance, _RIM * radius + 1.0, 0.85 * radius)[..., None]
    result = _sampled(smooth, share, x, y, reach) + grain - crop[here]
    change[here] += (result - change[here]) * weight


def _sampled(smooth: NDArray[np.float32], share: float, x: int, y: int, reach: int) -> NDArray[np.float32]:
    """A square of a reduced field at full size, around (x, y)."""
    side = 2 * reach + 1
    left, top = (x - reach + 0.5) * share - 0.5, (y - reach + 0.5) * share - 0.5
    matrix = np.array([[share, 0.0, left], [0.0, share, top]], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    taken = cv2.warpAffine(smooth, matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(taken, np.float32)


def _donor(bare: Mask, x: int, y: int, reach: int, radius: float) -> tuple[int, int] | None:
    """Where, from a spot, skin without spots lies that can lend its grain; None if nowhere near."""
    height, width = bare.shape
    best, chosen = 0.93, None
    for distance in (2.2 * reach, 3.2 * reach):
        for angle in _DIRECTIONS + radius:  # not the same direction for all
            dx, dy = round(distance * float(np.cos(angle))), round(distance * float(np.sin(angle)))
            u, v = x + dx, y + dy
            if reach <= u < width - reach and reach <= v < height - reach:
                free = float(bare[v - reach : v + reach + 1, u - reach : u + reach + 1].mean())
                if free > best + 1e-3:
                    best, chosen = free, (dx, dy)
        if chosen is not None:
            break
    return chosen
