"""A mesh of 468 points on a face, by MediaPipe's network ``face_landmark``.

Kartynnik et al., "Real-time facial surface geometry from monocular video on mobile GPUs", arXiv 1907.06724.
The network sees a square of 192 px, turned with the face and half as wide again as the mesh, as in
MediaPipe's public graph ``face_landmark_landmarks_to_roi.pbtxt``. It follows wide-open mouths and turned
heads, where dlib's 68 landmarks fail.
"""

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.display import Display, plain
from pipeline.mesh_eyes import EyeNetwork, Iris
from pipeline.views import Detection, rotation_of, view_of
from stylegan2.onnx import session

POINTS = 468
_INPUT = 192  # pixels
_MARGIN = 1.5  # side of the square over the longer side of the mesh's box
_LEFT_CORNER, _RIGHT_CORNER = 33, 263  # outer corners of the eyes, as the viewer sees them
# Where the mesh lies on average, on 197 photographs of SCUT-FBP5500. For landmarks: the centre of its box
# below the middle between the eyes, in distances from there to the mouth; its longer side, in the larger of
# that distance and 0.96 of the distance between the eyes. For a detector's box: both in sides of that box.
_FROM_LANDMARKS_DOWN, _FROM_LANDMARKS_SIDE = 0.42, 2.51
_FROM_BOX_DOWN, _FROM_BOX_SIDE = -0.03, 1.13
_CROP_CENTER, _CROP_SIDE = (0.5, 0.58), 0.65  # of an FFHQ crop's side, likewise
_LOOKS = 4  # at most; each at the square around the mesh of the last
_STEADY = 0.01  # of the square's side, and radians: a square that moves less is where the mesh lies
_ADVICE = "Fetch it again: retouchml models fetch mediapipe-face."


@dataclass(frozen=True)
class Mesh:
    """A face's mesh, and how sure the network is that it is one."""

    points: NDArray[np.float64]  # [468, 3] photo pixels; z in the same scale, smaller is nearer
    score: float  # 0 to 1 that the square showed a face
    irises: tuple[Iris | None, Iris | None] = (None, None)  # that on the left of the picture first


class FaceMesh:
    """The networks of the face and its eyes, loaded once."""

    def __init__(self, model: Path | bytes, eyes: Path | bytes | None = None) -> None:
        """Raises ModelCorrupt if a file is no network.

        model: ``face_landmark.onnx``; eyes: ``iris_landmark.onnx``, without which the lids are less close and
        no iris is found
        """
        self._session = session(model, 1, _ADVICE)
        self._input = self._session.get_inputs()[0].name
        self._eyes = None if eyes is None else EyeNetwork(eyes)

    def mesh(
        self,
        pixels: NDArray[np.generic],
        place: Detection | NDArray[np.float64],
        display: Display = plain,
    ) -> Mesh:
        """The mesh of a face in a photo [H, W, C] of any depth.

        place: the face's box, as a detector gives it, or its 68 landmarks [68, 2] in photo pixels. Where the
        mesh lies then says where the network looks again, up to four times.
        """
        box = _around_box(place) if isinstance(place, Detection) else _around_landmarks(place)
        return self._refined(pixels, box, display)

    def points(
        self,
        pixels: NDArray[np.generic],
        place: Detection | NDArray[np.float64],
        display: Display = plain,
    ) -> NDArray[np.float64]:
        """The points [468, 3] of ``mesh``."""
        return self.mesh(pixels, place, display).points

    def points_in_crop(self, crop: NDArray[np.float32]) -> NDArray[np.float64]:
        """The points [468, 3] of ``mesh_in_crop``."""
        return self.mesh_in_crop(crop).points

    def mesh_in_crop(self, crop: NDArray[np.float32]) -> Mesh:
        """The mesh in pixels of an FFHQ crop [S, S, 3] in [0, 1], where the face's place is known."""
        size = crop.shape[0]
        x, y = _CROP_CENTER
        box = Detection((x * size, y * size), _CROP_SIDE * size, 0.0, 1.0)
        return self._refined(crop, box, plain)

    def _refined(self, pixels: NDArray[np.generic], box: Detection, display: Display) -> Mesh:
        """The mesh in the square around its own box, to which the given box leads."""
        found = self._at(pixels, box, display)
        for _ in range(_LOOKS - 1):
            former, box = box, box_of_mesh(found.points)
            found = self._at(pixels, box, display)
            if _is_steady(former, box):
                break
        if self._eyes is None:
            return found
        points, irises = self._eyes.look(pixels, found.points, display)
        return Mesh(points, found.score, irises)

    def _at(self, pixels: NDArray[np.generic], box: Detection, display: Display) -> Mesh:
        """The mesh in a square around a box that the mesh should fill."""
        matrix = rotation_of(box, _MARGIN * box.side / _INPUT, _INPUT)
        view = view_of(pixels, matrix, _INPUT, display)
        values, logit = self._session.run(None, {self._input: view[None].astype(np.float32) / 255.0})
        points = np.asarray(values, np.float64).reshape(POINTS, 3)
        # The network counts from the corner of the first pixel, a photo from that pixel's centre.
        flat = (points[:, :2] - 0.5) @ matrix[:, :2].T + matrix[:, 2]
        depth = points[:, 2] * math.hypot(*matrix[:, 0])
        return Mesh(np.column_stack([flat, depth]), 0.5 + 0.5 * math.tanh(0.5 * float(logit.reshape(-1)[0])))


def box_of_mesh(points: NDArray[np.float64]) -> Detection:
    """The square box of a mesh [468, 3], turned with its eyes."""
    dx, dy = points[_RIGHT_CORNER, :2] - points[_LEFT_CORNER, :2]
    angle = math.atan2(dy, dx)
    cosine, sine = math.cos(angle), math.sin(angle)
    upright = points[:, :2] @ np.array([[cosine, -sine], [sine, cosine]])
    low, high = upright.min(0), upright.max(0)
    x, y = np.array([[cosine, -sine], [sine, cosine]]) @ ((low + high) / 2.0)
    return Detection((float(x), float(y)), float((high - low).max()), angle, 1.0)


def _is_steady(former: Detection, box: Detection) -> bool:
    moved = max(math.dist(former.center, box.center), abs(former.side - box.side))
    return moved < _STEADY * box.side and abs(math.remainder(former.angle - box.angle, math.tau)) < _STEADY


def _around_landmarks(landmarks: NDArray[np.float64]) -> Detection:
    left, right = landmarks[36:42].mean(0), landmarks[42:48].mean(0)
    eyes, across = (left + right) / 2.0, right - left
    down = (landmarks[48] + landmarks[54]) / 2.0 - eyes
    length = max(math.hypot(*down), 0.96 * math.hypot(*across))
    x, y = eyes + _FROM_LANDMARKS_DOWN * down
    angle = math.atan2(across[1], across[0])
    return Detection((float(x), float(y)), _FROM_LANDMARKS_SIDE * length, angle, 1.0)


def detector_box(points: NDArray[np.float64]) -> Detection:
    """The box that dlib's detector gives on average for a face with mesh [468, 3], turned with its eyes."""
    box = box_of_mesh(points)
    return replace(box, side=box.side / _FROM_BOX_SIDE).moved_down(-_FROM_BOX_DOWN)


def _around_box(box: Detection) -> Detection:
    box = box.moved_down(_FROM_BOX_DOWN)
    return replace(box, side=_FROM_BOX_SIDE * box.side)
