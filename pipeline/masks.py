"""Masks of a face in an FFHQ crop: where it may move, where its colours may change, bare skin, the mouth.

All masks are float32 [S, S] in [0, 1]. Landmarks give the outline; a colour model of this face's own skin
ends it at hair, beard and the frame of glasses, refined along the photograph's edges with a guided filter (He
et al., "Guided image filtering", TPAMI 2013).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.painted_over import painted_over

Mask = NDArray[np.float32]
Points = NDArray[np.float64]

RIM = 0.07  # of the crop's side; width of the band around the face that moves along, ever less outwards
_INNER = 0.06  # of the crop's side; depth at which the outline of the face no longer matters
_FOREHEAD = 0.14  # of the crop's side, from the brows up
_JAW, _BROWS, _NOSE = slice(0, 17), slice(17, 27), slice(27, 36)
_LEFT_EYE, _RIGHT_EYE = slice(36, 42), slice(42, 48)
_OUTER_LIPS, _INNER_LIPS = slice(48, 60), slice(60, 68)


@dataclass(frozen=True)
class FaceMasks:
    """The masks of one face."""

    face: Mask  # the face with its forehead, under hair too: where the generator's motion is trusted
    motion: Mask  # where the photograph may be displaced: the face and a rim, so that a jaw can move
    inner: Mask  # 1 deep inside the face, 0 at its outline and beyond
    tone: Mask  # where its colours may change: the face without hair, beard, glasses and background
    skin: Mask  # bare skin, where blemishes are eased
    features: Mask  # eyes, brows and lips
    mouth: Mask  # where lips may part

    def weighted(self, weight: Mask) -> "FaceMasks":
        """The masks times a weight [S, S]."""
        return FaceMasks(*(getattr(self, field.name) * weight for field in fields(FaceMasks)))


def face_masks(
    crop: NDArray[np.float32],  # [S, S, 3] in [0, 1]
    landmarks: Points,  # [68, 2] in crop pixels
    inside: Mask,  # [S, S] distance in crop pixels to the photograph's frame, 0 past it
) -> FaceMasks:
    """The masks of a face; all fade out before the photograph's frame."""
    size = crop.shape[0]
    unit = size / 1024.0
    hidden = hidden_face(crop, landmarks)
    likely = skin_likelihood(crop, landmarks, hidden)
    shown = 1.0 - cv2.GaussianBlur(hidden.astype(np.float32), (0, 0), 4.0 * unit)
    frame = _smoothstep(inside / (40.0 * unit)) * shown
    hull = outline(landmarks, size)
    face = _falloff(hull, 36.0 * unit)
    features = feature_mask(landmarks, size)
    skin_like = guided(crop.mean(axis=2), likely, round(10 * unit) + 1, 1e-3)
    skin_like = np.clip(skin_like * 1.25 - 0.15, 0.0, 1.0) * _without_strands(crop, landmarks)
    skin_like = _connected(skin_like, landmarks)
    tone = face * np.maximum(skin_like, _uncovered_features(skin_like, landmarks)) * frame
    holes = cv2.GaussianBlur(_grown_features(landmarks, size), (0, 0), 5.0 * unit)
    skin = tone * skin_like * (1.0 - np.clip(holes * 1.3, 0.0, 1.0))
    return FaceMasks(
        face=_falloff(hull, 20.0 * unit),
        motion=_motion_mask(landmarks, size) * frame,
        inner=_falloff(hull, _INNER * size),
        tone=tone,
        skin=np.asarray(skin, np.float32),
        features=features * frame,
        mouth=_polygon_mask(landmarks[_OUTER_LIPS], size, 1.15, 6.0 * unit) * frame,
    )


def outline(landmarks: Points, size: int) -> NDArray[np.uint8]:
    """The face with its forehead, as a filled convex polygon [S, S] of 0 and 1."""
    across = landmarks[_RIGHT_EYE].mean(0) - landmarks[_LEFT_EYE].mean(0)
    up = np.array([across[1], -across[0]]) / np.hypot(*across)
    center = landmarks[_BROWS].mean(0)
    # The forehead is an arch: highest in the middle.
    arch = [
        p + up * _FOREHEAD * size * (1.0 - 0.35 * (np.hypot(*(p - center)) / np.hypot(*across)) ** 2)
        for p in landmarks[_BROWS]
    ]
    points = np.concatenate([landmarks[_JAW], np.array(arch), landmarks[_BROWS]])
    mask = np.zeros((size, size), np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(points).astype(np.int32)), 1)
    return mask


def feature_mask(landmarks: Points, size: int) -> Mask:
    """Eyes, brows and lips with a little around them."""
    unit = size / 1024.0
    parts = [_polygon_mask(landmarks[part], size, grow, 5.0 * unit) for part, grow in _FEATURE_PARTS]
    return np.asarray(np.max(parts, axis=0), np.float32)


