"""Finds the spots of skin, and tells blemishes from marks.

Candidates are the extrema of differences of Gaussians over scale (Lowe, "Distinctive image features from
scale-invariant keypoints", IJCV 2004), of darkness and of redness, measured against the grain of this skin.
Each is then looked at on a patch of its own scale: is it round, is the skin around it even, how red is it?
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.local.colour import to_lab
from pipeline.local.fields import blurred, continued, reduced, smoothstep
from pipeline.masks import Mask

SIDE = 512  # pixels; side of the crop in which spots are searched
_FINEST, _STEPS = 0.0021, 6  # of the crop's side; standard deviation of the smallest spots, in steps of √2
_MOST = 400  # candidates that are looked at, the strongest first
_STANDS_OUT = 4.5  # robust standard deviations of the grain
_STEEP, _STUBBLE = 3.6, 2.8  # slopes that tell hairs from spots: of one candidate, mean of a neighbourhood
_MOLE, _BLUSHED = (
    0.1,
    0.6,
)  # of the L* around, by which a mole is darker; its a* by L*, at most, on a blushed cheek
_RAISED, _WARM, _SCAB = 0.12, 0.62, 1.25  # the same of a raised mole, which is red too; its b*, more than a
# pimple's, and its a*, less than a scab's, by L*
_FRECKLES, _FRECKLE_YELLOW = 6, 0.08  # how many brown spots are freckles, and their Δb* by their Δ(−L*)
_FINE = 0.008  # of the crop's side; radius from which a sharp edge is steep by its radius
_BARE, _BARE_CLEAR = 0.72, 0.6  # share of skin around a spot; of a clear one, which is no skin itself
_WIDEST = 0.019  # of the crop's side; what is wider is no spot
_NOISY, _CALMEST = 1.5, 1.2  # L* of noise that is blurred by a pixel; the widest blur, in pixels
_LARGE = 0.01  # of the crop's side; radius of a spot that may be the end of a fold
_WIDE = 0.012  # of the crop's side; radius of a wide spot
_LEAST_CONTRAST, _LEAST_RED = 2.0, 3.0  # in CIE Lab, by which a spot differs from the skin around; a red one
_YELLOW, _YELLOWER = 1.5, 1.3  # Δb* from which a spot may be a freckle, and by Δa* from which it is one
_CELL, _REACH = 25, 3.0  # a patch has 25 × 25 samples and reaches three radii
_NEAR = 0.06  # of the crop's side; neighbours that tell whether a spot is one of stubble


@dataclass(frozen=True)
class Spots:
    """The spots of a crop, and what each of them is; K of them."""

    centers: NDArray[np.float32]  # [K, 2] x and y in pixels of the whole crop or window
    radii: NDArray[np.float32]  # [K] pixels
    marks: NDArray[np.bool_]  # [K] moles and freckles, which belong to the person; the others are blemishes
    side: int  # of the crop

    def chosen(self, which: NDArray[np.bool_]) -> "Spots":
        """Some of the spots; which: [K]."""
        return Spots(self.centers[which], self.radii[which], self.marks[which], self.side)


@dataclass(frozen=True)
class Candidates:
    """Places that stand out from the grain of the skin, in pixels of the reduced crop; K of them."""

    centers: NDArray[np.float32]  # [K, 2] x and y
    radii: NDArray[np.float32]  # [K]


@dataclass(frozen=True)
class Traits:
    """What a candidate looks like; K of each."""

    darker: NDArray[np.float32]  # L* by which it is darker than the skin around
    redder: NDArray[np.float32]  # the same for a*
    yellower: NDArray[np.float32]  # the same for b*
    elongation: NDArray[np.float32]  # longer by shorter axis
    line: NDArray[np.float32]  # how far it goes on to both sides, by its contrast: a wrinkle or a hair does
    uneven: NDArray[np.float32]  # share of the ring around that is like the spot, too
    spread: NDArray[np.float32]  # deviation of that ring, by the contrast: large between two highlights
    bare: NDArray[np.float32]  # share of skin in it and around it
    steep: NDArray[np.float32]  # the steepest slope near it, by contrast and radius: high among hairs
    extent: NDArray[np.float32]  # how far it reaches, in radii
    shift: NDArray[np.float32]  # [K, 2] from the candidate to its centre of gravity, in radii
    level: NDArray[np.float32]  # L* of the skin around


def candidates(lab: NDArray[np.float32], skin: Mask, side: int) -> Candidates:
    """The candidates in a reduced crop; lab: [H, W, 3], skin: [H, W], side: of the whole reduced crop."""
    bare = skin > 0.5
    best = np.zeros(skin.shape, np.float32)
    scale = np.zeros(skin.shape, np.float32)
    steps = (_FINEST * side * 2.0 ** (step / 2.0) for step in range(_STEPS + 2))
    sigmas = [sigma for sigma in steps if sigma > 0.6]
    channels = np.ascontiguousarray(lab[..., :2])
    blurs = [blurred(channels, sigma) for sigma in sigmas]
    for sigma, spot, around in zip(sigmas, blurs, blurs[2:], strict=False):
        # Contrast to the surroundings, against the same for the grain of this skin.
        difference = around - spot
        dark, reddish = difference[..., 0], -difference[..., 1]
        score = np.hypot(
            np.maximum(dark, 0.0) / _grain(dark, bare, 0.35),
            np.maximum(reddish, 0.0) / _grain(reddish, bare, 0.25),
        )
        better = score > best
        best[better], scale[better] = score[better], sigma
    peak = (best >= cv2.dilate(best, np.ones((3, 3), np.uint8))) & (best > _STANDS_OUT) & bare
    rows, columns = np.nonzero(peak)
    order = np.argsort(-best[rows, columns])[:_MOST]
    rows, columns = rows[order], columns[order]
    centers = np.stack([columns, rows], 1).astype(np.float32)
    radii = 1.5 * scale[rows, columns]
    # A spot that is part of a stronger one is dropped, so that a mole is not judged by its pieces.
    inside = _distances(centers) < np.maximum(radii[:, None], radii[None])
    alone = ~np.tril(inside, -1).any(1)
    return Candidates(centers[alone], radii[alone])


def _distances(centers: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.hypot(*(centers[:, None] - centers[None]).transpose(2, 0, 1)), np.float32)


def _grain(difference: NDArray[np.float32], bare: NDArray[np.bool_], least: float) -> float:
    sample = difference[bare][::7]
    return max(least, 1.4826 * float(np.median(np.abs(sample)))) if sample.size else least


_AXIS = np.linspace(-_REACH, _REACH, _CELL, dtype=np.float32)
_X, _Y = (each.astype(np.float32) for each in np.meshgrid(_AXIS, _AXIS))
_DISTANCE = np.hypot(_X, _Y)
_RADII, _FADED = np.arange(0.8, 2.7, 0.2, dtype=np.float32), 0.2
_CORE, _RING = _DISTANCE < 0.7, (_DISTANCE > 1.7) & (_DISTANCE < 2.8)
_SECTORS = [
    _RING & (np.abs(np.angle(np.exp(1j * (np.arctan2(_Y, _X) - angle)))) < np.pi / 12)
    for angle in np.arange(12) * np.pi / 6
]


def patches(field: NDArray[np.float32], found: Candidates) -> NDArray[np.float32]:
    """Patches [K, 25, 25(, C)] of a field [H, W(, C)] around candidates, each at its own scale."""
    offsets = found.radii[:, None, None]
    x = found.centers[:, 0, None, None] + offsets * _X
    y = found.centers[:, 1, None, None] + offsets * _Y
    flat = (len(found.radii) * _CELL, _CELL)
    taken = cv2.remap(
        field, x.reshape(flat), y.reshape(flat), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(taken.reshape(-1, _CELL, _CELL, *field.shape[2:]), np.float32)


def traits(lab: NDArray[np.float32], skin: Mask, found: Candidates) -> Traits:
    """The traits of candidates in a reduced crop."""
    looks, bare = patches(lab, found), patches(skin, found)
    around = np.median(looks[:, _RING], axis=1)
    core = looks[:, _CORE].mean(axis=1)
    contrast = core - around
    direction = contrast / np.maximum((contrast * contrast).sum(1, keepdims=True), 1e-3)
    # 1 in the spot, 0 in the skin around
    likeness = ((looks - around[:, None, None]) * direction[:, None, None]).sum(-1)
    weight = np.clip(likeness - 0.3, 0.0, 0.7) * (_DISTANCE < 2.3)
    total = np.maximum(weight.sum((1, 2)), 1e-3)
    mx, my = ((weight * axis).sum((1, 2)) / total for axis in (_X, _Y))
    xx = (weight * _X * _X).sum((1, 2)) / total - mx * mx
    yy = (weight * _Y * _Y).sum((1, 2)) / total - my * my
    xy = (weight * _X * _Y).sum((1, 2)) / total - mx * my
    middle, half = (xx + yy) / 2.0, np.hypot((xx - yy) / 2.0, xy)
    elongation = np.sqrt((middle + half) / np.maximum(middle - half, 1e-3))
    sectors = np.stack([likeness[:, sector].mean(1) for sector in _SECTORS], 1)
    half_turn = len(_SECTORS) // 2
    line = np.minimum(sectors[:, :half_turn], sectors[:, half_turn:]).max(1)
    steep = np.hypot(np.diff(likeness, axis=1)[:, :, 1:], np.diff(likeness, axis=2)[:, 1:])
    near = _DISTANCE[1:, 1:] < 1.8
    return Traits(
        -contrast[:, 0],
        contrast[:, 1],
        contrast[:, 2],
        elongation,
        line,
        (sectors > 0.5).mean(1),
        sectors.std(1),
        bare[:, _DISTANCE < 2.0].mean(1),
        steep[:, near].max(1) / (_AXIS[1] - _AXIS[0]),
        _extent(likeness),
        np.stack([mx, my], 1),
        around[:, 0],
    )


def _extent(likeness: NDArray[np.float32]) -> NDArray[np.float32]:
    """The radius [K] at which patches are as the skin around, in radii."""
    rings = np.stack([likeness[:, np.abs(_DISTANCE - radius) < 0.2].mean(1) for radius in _RADII], 1)
    ended = rings < _FADED
    return np.asarray(np.where(ended.any(1), _RADII[ended.argmax(1)], _REACH), np.float32)


def find_spots(crop: NDArray[np.float32], skin: Mask, size: int) -> Spots:
    """The spots in a crop [H, W, 3], or in a part of one whose side is ``size``; skin: [H, W]."""
    small, bare = reduced(crop, size, SIDE), reduced(skin, size, SIDE)
    side = min(size, SIDE)
    # Past its border skin is continued, so that lips and hair are no spots.
    known = smoothstep(bare, 0.3, 0.6)
    lab = continued(to_lab(small), known)
    found = candidates(lab, bare, side)
    if not len(found.radii):
        return Spots(found.centers, found.radii, np.zeros(0, np.bool_), size)
    seen = traits(_calmed(lab, bare > 0.5), bare, found)
    spots = is_spot(found, seen, side) & ~_in_stubble(found, seen, side)
    marks = are_marks(seen, spots)[spots]
    scale = np.array([crop.shape[1] / small.shape[1], crop.shape[0] / small.shape[0]], np.float32)
    centers = found.centers + found.radii[:, None] * seen.shift
    centers = (centers[spots] + 0.5) * scale - 0.5
    radii = (found.radii * seen.extent)[spots] * scale[0]
    # A wider, fainter spot around a mole is found, too; healing it would take the mole.
    touching = _distances(np.asarray(centers, np.float32)) < radii[:, None] + radii[None]
    marks = np.asarray((touching & marks[None]).any(axis=1))
    return Spots(np.asarray(centers, np.float32), radii, marks, size)


def _calmed(lab: NDArray[np.float32], bare: NDArray[np.bool_]) -> NDArray[np.float32]:
    """A crop [H, W, 3] blurred by about a pixel if its noise is strong: it would hide the shape of a spot."""
    light = np.ascontiguousarray(lab[..., 0])
    fine = (light - blurred(light, 1.0))[bare][::7]
    noise = 1.4826 * float(np.median(np.abs(fine))) if fine.size else 0.0
    return blurred(lab, min(_CALMEST, noise / _NOISY)) if noise > 0.5 * _NOISY else lab


def is_spot(found: Candidates, seen: Traits, side: int) -> NDArray[np.bool_]:
    """Whether candidates [K] are spots: round, on even skin, and dark or red enough."""
    contrast = np.hypot(np.maximum(seen.darker, 0.0), np.maximum(seen.redder, 0.0))
    red = is_red(seen)
    alone = (
        (seen.elongation < np.where(red, 2.6, 2.0))
        & (seen.line < 0.45)
        & (seen.uneven < 0.34)
        & (seen.spread < 0.5)
        & (seen.extent < _REACH)
    )
    # What is wide and weak is form: the side of a nose, a dimple.
    radius = found.radii * seen.extent
    # The end of a fold is as wide as a large spot, and neither round nor on skin that is the same all around.
    alone &= (radius < _LARGE * side) | (seen.elongation < 1.4) | (seen.spread < 0.3)
    wide = radius > _WIDE * side
    plain = (contrast > 2.0 * _LEAST_CONTRAST) & (seen.elongation < 1.5) & (seen.uneven < 0.1)
    plain |= red & (seen.redder > seen.darker) & (seen.elongation < 1.8) & (seen.uneven < 0.1)
    sized = ~wide | (plain & (radius < _WIDEST * side))
    clear = red & (seen.elongation < 1.5) & (seen.uneven < 0.1) & (seen.line < 0.2)
    even = seen.bare > np.where(clear, _BARE_CLEAR, _BARE)
    even &= seen.steep < _STEEP * np.maximum(1.0, found.radii / (_FINE * side))
    # Who heals what is hardly seen takes grain and faint freckles, and nothing that anybody misses.
    seen_well = contrast > np.where(is_brown(seen), _LEAST_CONTRAST, _LEAST_RED)
    return np.asarray(alone & even & seen_well & sized)


def is_red(seen: Traits) -> NDArray[np.bool_]:
    """Whether candidates [K] are as red as form, shadow and hair never are."""
    return np.asarray((seen.redder > 4.0) & (seen.redder > 0.7 * seen.darker))


def are_marks(seen: Traits, spots: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether candidates [K] are moles or freckles, if they are ``spots``.

    Blood makes skin redder as much as darker. Melanin makes it darker above all, and in freckles yellower:
    what is brown is kept, however faint. Many small brown spots are freckles: then all are kept, but for what
    is plainly red.
    """
    brown = is_brown(seen)
    small = spots & brown & (seen.darker > _LEAST_CONTRAST)
    yellower = seen.yellower[small].sum() / max(float(seen.darker[small].sum()), 1e-3)
    mole = brown | ((seen.redder <= _BLUSHED * seen.darker) & (seen.darker > _MOLE * seen.level))
    raised = (seen.darker > _RAISED * seen.level) & (seen.redder < _SCAB * seen.darker)
    mole |= raised & (seen.yellower > _WARM * seen.darker)
    if small.sum() >= _FRECKLES and yellower > _FRECKLE_YELLOW:
        return np.asarray(mole | (seen.redder < seen.darker))
    return np.asarray(mole)


def is_brown(seen: Traits) -> NDArray[np.bool_]:
    """Whether candidates [K] are dark or yellow rather than red."""
    yellow = (seen.yellower > _YELLOW) & (seen.yellower > _YELLOWER * seen.redder)
    return np.asarray((seen.redder <= 1.5) | (seen.redder <= 0.45 * seen.darker) | yellow)


def _in_stubble(found: Candidates, seen: Traits, side: int) -> NDArray[np.bool_]:
    """Whether candidates [K] stand among hairs or in coarse texture, where slopes are steep all over."""
    near = _distances(found.centers) < _NEAR * side
    count = near.sum(1)
    return np.asarray(~is_red(seen) & (count >= 6) & ((near * seen.steep[None]).sum(1) > _STUBBLE * count))
