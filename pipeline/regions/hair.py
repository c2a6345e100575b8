"""What is darker than the skin around it: brows, nostrils, hair and beard, and the frame of glasses."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.masks import Mask, Points, outline
from pipeline.regions.contours import Contours
from pipeline.regions.geometry import Box, blurred, curve, disc, polygon, smoothstep

_LEAST_PART = 0.35  # of the largest part of a brow; smaller ones are something else
_SIDE = 256  # pixels; hair is found in a reduced crop
_SAMPLES = 36  # down the bridge of the nose, each a hundredth of the eyes' distance
_EDGE = 6.0  # L* from sample to sample that tells a bridge
_FEATURES = (slice(17, 22), slice(22, 27), slice(31, 36), slice(36, 42), slice(42, 48), slice(48, 60))


def brows_of(lab: NDArray[np.float32], contours: Contours, skin: NDArray[np.float32]) -> Mask:
    """The brows [S, S]: what is dark and narrow along each outline, against the skin on either side.

    skin: the median Lab [3] of this face's skin. A brow with hair instead of skin above it is covered.
    """
    size = lab.shape[0]
    result = np.zeros((size, size), np.float32)
    for brow in contours.brows:
        width = float(np.ptp(brow[:, 0]))
        box = Box.around(brow, 0.25 * width, lab.shape)
        if box.empty:
            continue
        band = cv2.dilate(polygon(box.local(brow), box.shape), disc(0.04 * width))
        light = blurred(box.of(lab)[..., 0], 0.02 * width)
        above = polygon(box.local(_raised(brow, 0.16 * width)), box.shape) * (band < 0.5) > 0.5
        bare = float((light[above] > 0.65 * float(skin[0])).mean()) if above.any() else 0.0
        # Closing fills what is narrower than its disc: a brow, and neither hair nor the shade of an eye.
        level = blurred(cv2.morphologyEx(light, cv2.MORPH_CLOSE, disc(0.17 * width)), 0.04 * width)
        dark = smoothstep(1.0 - light / np.maximum(level, 5.0), 0.06, 0.2) * blurred(band, 0.05 * width)
        _, labels, statistics, _ = cv2.connectedComponentsWithStats((dark > 0.4).astype(np.uint8))
        areas = statistics[:, cv2.CC_STAT_AREA].astype(np.float64)
        areas[0] = 0.0
        # The crease of a lid is smaller than the brow above it.
        kept = (areas >= _LEAST_PART * areas.max()) & (areas > 0.0)
        near = cv2.dilate(kept[labels].astype(np.float32), disc(0.02 * width))
        np.maximum(
            box.of(result),
            dark * blurred(near, 0.02 * width) * smoothstep(np.array(bare), 0.2, 0.5),
            out=box.of(result),
        )
    return result


def _raised(brow: Points, height: float) -> Points:
    """An outline moved up along the face."""
    ends = brow[int(np.argmin(brow[:, 0]))], brow[int(np.argmax(brow[:, 0]))]
    across = (ends[1] - ends[0]) / max(float(np.hypot(*(ends[1] - ends[0]))), 1e-6)
    return np.asarray(brow + height * np.array([across[1], -across[0]]))


def nostrils_of(lab: NDArray[np.float32], contours: Contours, skin: NDArray[np.float32]) -> Mask:
    """The nostrils [S, S]: what is dark at the base of the nose."""
    size = lab.shape[0]
    result = np.zeros((size, size), np.float32)
    base = contours.nostrils
    width = float(np.hypot(*(base[-1] - base[0])))
    box = Box.around(base, 0.35 * width, lab.shape)
    if box.empty:
        return result
    band = np.zeros(box.shape, np.float32)
    line = np.rint(curve(box.local(base), closed=False)).astype(np.int32)
    cv2.polylines(band, [line], False, 1.0, max(1, round(0.4 * width)))
    light = blurred(box.of(lab)[..., 0], 0.02 * width)
    # A nose in the shade is dark, too: its nostrils are darker than what is around them.
    level = max(5.0, min(float(skin[0]), float(np.quantile(light, 0.6))))
    box.of(result)[:] = blurred(band, 0.04 * width) * smoothstep(light, 0.6 * level, 0.4 * level)
    return result


def hair_of(skin_mask: Mask, lab: NDArray[np.float32], landmarks: Points, skin: NDArray[np.float32]) -> Mask:
    """Hair and beard [S, S]: what is not skin, and darker than it or less even, on and around the face."""
    size = lab.shape[0]
    side = min(size, _SIDE)
    points = (landmarks + 0.5) * (side / size) - 0.5
    light = cv2.resize(lab[..., 0], (side, side), interpolation=cv2.INTER_AREA)
    bare = cv2.resize(skin_mask, (side, side), interpolation=cv2.INTER_AREA)
    near = cv2.dilate(outline(points, side), disc(0.08 * side)).astype(np.float32)
    dark = smoothstep(blurred(light, 0.004 * side), 0.9 * float(skin[0]), 0.65 * float(skin[0]))
    detail = light - blurred(light, 0.012 * side)
    strands = smoothstep(np.sqrt(blurred(detail * detail, 0.012 * side)), 3.0, 6.0)
    features = np.zeros((side, side), np.uint8)
    for part in _FEATURES:
        cv2.fillConvexPoly(features, cv2.convexHull(np.rint(points[part]).astype(np.int32)), 1)
    covered = cv2.dilate(features, disc(0.025 * side)).astype(np.float32)
    hair = near * np.maximum(dark, strands) * (1.0 - covered) * (1.0 - bare)
    return np.asarray(cv2.resize(blurred(hair, 0.004 * side), (size, size), interpolation=cv2.INTER_LINEAR))


def glasses_of(lab: NDArray[np.float32], contours: Contours) -> Mask:
    """The frame of glasses and the reflections on them [S, S]; zero without a bridge over the nose.

    The bridge is a band across the nose, far darker or lighter than the skin, with a sharp edge. Rimless
    glasses have none that could be told from a shadow.
    """
    size, distance = lab.shape[0], contours.eye_distance
    result = np.zeros((size, size), np.float32)
    column = Box.around(contours.bridge[:2].mean(0)[None], 0.18 * distance, lab.shape)
    across = blurred(column.of(lab)[..., 0], 0.01 * distance)
    across = across[:, across.shape[1] // 3 : -across.shape[1] // 3]
    if not across.size:
        return result
    profile = np.median(across, axis=1)
    steps = np.interp(np.linspace(0.0, len(profile) - 1.0, _SAMPLES), np.arange(len(profile)), profile)
    if float(np.abs(np.diff(steps)).max()) < _EDGE:
        return result
    centers = np.stack([eye.outline.mean(0) for eye in contours.eyes])
    box = Box.around(centers, 0.75 * distance, lab.shape)
    edges = np.abs(cv2.Laplacian(blurred(box.of(lab)[..., 0], 0.01 * distance), cv2.CV_32F))
    edges = blurred(edges, 0.02 * distance)
    around = np.zeros(box.shape, np.float32)
    for x, y in np.rint(box.local(centers)).astype(int):
        cv2.ellipse(around, (x, y), (round(0.55 * distance), round(0.42 * distance)), 0, 0, 360, 1.0, -1)
    if not around.any():
        return result
    plain = float(np.quantile(edges[around > 0.0], 0.4))
    box.of(result)[:] = around * smoothstep(edges, 2.0 * plain, 4.0 * plain) if plain > 0.0 else 0.0
    return result
