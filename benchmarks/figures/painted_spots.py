"""Spots painted on a face, so that it is known what should go and what should stay."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.figures.faces import Area, Picture, lab

_RADII = (0.0045, 0.0115)  # of the picture's side
_PIMPLE = ((-8.0, 5.0, -1.0), (-1.0, 12.0, 4.0))  # CIE Lab: the least and the most by which one differs
_MOLE = ((-26.0, 0.5, 0.0), (-14.0, 3.0, 3.0))
_FRECKLE = ((-6.0, 0.5, 0.8), (-2.5, 1.5, 2.5))
_SMALL = (0.0025, 0.0055)  # of the picture's side; radii of freckles
_APART = 0.035  # of the side, between two
_MOST_TRIES = 400


@dataclass(frozen=True)
class PaintedSpots:
    """A picture with spots, and what was painted."""

    picture: Picture
    shift: Picture  # [S, S, 3] in CIE Lab
    labels: NDArray[np.int32]  # [S, S] number of the spot from 1 on, 0 elsewhere
    count: int

    def left(self, original: Picture, after: Picture, without: Picture | None = None) -> NDArray[np.float64]:
        """The share of each spot that is still seen in ``after``: 0 gone, 1 as painted.

        without: the original retouched as ``after`` is, if the skin around the spots changed as well
        """
        change = lab(after) - lab(original if without is None else without)
        painted = lab(self.picture) - lab(original)
        alike, whole = (
            np.bincount(self.labels.ravel(), (each * painted).sum(-1).ravel(), self.count + 1)[1:]
            for each in (change, painted)
        )
        return np.asarray(alike / np.maximum(whole, 1e-6))


def with_pimples(picture: Picture, skin: Area, count: int, seed: int) -> PaintedSpots:
    """A picture [S, S, 3] with red spots on its skin [S, S]."""
    return _painted(picture, skin, count, seed, _PIMPLE, (0.7, 1.3), 0.45)


def with_moles(picture: Picture, skin: Area, count: int, seed: int) -> PaintedSpots:
    """A picture with dark, round, sharp brown spots on its skin."""
    return _painted(picture, skin, count, seed, _MOLE, (0.9, 1.1), 0.15)


def with_freckles(picture: Picture, skin: Area, count: int, seed: int) -> PaintedSpots:
    """A picture with small, faint, soft brown spots on its skin."""
    return _painted(picture, skin, count, seed, _FRECKLE, (0.8, 1.25), 0.6, _SMALL)


def _painted(
    picture: Picture,
    skin: Area,
    count: int,
    seed: int,
    colors: tuple[tuple[float, ...], tuple[float, ...]],
    shape: tuple[float, float],  # shorter by longer axis
    softness: float,  # of the edge, by the radius
    radii: tuple[float, float] = _RADII,  # of the picture's side
) -> PaintedSpots:
    size = picture.shape[0]
    random = np.random.default_rng(seed)
    room = cv2.distanceTransform(skin.astype(np.uint8), cv2.DIST_L2, 5)
    rows, columns = np.nonzero(room > 0.02 * size)
    shift = np.zeros_like(picture)
    labels = np.zeros((size, size), np.int32)
    places: list[tuple[float, float]] = []
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    for _ in range(_MOST_TRIES if len(rows) else 0):
        if len(places) == count:
            break
        at = int(random.integers(len(rows)))
        u, v = float(columns[at]), float(rows[at])
        if any(np.hypot(u - a, v - b) < _APART * size for a, b in places):
            continue
        places.append((u, v))
        radius, aspect = size * random.uniform(*radii), random.uniform(*shape)
        angle = random.uniform(0.0, np.pi)
        along = (x - u) * np.cos(angle) + (y - v) * np.sin(angle)
        across = (y - v) * np.cos(angle) - (x - u) * np.sin(angle)
        distance = np.hypot(along * aspect, across / aspect) / radius
        weight = np.clip((1.0 - distance) / softness + 0.5, 0.0, 1.0).astype(np.float32)
        shift += weight[..., None] * random.uniform(*colors).astype(np.float32)
        labels[weight > 0.5] = len(places)
    result = cv2.cvtColor(lab(picture) + shift, cv2.COLOR_Lab2RGB)
    return PaintedSpots(np.clip(np.asarray(result, np.float32), 0.0, 1.0), shift, labels, len(places))