def _uncovered_features(skin_like: Mask, landmarks: Points) -> Mask:
    """``feature_mask`` without brows that hair covers: these have no skin around them."""
    size = skin_like.shape[0]
    width = 2 * max(1, round(0.02 * size)) + 1
    parts = []
    for part, grow in _FEATURE_PARTS:
        mask = _polygon_mask(landmarks[part], size, grow, 5.0 * size / 1024.0)
        if part in _BROW_PARTS:
            inside = (mask > 0.5).astype(np.uint8)
            around = cv2.dilate(inside, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))) > inside
            bare = float(skin_like[around].mean()) if around.any() else 0.0
            mask = np.asarray(mask * _smoothstep(np.array((bare - 0.55) / 0.2)), np.float32)
        parts.append(mask)
    return np.asarray(np.max(parts, axis=0), np.float32)


_BROW_PARTS = (slice(17, 22), slice(22, 27))
_FEATURE_PARTS = (
    (_LEFT_EYE, 1.5),
    (_RIGHT_EYE, 1.5),
    (_BROW_PARTS[0], 1.25),
    (_BROW_PARTS[1], 1.25),
    (_OUTER_LIPS, 1.08),
)


def skin_likelihood(
    crop: NDArray[np.float32], landmarks: Points, hidden: NDArray[np.bool_] | None = None
) -> Mask:
    """Similarity [S, S] of each pixel to the colour of this face's skin.

    The colour model is a Gaussian in CIE Lab over cheeks, nose and chin. hidden: ``hidden_face`` of the crop,
    if that is known
    """
    size = crop.shape[0]
    lab = cv2.cvtColor(crop, cv2.COLOR_RGB2Lab)
    if hidden is None:
        hidden = hidden_face(crop, landmarks)
    sample = lab[(_skin_sample(landmarks, size) > 0) & ~hidden]
    if len(sample) < 50:
        return np.ones((size, size), np.float32)
    middle = np.median(sample, axis=0)
    distance = np.abs(sample - middle).sum(axis=1)
    near = sample[distance <= np.quantile(distance, 0.8)]
    # Shading spreads lightness far more than colour; the floor widens the model of an evenly lit face.
    spread = np.cov(near.T) * 2.0 + np.diag([90.0, 8.0, 8.0])
    offset = lab.reshape(-1, 3) - near.mean(0)
    inverse = np.linalg.inv(spread).astype(np.float32)
    squared = np.einsum("ni,ni->n", offset @ inverse, offset).reshape(size, size)
    return np.asarray(np.where(hidden, 0.0, np.clip(1.6 - squared / 7.0, 0.0, 1.0)), np.float32)


def hidden_face(crop: NDArray[np.float32], landmarks: Points) -> NDArray[np.bool_]:
    """Where [S, S] the crop is painted over, so that it shows nothing of the face."""
    size = crop.shape[0]
    return painted_over(crop, outline(landmarks, size), _skin_sample(landmarks, size))


def guided(guide: Mask, values: Mask, radius: int, epsilon: float) -> Mask:
    """``values`` smoothed along the edges of ``guide``, both [H, W], in a window of 2 ``radius`` + 1."""
    window = (2 * radius + 1, 2 * radius + 1)
    mean_g, mean_v = cv2.blur(guide, window), cv2.blur(values, window)
    variance = cv2.blur(guide * guide, window) - mean_g * mean_g
    slope = (cv2.blur(guide * values, window) - mean_g * mean_v) / (variance + epsilon)
    offset = mean_v - slope * mean_g
    return np.asarray(cv2.blur(slope, window) * guide + cv2.blur(offset, window), np.float32)


