"""The sliders ``yaw`` and ``pitch`` in the photograph's own pixels: the face turned in depth.

The mesh of a face has depth. It turns about the axis of the ears, and the photograph follows it as a relief:
the nose and what else stands out move far, cheeks and temples hardly. Between and beyond the points the depth
is a smoothing thin-plate spline (Wahba, "Spline Models for Observational Data", 1990). It recedes to the
sides of the head, so that ears and what is behind stay; the motion fades over the hair above the forehead and
down the neck. No generator is needed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.head_room import RIM, SIDE, Field, HeadRoom
from pipeline.masks import Mask, Points
from pipeline.mesh import Mesh
from pipeline.patch import Corners
from pipeline.pose import axes_of_mesh
from pipeline.regions.geometry import smoothstep

YAW_FARTHEST, PITCH_FARTHEST = 13.0, 10.0  # degrees, at a value of 1
_STEP = 6  # pixels of the fields between those at which the depth is computed
_SMOOTHING = 1.0  # of the spline, for points that have a spread of 1
_AROUND = 0.01  # of the crop's side; over so much depth the motion ends at the axis of the ears
# Of the crop's side, from the turned face to where nothing moves: above it, beside it and below it.
_UP, _BESIDE, _DOWN = RIM, 0.07, 0.12
_EARS = [127, 356, 234, 454]  # points of the mesh beside the ears
_CONTOUR_ENDS = [0, 1, 15, 16]  # the landmarks there
_LEAST_SCORE = 0.5  # of a mesh
_LEAST_AREA = 0.2  # of the photograph, that a part of the result shows; below, what moves is crowded or folds
_ROUNDS, _MOST_KNOWN = 5, 64
# How far the 68 landmarks lie before the axis of the ears, in distances between the eyes: means of the meshes
# of 132 photographs of SCUT-FBP5500 that look into the camera, both sides alike; they differ by 0.05 to 0.14.
_CONTOUR = (0.05, -0.05, -0.08, -0.03, 0.08, 0.32, 0.51, 0.71, 0.78)
_BROW, _NOSE = (0.88, 1.00, 1.18, 1.24, 1.24), (1.25, 1.36, 1.48, 1.54, 1.16, 1.20, 1.23, 1.20, 1.16)
_EYE = (0.86, 0.98, 0.99, 0.95, 0.97, 0.95)
_LIPS = (0.87, 1.09, 1.20, 1.21, 1.20, 1.09, 0.87, 1.02, 1.09, 1.11, 1.09, 1.02)
_INNER_LIPS = (0.90, 1.10, 1.11, 1.10, 0.90, 1.08, 1.10, 1.08)
# Of the same: across, up from the bridge of the nose, and before the axis of the ears
_TEMPLE, _HAIRLINE, _TOP = (0.97, 0.61, 0.68), (0.57, 0.85, 1.10), (0.0, 0.90, 1.23)
_EARS_DOWN = 0.14  # below the bridge of the nose


@dataclass(frozen=True)
class Relief:
    """A face with its depth: points [K, 3], smaller z is nearer, and axes [2, 3] across and down it."""

    points: NDArray[np.float64]
    axes: NDArray[np.float64]
    center: NDArray[np.float64]  # [3] in the middle of the axis of the ears
    sides: Sequence[int]  # the points beside the ears

    @classmethod
    def of(cls, landmarks: Points, mesh: Mesh | None) -> "Relief":
        """The mesh; where there is none, landmarks [68, 2] at the depth that they have on average."""
        if mesh is not None and mesh.score >= _LEAST_SCORE:
            return cls(mesh.points, axes_of_mesh(mesh.points), mesh.points[_EARS].mean(0), _EARS)
        between = landmarks[42:48].mean(0) - landmarks[36:42].mean(0)
        unit = float(np.hypot(*between))
        across = between / unit
        down = np.array([-across[1], across[0]])
        right_eye = (_EYE[3], _EYE[2], _EYE[1], _EYE[0], _EYE[5], _EYE[4])
        parts = (_CONTOUR, _CONTOUR[-2::-1], _BROW, _BROW[::-1], _NOSE, _EYE, right_eye, _LIPS, _INNER_LIPS)
        forehead = np.array([_TEMPLE, _HAIRLINE, _TOP, _HAIRLINE, _TEMPLE])
        forehead[:2, 0] *= -1.0
        hairline = landmarks[27] + unit * (forehead[:, :1] * across - forehead[:, 1:2] * down)
        flat = np.concatenate([landmarks, hairline])
        near = -unit * np.concatenate([*map(np.array, parts), forehead[:, 2]])
        axes = np.array([[*across, 0.0], [*down, 0.0]])
        center = np.array([*(landmarks[27] + _EARS_DOWN * unit * down), 0.0])
        return cls(np.column_stack([flat, near]), axes, center, _CONTOUR_ENDS)


@dataclass(frozen=True)
class HeadTurn:
    """How the head of one face turns to the sides, up and down."""

    room: HeadRoom
    relief: Relief  # in pixels of the room's fields
    known: dict[tuple[float, float], float] = field(default_factory=dict, compare=False)
    """By ends of both sliders: the share of the way to them that the photograph can follow."""

    @classmethod
    def of(cls, room: HeadRoom, landmarks: Points, mesh: Mesh | None) -> "HeadTurn":
        """The head of a face with landmarks [68, 2] and a mesh in pixels of its crop."""
        found = Relief.of(landmarks, mesh)
        points, center = room.to_fields(found.points), room.to_fields(found.center[None])[0]
        # the smooth depth stands before that of the ears, which must stay
        center[2] = float(thin_plate(points[:, :2], points[:, 2], points[found.sides, :2]).mean())
        return cls(room, Relief(points, found.axes, center, found.sides))

    def resized(self, size: int) -> "HeadTurn":
        """The same in a crop of another size."""
        return replace(self, room=self.room.resized(size))

    @cached_property
    def area(self) -> Corners:
        """Left, top, right and bottom, in pixels of the crop, of all that may move; also past the crop."""
        beside, rim = self._beside(self.relief.points)
        return self.room.around((beside < rim) & (self.room.held > 0.0))

    def flow(self, yaw: float, pitch: float, area: Corners) -> Field:
        """The backward flow [h, w, 2], in crop pixels, of an area of the crop for values of both sliders."""
        share = self.share(yaw, pitch)
        return self.room.in_crop(self._turned(share * yaw, share * pitch), area)

    def share(self, yaw: float, pitch: float) -> float:
        """How much, 0 to 1, of these values and of all in their proportion the photograph can follow.

        Less than all of it where lines behind the head would bend, or where the motion would fold or crowd
        what it moves, as before the end of the crop.
        """
        largest = max(abs(yaw), abs(pitch))
        if largest == 0.0:
            return 1.0
        end = yaw / largest, pitch / largest
        if end not in self.known:
            low, high = 0.0, 1.0
            if self._is_possible(*end):
                low = 1.0
            else:
                for _ in range(_ROUNDS):
                    middle = (low + high) / 2.0
                    possible = self._is_possible(middle * end[0], middle * end[1])
                    low, high = (middle, high) if possible else (low, middle)
            if len(self.known) == _MOST_KNOWN:
                self.known.clear()
            self.known[end] = low
        return self.known[end]

    def _is_possible(self, yaw: float, pitch: float) -> bool:
        flow = self._turned(yaw, pitch)
        if self.room.allowed(flow, self.room.carried(self.room.outside, flow)) < 1.0:
            return False
        across, down = np.gradient(flow, axis=1), np.gradient(flow, axis=0)
        area = (1.0 + across[..., 0]) * (1.0 + down[..., 1]) - across[..., 1] * down[..., 0]
        return bool(area.min() >= _LEAST_AREA)

    def _turned(self, yaw: float, pitch: float) -> Field:
        """The backward flow [C, C, 2] of a turn."""
        relief = self.relief
        # to the right of the picture, and down
        turn = _rotation(relief.axes[0], pitch * PITCH_FARTHEST)
        turn = turn @ _rotation(relief.axes[1], -yaw * YAW_FARTHEST)
        after = (relief.points - relief.center) @ turn.T
        count = self.room.outside.shape[0]
        line = np.arange(0.5 * _STEP - 0.5, count, _STEP)
        places = np.stack(np.meshgrid(line, line), -1) - relief.center[:2]
        depth = thin_plate(after[:, :2], after[:, 2], places)
        soft = _AROUND * SIDE
        depth = -soft * np.logaddexp(0.0, -depth / soft)
        before = np.concatenate([places, depth[..., None]], -1) @ turn
        flow = np.asarray(before[..., :2] - places, np.float32)
        flow = np.asarray(cv2.resize(flow, (count, count), interpolation=cv2.INTER_CUBIC), np.float32)
        beside, rim = self._beside(after + relief.center)
        share = smoothstep(beside / rim, 1.0, 0.0) * self.room.held
        return self.room.within_frame(np.asarray(flow * share[..., None], np.float32))

    def _beside(self, points: NDArray[np.float64]) -> tuple[Mask, Mask]:
        """The distance [C, C] from a face, and how far [C, C] from it something moves, in sides of the crop.

        points: [K, 3] of the face
        """
        count = self.room.outside.shape[0]
        hull = np.zeros((count, count), np.uint8)
        cv2.fillConvexPoly(hull, cv2.convexHull(np.rint(points[:, :2]).astype(np.int32)), 1)
        away = np.asarray(cv2.distanceTransform(1 - hull, cv2.DIST_L2, 5) / SIDE, np.float32)
        down = self.relief.axes[1, :2] / max(float(np.hypot(*self.relief.axes[1, :2])), 1e-6)
        y, x = np.mgrid[0:count, 0:count].astype(np.float32)
        middle = points[:, :2].mean(0)
        x, y = x - middle[0], y - middle[1]
        cosine = (x * down[0] + y * down[1]) / np.maximum(np.hypot(x, y), 1.0)
        rim = np.interp(cosine, (-0.9, -0.5, 0.5, 0.9), (_UP, _BESIDE, _BESIDE, _DOWN)).astype(np.float32)
        return away, np.asarray(cv2.GaussianBlur(rim, (0, 0), 0.02 * SIDE), np.float32)


def thin_plate(
    points: NDArray[np.float64],  # [K, 2]
    values: NDArray[np.float64],  # [K]
    places: NDArray[np.float64],  # [..., 2]
) -> NDArray[np.float64]:
    """The smoothing thin-plate spline of values, at places [...]; it goes on beyond the points."""
    count, middle = len(points), points.mean(0)
    spread = (points - middle).std()
    known, asked = (points - middle) / spread, (places.reshape(-1, 2) - middle) / spread
    bent = _bending(known, known) + _SMOOTHING * np.eye(count)
    plane = np.column_stack([np.ones(count), known])
    system = np.block([[bent, plane], [plane.T, np.zeros((3, 3))]])
    weights = np.linalg.solve(system, np.concatenate([values, np.zeros(3)]))
    found = _bending(asked, known) @ weights[:count] + weights[count] + asked @ weights[count + 1 :]
    return np.asarray(found.reshape(places.shape[:-1]))


def _bending(places: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The spline's radial function [N, K] of the distances between places [N, 2] and points [K, 2]."""
    lengths = (places**2).sum(-1)[:, None] + (points**2).sum(-1)
    squared = np.maximum(lengths - 2.0 * places @ points.T, 1e-12)
    return np.asarray(0.5 * squared * np.log(squared))


def _rotation(axis: NDArray[np.float64], degrees: float) -> NDArray[np.float64]:
    """The matrix [3, 3] of a rotation about an axis [3] of length 1."""
    matrix, _ = cv2.Rodrigues(math.radians(degrees) * axis)
    return np.asarray(matrix, np.float64)
