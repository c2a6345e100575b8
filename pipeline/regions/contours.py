"""The contours of eyes, brows, lips and nose, from the 68 landmarks or from the finer mesh.

The mesh's points are numbered as in MediaPipe's face mesh (Kartynnik et al., "Real-time facial surface
geometry from monocular video on mobile GPUs", arXiv 1907.06724).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.masks import Points
from pipeline.regions.geometry import curve

# of the eye on the picture's left, then on its right; each from left to right
_MESH_EYES = (
    ((33, 246, 161, 160, 159, 158, 157, 173, 133), (33, 7, 163, 144, 145, 153, 154, 155, 133)),
    ((362, 398, 384, 385, 386, 387, 388, 466, 263), (362, 382, 381, 380, 374, 373, 390, 249, 263)),
)
_MESH_BROWS = (
    ((70, 63, 105, 66, 107), (46, 53, 52, 65, 55)),
    ((336, 296, 334, 293, 300), (285, 295, 282, 283, 276)),
)
# from the left corner over the upper lip and back
_MESH_OUTER_LIPS = (
    *(61, 185, 40, 39, 37, 0, 267, 269, 270, 409),
    *(291, 375, 321, 405, 314, 17, 84, 181, 91, 146),
)
_MESH_INNER_LIPS = (
    *(78, 191, 80, 81, 82, 13, 312, 311, 310, 415),
    *(308, 324, 318, 402, 317, 14, 87, 178, 88, 95),
)
_LANDMARK_EYES = (((36, 37, 38, 39), (36, 41, 40, 39)), ((42, 43, 44, 45), (42, 47, 46, 45)))
_LANDMARK_BROWS = ((17, 18, 19, 20, 21), (22, 23, 24, 25, 26))
_BROW_HEIGHT = 0.2  # of its width; dlib's points lie along its upper edge


@dataclass(frozen=True)
class Eye:
    """The lids of one eye, each as points [N, 2] from left to right."""

    upper: Points
    lower: Points

    @property
    def outline(self) -> Points:
        """The contour of the opening, closed."""
        return np.concatenate([curve(self.upper, closed=False), curve(self.lower, closed=False)[-2:0:-1]])

    @property
    def width(self) -> float:
        """From corner to corner, in pixels."""
        return float(np.hypot(*(self.upper[-1] - self.upper[0])))

    @property
    def openness(self) -> float:
        """Height of the opening by its width."""
        across = (self.upper[-1] - self.upper[0]) / max(self.width, 1e-6)
        down = np.array([-across[1], across[0]])
        gap = (self.lower - self.upper[0]) @ down
        rise = (self.upper - self.upper[0]) @ down
        return float((gap.max() - rise.min()) / max(self.width, 1e-6))


@dataclass(frozen=True)
class Contours:
    """The contours of one face in crop pixels."""

    eyes: tuple[Eye, Eye]  # on the picture's left, on its right
    brows: tuple[Points, Points]  # closed outlines
    outer_lips: Points  # closed
    inner_lips: Points  # closed
    nostrils: Points  # the base of the nose from wing to wing
    bridge: Points  # the bridge of the nose, downwards

    @property
    def eye_distance(self) -> float:
        """Between the eyes' centres, in pixels."""
        left, right = (eye.outline.mean(0) for eye in self.eyes)
        return float(np.hypot(*(right - left)))


def contours_of(landmarks: Points, mesh: Points | None) -> Contours:
    """The contours of a face; landmarks: [68, 2]; mesh: [468, 2], or None."""
    nostrils, bridge = landmarks[31:36], landmarks[27:31]
    if mesh is None:
        return Contours(
            _eyes(landmarks, _LANDMARK_EYES),
            (_brow(landmarks[17:22]), _brow(landmarks[22:27])),
            curve(landmarks[48:60]),
            curve(landmarks[60:68]),
            nostrils,
            bridge,
        )
    left, right = (np.concatenate([mesh[list(up)], mesh[list(low)][::-1]]) for up, low in _MESH_BROWS)
    return Contours(
        _eyes(mesh, _MESH_EYES),
        (left, right),
        curve(mesh[list(_MESH_OUTER_LIPS)], 4),
        curve(mesh[list(_MESH_INNER_LIPS)], 4),
        nostrils,
        bridge,
    )


def _eyes(points: Points, numbers: Sequence[Sequence[Sequence[int]]]) -> tuple[Eye, Eye]:
    left, right = (Eye(points[list(upper)], points[list(lower)]) for upper, lower in numbers)
    return left, right


def _brow(upper: Points) -> Points:
    """The outline of a brow whose upper edge is known."""
    across = upper[-1] - upper[0]
    down = np.array([-across[1], across[0]]) * _BROW_HEIGHT
    line = curve(upper, closed=False)
    return np.concatenate([line - 0.25 * down, (line + down)[::-1]])
