"""Teeth and lips: within the contours of the mouth, told by colour.

Lips differ from the skin around them along one direction of Lab, which each mouth shows itself (Fisher's
linear discriminant). Teeth are pale: less red than skin and lips, and lighter than these. Gums and tongue
are as red as the lips.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.masks import Mask, Points
from pipeline.regions.contours import Contours
from pipeline.regions.geometry import Box, blurred, disc, polygon, smoothstep

_SOFTEST = 0.7  # pixels; blur of the edge of teeth on small crops
_LEAST_GAP = 0.006  # of the crop's side; an inner contour that is lower belongs to a closed mouth
_LEAST_TEETH = 1.2e-4  # of the crop's area; fewer pale pixels are no teeth
_INSIDE = 0.4  # share of what is pale in one piece that lies between the lips, if it is teeth
_UNSURE, _SURE = 8.0, 20.0  # how far teeth differ from lips: hardly, as teeth do that are seen sharply
_COVERED, _CLEAR = 0.55, 1.6  # distance of lips from skin, in standard deviations: no lips, plain lips


@dataclass(frozen=True)
class _Lips:
    """The lips of a mouth, and how they differ from the skin around it."""

    within: Mask  # [H, W] the outer contour
    opening: Mask  # [H, W] the inner contour
    gap: float  # height of the opening in pixels
    like: Mask  # [H, W] how far a pixel has the lips' colour rather than the skin's
    distance: float  # of the two, in standard deviations
    color: NDArray[np.float32]  # the lips' median Lab [3]


def mouth_regions(
    lab: NDArray[np.float32], faces: Sequence[Contours], skin_color: NDArray[np.float32]
) -> tuple[Mask, Mask]:
    """The masks [S, S] of teeth and lips; both are empty for a mouth that something covers.

    lab: the crop in CIE Lab; faces: contours of the same face from several sources, of which the mouth takes
    those with the plainest lips; skin_color: the median Lab [3] of this face's skin
    """
    size = lab.shape[0]
    teeth, lips = np.zeros((size, size), np.float32), np.zeros((size, size), np.float32)
    box = mouth_box(faces, (size, size))
    if box.empty:
        return teeth, lips
    part = box.of(lab)
    candidates = (_lips(part, box.local(face.outer_lips), box.local(face.inner_lips), size) for face in faces)
    found = max(
        (each for each in candidates if each is not None), key=lambda each: each.distance, default=None
    )
    if found is None or found.distance < _COVERED:
        return teeth, lips
    parted = found.gap > _LEAST_GAP * size
    if parted:
        box.of(teeth)[:] = _teeth(part, found, skin_color, size)
    gap = np.maximum(found.opening if parted else 0.0, box.of(teeth))
    # Where the colours hardly differ, the contour alone decides.
    clear = float(smoothstep(np.array(found.distance), _COVERED, _CLEAR))
    shape = found.within * (1.0 - gap) * (1.0 - clear * (1.0 - found.like))
    box.of(lips)[:] = blurred(shape, 0.0035 * size) * found.within
    return teeth, lips


def mouth_box(faces: Sequence[Contours], shape: tuple[int, int]) -> Box:
    """The part of a crop [S, S] that ``mouth_regions`` looks at."""
    return Box.around(np.concatenate([face.outer_lips for face in faces]), 0.05 * shape[0], shape)


def _gap(inner: Points) -> float:
    """Height of the opening between the lips."""
    (_, _), (width, height), _ = cv2.minAreaRect(inner.astype(np.float32))
    return float(min(width, height))


def _lips(lab: NDArray[np.float32], outer: Points, inner: Points, size: int) -> _Lips | None:
    """The lips within a contour; None if something else is seen there, or too little of it."""
    shape = (lab.shape[0], lab.shape[1])
    within, opening = polygon(outer, shape), polygon(inner, shape)
    flesh = within * (1.0 - cv2.dilate(opening, disc(0.004 * size)))
    core = cv2.erode(flesh, disc(0.005 * size)) > 0.5
    if core.sum() < 20:
        core = flesh > 0.5
    around = cv2.dilate(within, disc(0.025 * size)) - cv2.dilate(within, disc(0.008 * size)) > 0.5
    if core.sum() < 8 or around.sum() < 8:
        return None
    smooth = blurred(lab, 0.003 * size)
    inside, outside = smooth[core], smooth[around]
    color, skin = np.median(inside, axis=0), np.median(outside, axis=0)
    if color[1] < skin[1] - 1.0 and color[0] > skin[0] - 3.0:
        return None  # a hand before a beard: lips are redder than what is around them, or darker
    spread = np.cov(inside.T) + np.cov(outside.T) + np.diag([25.0, 4.0, 4.0])
    axis = np.linalg.solve(spread, color - skin)
    distance = float((color - skin) @ axis) ** 0.5
    along = ((smooth - skin) @ axis) / max(distance**2, 1e-6)
    # Highlights on a lip, and the dark line between the lips, belong to them.
    like = cv2.morphologyEx(smoothstep(along, 0.2, 0.6), cv2.MORPH_CLOSE, disc(0.008 * size))
    return _Lips(
        within, opening, _gap(inner), np.asarray(like, np.float32), distance, np.asarray(color, np.float32)
    )


def _teeth(lab: NDArray[np.float32], mouth: _Lips, skin: NDArray[np.float32], size: int) -> Mask:
    within, opening, lips = mouth.within, mouth.opening, mouth.color
    smooth = blurred(lab, 0.0015 * size)
    light, red, yellow = smooth[..., 0], smooth[..., 1], smooth[..., 2]
    # Lighter than the lips, or, in the shade of an open mouth, at least far less red than these.
    reddest = min(float(skin[1]) + 2.0, max(float(lips[1]) - 3.0, 4.0))
    lit = (light > max(0.45 * float(skin[0]), float(lips[0]) + 6.0)) & (red < reddest - 3.0)
    deep = cv2.erode(opening, disc(0.003 * size)) > 0.5
    shaded = deep & (light > 0.4 * float(skin[0])) & (red < min(reddest, float(lips[1]) - 7.0))
    seen = (lit | shaded) & (opening > 0.5) & (yellow < skin[2] + 10.0)
    if seen.sum() < _LEAST_TEETH / 4.0 * size * size:
        return np.zeros_like(opening)
    # This mouth's own teeth say how pale and light teeth are in its light, and what is between them and lips.
    own, level = float(np.median(red[seen])), float(np.median(light[seen]))
    reddest = max(reddest - 3.0, own + 0.6 * (min(float(lips[1]), float(skin[1]) + 4.0) - own))
    pale = smoothstep(red, reddest, reddest - 4.0) * smoothstep(light, 0.55 * level, 0.75 * level)
    pale = pale * smoothstep(yellow, skin[2] + 14.0, skin[2] + 6.0) * within
    near = cv2.dilate(opening, disc(0.006 * size))
    _, labels = cv2.connectedComponents((pale > 0.5).astype(np.uint8))
    # Teeth lie in the opening; a highlight on a lip does not, though it may touch it.
    counts = np.bincount(labels[opening > 0.5], minlength=int(labels.max()) + 1)
    kept = counts > np.maximum(_LEAST_TEETH / 4.0 * size * size, _INSIDE * np.bincount(labels.ravel()))
    kept[0] = False
    found = kept[labels] & (near > 0.5)
    if found.sum() < _LEAST_TEETH * size * size:
        return np.zeros_like(opening)
    whole = cv2.morphologyEx(found.astype(np.float32), cv2.MORPH_CLOSE, disc(0.004 * size))
    # The edge of a tooth mirrors the lips: left out, it would stay as a yellow line around white teeth.
    edge = smoothstep(red, reddest + 6.0, reddest) * smoothstep(light, 0.45 * level, 0.65 * level)
    # Where blur mixes teeth with lips, whitening all of what looks pale would paint it.
    differs = float(lips[1]) - own + 0.5 * max(level - float(lips[0]), 0.0)
    sure = smoothstep(np.array(differs), _UNSURE, _SURE)
    soft = blurred(cv2.dilate(whole, disc(0.0015 * size)), max(0.0012 * size, _SOFTEST))
    return np.asarray(soft * edge * within * sure, np.float32)
