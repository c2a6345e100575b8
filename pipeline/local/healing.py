"""Heals spots as a healing brush does: the colour of the skin around, with grain from beside the spot.

Inside a spot the colours are a harmonic function that fits the ring of skin around it, as in Poisson cloning
(Pérez, Gangnet, Blake, "Poisson image editing", SIGGRAPH 2003); a spot is round, so its first five terms do.
The grain is the detail of a place nearby (Georgiev, "Covariant derivatives and vision", ECCV 2006).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.local.fields import blurred, smoothstep
from pipeline.local.spots import Spots
from pipeline.masks import Mask

_FINE = 0.0015  # of the crop's side; below it lies the fine band, which stays where it is normal
_NORMAL = 1.7  # variance of a spot's own fine band, by that beside it, up to which it stays
_STRONGER = (0.6, 1.8)  # times which lent grain may be made weaker or stronger
_RIM = 1.2  # radii; how far healing reaches
_RING = 1.9  # radii; how far the skin reaches to which the colours are fitted
_LEAST_RING = 0.3  # share of the ring that must be skin
_FREE = 0.93  # share of skin without spots in a place that lends its grain
_BEND = 0.02  # of the number of samples; how strongly bent colours are held back
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
    summed = np.asarray(cv2.integral(bare), np.float64)
    for index in np.flatnonzero(which):
        place = _Place.at(spots.centers[index], float(spots.radii[index]))
        if place.within(shape):
            _heal(crop, bare, _donor(summed, place), place, spots.side, change)
    weight = smoothstep(skin, 0.1, 0.6)
    if not which.all():
        # What stays is not touched by what is healed beside it.
        weight = weight * (1.0 - blurred(cover_of(spots.chosen(~which), shape), 1.0))
    return np.asarray(change * weight[..., None], np.float32)


def cover_of(spots: Spots, shape: tuple[int, int]) -> Mask:
    """1 in the spots and their rims [H, W], 0 elsewhere."""
    cover = np.zeros(shape, np.uint8)
    for (x, y), radius in zip(spots.centers, spots.radii, strict=True):
        reach = _RIM * radius + 0.5
        cv2.circle(cover, (round(16 * float(x)), round(16 * float(y))), round(16 * reach), 1, -1, shift=4)
    return cover.astype(np.float32)


@dataclass(frozen=True)
class _Place:
    """A square around a spot."""

    x: int
    y: int
    reach: int  # pixels; the square has 2 × reach + 1
    radius: float
    distance: NDArray[np.float32]  # [R, R] from the spot's centre, in pixels
    terms: NDArray[np.float32]  # [R, R, 5] harmonic polynomials

    @classmethod
    def at(cls, center: NDArray[np.float32], radius: float) -> "_Place":
        reach = int(np.ceil(_RING * radius + 2.0))
        x, y = (round(float(v)) for v in center)
        v, u = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
        u, v = u - (float(center[0]) - x), v - (float(center[1]) - y)
        distance = np.hypot(u, v)
        u, v = u / np.float32(radius), v / np.float32(radius)
        terms = np.stack([np.ones_like(u), u, v, u * u - v * v, u * v], -1)
        return cls(x, y, reach, radius, distance, np.asarray(terms, np.float32))

    def within(self, shape: tuple[int, int]) -> bool:
        """Whether the square lies in a crop."""
        return all(
            self.reach <= at < length - self.reach for at, length in ((self.y, shape[0]), (self.x, shape[1]))
        )

    def square(self, dx: int = 0, dy: int = 0) -> tuple[slice, slice]:
        """The square, or one beside it."""
        rows, columns = (slice(at - self.reach, at + self.reach + 1) for at in (self.y + dy, self.x + dx))
        return rows, columns

    def fitted(self, picture: NDArray[np.float32], weight: Mask) -> NDArray[np.float32]:
        """The harmonic function [R, R, 3] that is nearest to a square of the crop, where ``weight`` says."""
        terms, values = self.terms.reshape(-1, 5), picture.reshape(-1, 3)
        weighted = terms * weight.reshape(-1, 1)
        held = _BEND * float(weight.sum()) * np.diag([0.0, 0.0, 0.0, 1.0, 1.0])
        factors = np.linalg.solve(weighted.T @ terms + held + 1e-6 * np.eye(5), weighted.T @ values)
        return np.asarray((terms @ factors).reshape(picture.shape), np.float32)


def _heal(
    crop: NDArray[np.float32],
    bare: Mask,
    donor: tuple[int, int] | None,
    place: _Place,
    side: int,
    change: NDArray[np.float32],  # the result is written there
) -> None:
    here = place.square()
    own = crop[here]
    ring = (place.distance > _RIM * place.radius) & (place.distance < _RING * place.radius + 1.0)
    weight = bare[here] * ring
    if weight.sum() < _LEAST_RING * ring.sum() or not (weight > 0.5).any():
        return
    color = place.fitted(own, weight)
    # What in the ring is no skin after all, such as a hair or the edge of a shadow, counts less.
    off = np.abs(own - color).mean(axis=2)
    usual = float((off * weight).sum() / weight.sum())
    color = place.fitted(own, np.asarray(weight * np.exp(-np.square(off / (2.0 * usual + 1e-4))), np.float32))
    fine = max(0.6, _FINE * side)
    if donor is None:
        grain = (own - color) - blurred(own - color, fine)
    else:
        lent = crop[place.square(*donor)]
        grain = lent - place.fitted(lent, np.ones(ring.shape, np.float32))
        mine, its = ((each - blurred(each, fine)) for each in (own - color, grain))
        core = place.distance < place.radius
        # The grain around is the measure of both: skin in another light beside it may be smoother or coarser.
        around, beside = float(mine[weight > 0.5].var()), float(its[core].var())
        if mine[core].var() < _NORMAL * max(around, beside):
            grain = grain - its + mine
        else:
            times = np.clip(np.sqrt(around / max(beside, 1e-9)), *_STRONGER)
            grain = grain + its * np.float32(times - 1.0)
    cover = smoothstep(place.distance, _RIM * place.radius + 1.0, 0.85 * place.radius)[..., None]
    grain = grain - (grain * cover).sum((0, 1)) / cover.sum()
    change[here] += (color + grain - own - change[here]) * cover


def _donor(summed: NDArray[np.float64], place: _Place) -> tuple[int, int] | None:
    """Where, from a spot, skin without spots lies that can lend its grain; None if nowhere near.

    summed: the integral image [H + 1, W + 1] of such skin
    """
    height, width = (n - 1 for n in summed.shape)
    reach, side = place.reach, 2 * place.reach + 1
    best, chosen = _FREE * side * side, None
    for distance in (1.2 * reach, 2.0 * reach):
        for angle in _DIRECTIONS + place.radius:  # not the same direction for all
            dx, dy = round(distance * float(np.cos(angle))), round(distance * float(np.sin(angle)))
            top, left = place.y + dy - reach, place.x + dx - reach
            bottom, right = top + side, left + side
            if top >= 0 and left >= 0 and bottom <= height and right <= width:
                ends = summed[bottom, right] - summed[top, right] - summed[bottom, left] + summed[top, left]
                if ends > best + 1e-3:
                    best, chosen = float(ends), (dx, dy)
        if chosen is not None:
            break
    return chosen