def _without_strands(crop: NDArray[np.float32], landmarks: Points) -> Mask:
    """0 where strands of hair cover the forehead, 1 elsewhere.

    Strands may have the colour of skin, but not its even brightness.
    """
    size = crop.shape[0]
    grey = crop.mean(axis=2)
    window = (max(3, size // 40) | 1,) * 2
    mean = cv2.blur(grey, window)
    deviation = np.sqrt(np.maximum(cv2.blur(grey * grey, window) - mean * mean, 0.0))
    calm = 1.0 - _smoothstep((deviation - 0.035) / 0.05)
    brows = float(landmarks[_BROWS, 1].min())
    above = _smoothstep((brows - np.arange(size, dtype=np.float32)) / (0.02 * size))[:, None]
    # A strand darkens the pixels beside it too.
    eroded = cv2.erode(calm, np.ones((max(3, size // 80) | 1,) * 2, np.uint8))
    return np.asarray(1.0 + (cv2.GaussianBlur(eroded, (0, 0), size / 200.0) - 1.0) * above, np.float32)


def _connected(skin_like: Mask, landmarks: Points) -> Mask:
    """The skin that is connected with cheeks, nose and chin.

    Specks of another colour within it are filled: they are its blemishes.
    """
    size = skin_like.shape[0]
    grain = max(1, round(0.008 * size))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * grain + 1, 2 * grain + 1))
    closed = cv2.morphologyEx(skin_like, cv2.MORPH_CLOSE, disc)
    opened = cv2.morphologyEx((closed > 0.5).astype(np.uint8), cv2.MORPH_OPEN, disc)
    _, labels = cv2.connectedComponents(opened)
    seeds = np.unique(labels[_skin_sample(landmarks, size) > 0])
    connected = np.isin(labels, seeds[seeds > 0]).astype(np.uint8)
    near = cv2.dilate(connected, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (4 * grain + 1, 4 * grain + 1)))
    return np.asarray(closed * cv2.GaussianBlur(near.astype(np.float32), (0, 0), grain), np.float32)


def _skin_sample(landmarks: Points, size: int) -> NDArray[np.uint8]:
    """Cheeks, bridge of the nose and chin: skin on almost everybody."""
    mask = np.zeros((size, size), np.uint8)
    left = landmarks[[2, 3, 4, 48, 31, 40, 41]]
    right = landmarks[[14, 13, 12, 54, 35, 47, 46]]
    for polygon in (left, right, landmarks[[27, 31, 33, 35]]):
        center = polygon.mean(0)
        cv2.fillConvexPoly(
            mask, cv2.convexHull(np.rint(center + (polygon - center) * 0.75).astype(np.int32)), 1
        )
    return mask


def _grown_features(landmarks: Points, size: int) -> Mask:
    """Eyes with lids and lashes, brows, lips and nostrils, which are not smoothed as skin."""
    parts = [_polygon_mask(landmarks[part], size, grow * 1.12, 0.0) for part, grow in _FEATURE_PARTS]
    nostrils = landmarks[31:36] + (0.0, -0.004 * size)
    parts.append(_polygon_mask(nostrils, size, 1.25, 0.0, 0.012 * size))
    return np.asarray(np.max(parts, axis=0), np.float32)


def _motion_mask(landmarks: Points, size: int) -> Mask:
    hull = outline(landmarks, size)
    reach = RIM * size
    distance = cv2.distanceTransform(1 - hull, cv2.DIST_L2, 5)
    return _smoothstep(1.0 - distance / reach)


def _polygon_mask(points: Points, size: int, grow: float, blur: float, dilate: float = 0.0) -> Mask:
    center = points.mean(0)
    corners = np.rint(center + (points - center) * grow).astype(np.int32)
    extra = dilate
    if grow > 1.1:
        # Thin shapes such as closed eyes and brows grow too little by scaling alone.
        extra += 0.008 * size * (grow - 1.0) / 0.5
    mask = np.zeros((size, size), np.float32)
    # Only around the polygon is there anything to draw, grow or blur.
    margin = math.ceil(extra + 4.0 * blur) + 2
    left, top = np.clip(corners.min(0) - margin, 0, size)
    right, bottom = np.clip(corners.max(0) + margin + 1, 0, size)
    if right <= left or bottom <= top:
        return mask
    part: NDArray[Any] = np.zeros((bottom - top, right - left), np.float32)
    cv2.fillConvexPoly(part, cv2.convexHull(corners - np.array([left, top], np.int32)), 1.0)
    if extra >= 1.0:
        side = 2 * round(extra) + 1
        part = cv2.dilate(part, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    if blur > 0.3:
        part = cv2.GaussianBlur(part, (0, 0), blur)
    mask[top:bottom, left:right] = part
    return mask


def _falloff(hull: NDArray[np.uint8], reach: float) -> Mask:
    """1 deep inside a shape, 0 at its border and outside."""
    return _smoothstep(cv2.distanceTransform(hull, cv2.DIST_L2, 5) / reach)


def _smoothstep(x: NDArray[Any]) -> Mask:
    t = np.clip(x, 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), np.float32)


def neighbour_weight(landmarks: Points, neighbours: Sequence[Points], size: int) -> Mask | None:
    """A weight [S, S] that is zero where a neighbour's face is nearer; None if none is near.

    All landmarks are in the same crop of side ``size``.
    """
    near = [points for points in neighbours if _distance_from_center(points, size) < 1.0]
    if not near:
        return None
    distance = _signed_distance(landmarks, size)
    weight = np.ones((size, size), np.float32)
    for points in near:
        # 1 well on this side of the line half-way between the two faces, 0 on the other side.
        weight *= _smoothstep((_signed_distance(points, size) - distance) / (0.06 * size))
    return weight


def _signed_distance(landmarks: Points, size: int) -> Mask:
    """Distance in pixels from a face's outline, negative within."""
    hull = outline(landmarks, size)
    outer = cv2.distanceTransform(1 - hull, cv2.DIST_L2, 5)
    return np.asarray(outer - cv2.distanceTransform(hull, cv2.DIST_L2, 5), np.float32)


def _distance_from_center(landmarks: Points, size: int) -> float:
    """Distance of a face's centre from the crop's, in sides."""
    return float(np.abs(landmarks.mean(0) - size / 2.0).max() / size)
