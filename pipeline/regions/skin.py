"""All bare skin of a face: also ears and neck, which lie outside the outline of the landmarks."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.masks import FaceMasks, Mask, Points, guided, outline, skin_likelihood
from pipeline.regions.enclosed_skin import with_enclosed
from pipeline.regions.geometry import disc, smoothstep

_SIDE = 256  # pixels; skin outside the face is found in a reduced crop
_RIM = 36.0 / 1024.0  # of the side; where the face's own mask fades
_REACH = 0.16  # of the side around the outline: ears; below the chin the neck goes on to the crop's end


def skin_color(lab: NDArray[np.float32], skin: Mask) -> NDArray[np.float32]:
    """The median Lab [3] of the skin of a crop [S, S, 3]; L* is at least 10."""
    sample = lab[::4, ::4][skin[::4, ::4] > 0.5]
    color = np.array(np.median(sample, axis=0) if len(sample) else (65.0, 14.0, 16.0), np.float32)
    color[0] = max(color[0], 10.0)
    return color


def all_skin(crop: NDArray[np.float32], landmarks: Points, masks: FaceMasks) -> Mask:
    """The bare skin [S, S] of face, ears and neck: even, skin-coloured and connected with the face."""
    size = crop.shape[0]
    side = min(size, _SIDE)
    small = np.asarray(cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA), np.float32)
    points = (landmarks + 0.5) * (side / size) - 0.5
    grey = small.mean(axis=2)
    like = guided(grey, skin_likelihood(small, points), max(1, round(0.012 * side)), 1e-3)
    like = (
        np.clip(like * 1.25 - 0.15, 0.0, 1.0) * _reach(points, side) * _even(grey) * _colored(small, points)
    )
    face = np.asarray(cv2.resize(masks.skin, (side, side), interpolation=cv2.INTER_AREA), np.float32)
    like = like * _as_colored(small, face)
    bare = (np.maximum(like, face) > 0.5).astype(np.uint8)
    opened = cv2.morphologyEx(bare, cv2.MORPH_OPEN, disc(0.012 * side))
    # The shade of the jaw, or a strand before the ear, does not part skin from skin.
    _, labels = cv2.connectedComponents(cv2.morphologyEx(opened, cv2.MORPH_CLOSE, disc(0.025 * side)))
    seeds = np.unique(labels[face > 0.6])
    joined = np.isin(labels, seeds[seeds > 0]) & (opened > 0)
    connected = cv2.dilate(joined.astype(np.float32), disc(0.012 * side))
    features = cv2.resize(masks.features, (side, side), interpolation=cv2.INTER_AREA)
    outside = like * cv2.GaussianBlur(connected, (0, 0), 0.006 * side) * (1.0 - features)
    outside = cv2.resize(outside, (size, size), interpolation=cv2.INTER_LINEAR)
    # The face's own mask fades at its outline as this one begins: together they have no seam there.
    skin = np.asarray(np.minimum(masks.skin + outside * (1.0 - _inside(landmarks, size)), 1.0), np.float32)
    return with_enclosed(skin, crop, landmarks, masks.features)


def _even(grey: NDArray[np.floating[Any]]) -> Mask:
    """1 where brightness hardly varies from pixel to pixel, as it does on skin, 0 in hair."""
    side = grey.shape[0]
    detail = grey - cv2.GaussianBlur(grey, (0, 0), 0.012 * side)
    energy = cv2.GaussianBlur(detail * detail, (0, 0), 0.012 * side)
    return smoothstep(np.sqrt(energy), 0.07, 0.035)


def _colored(crop: NDArray[np.float32], points: Points) -> float:
    """1 for a face with colour; 0 in a grey picture, where walls look like skin."""
    x, y = np.clip(np.rint(points[[2, 14, 30, 33]]).astype(int), 0, crop.shape[0] - 1).T
    lab = cv2.cvtColor(np.ascontiguousarray(crop[y, x][None]), cv2.COLOR_RGB2Lab)[0]
    chroma = float(np.median(np.hypot(lab[:, 1], lab[:, 2])))
    return float(smoothstep(np.array(chroma), 4.0, 8.0))


def _as_colored(crop: NDArray[np.float32], face: Mask) -> Mask:
    """1 where there is about as much colour as in the skin of the face; 0 on white cloth and grey walls."""
    lab = cv2.cvtColor(crop, cv2.COLOR_RGB2Lab)
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    usual = float(np.median(chroma[face > 0.5])) if (face > 0.5).any() else 0.0
    return smoothstep(chroma, 0.35 * usual, 0.6 * usual) if usual > 0.0 else np.ones_like(face)


def _inside(landmarks: Points, size: int) -> Mask:
    """1 deep inside the outline, where the face's own mask decides; it rises as that mask does."""
    distance = cv2.distanceTransform(outline(landmarks, size), cv2.DIST_L2, 5)
    return smoothstep(distance, 0.0, _RIM * size)


def _reach(points: Points, side: int) -> Mask:
    """1 near the outline and on the neck, fading outwards."""
    distance = cv2.distanceTransform(1 - outline(points, side), cv2.DIST_L2, 5)
    near = smoothstep(distance, _REACH * side, 0.6 * _REACH * side)
    rows = np.arange(side, dtype=np.float32)[:, None]
    below = smoothstep(rows, float(points[2:15:12, 1].mean()), float(points[4:13:8, 1].mean()))
    return np.asarray(np.maximum(near, below), np.float32)
