"""Places the 68 landmarks of a face with dlib's predictor, at the face's own scale.

Those of a tilted face are placed once more on an upright copy, since the predictor was trained on upright
faces.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import dlib
import numpy as np
from numpy.typing import NDArray

from pipeline.display import Display, plain
from pipeline.dlib_search import load
from pipeline.views import Detection, rotation_of, view_of

_SIDE = 400.0  # pixels of a face box when its landmarks are placed
_TILT = math.radians(12.0)
# Shifts of the box (x, y, larger), in sides. The predictor depends on its box, which no detector gives to
# the pixel; the mean over several boxes does so less.
ONE_BOX = ((0.0, 0.0, 0.0),)
FOUR_BOXES = ((0.03, 0.0, 0.03), (-0.03, 0.0, -0.03), (0.0, 0.03, -0.03), (0.0, -0.03, 0.03))
Shifts = Sequence[tuple[float, float, float]]


class LandmarkPredictor:
    """dlib's predictor of 68 landmarks (Kazemi and Sullivan, CVPR 2014)."""

    def __init__(self, predictor: Path) -> None:
        """Raises ModelCorrupt if the file is damaged."""
        self._predictor = load(dlib.shape_predictor, predictor)

    def place(
        self,
        pixels: NDArray[np.generic],  # [H, W, C]
        detection: Detection,
        display: Display = plain,
        shifts: Shifts = ONE_BOX,
    ) -> NDArray[np.float64]:
        """Landmarks [68, 2] in photo pixels of a face in a photo: their mean over shifted boxes."""
        points = self.place_at(pixels, detection, display, shifts)
        tilt = _eye_angle(points)
        if abs(_wrapped(tilt - detection.angle)) > _TILT:
            turned = Detection(detection.center, detection.side, tilt, detection.confidence)
            points = self.place_at(pixels, turned, display, shifts)
        return points

    def place_at(
        self,
        pixels: NDArray[np.generic],
        detection: Detection,
        display: Display = plain,
        shifts: Shifts = ONE_BOX,
    ) -> NDArray[np.float64]:
        """As ``place``, at the angle of the detection as it is."""
        frame = int(2.0 * _SIDE)
        matrix = rotation_of(detection, detection.side / _SIDE, frame)
        view = view_of(pixels, matrix, frame, display)
        points = np.mean([self._in_box(view, *shift) for shift in shifts], axis=0)
        return np.asarray(points @ matrix[:, :2].T + matrix[:, 2])

    def place_in_crop(self, crop: NDArray[np.float32]) -> NDArray[np.float64]:
        """Landmarks [68, 2] in pixels of an FFHQ crop [S, S, 3] in [0, 1], where the box is known."""
        size = crop.shape[0]
        return self.place_at(crop, Detection((0.5 * size, 0.615 * size), 0.565 * size, 0.0, 1.0))

    def _in_box(
        self, view: NDArray[np.uint8], right: float, down: float, larger: float
    ) -> NDArray[np.float64]:
        half = (0.5 + larger / 2.0) * _SIDE
        x, y = _SIDE * (1.0 + right), _SIDE * (1.0 + down)
        box = dlib.rectangle(round(x - half), round(y - half), round(x + half), round(y + half))
        return np.array([(p.x, p.y) for p in self._predictor(view, box).parts()], np.float64)


def _eye_angle(landmarks: NDArray[np.float64]) -> float:
    dx, dy = landmarks[42:48].mean(0) - landmarks[36:42].mean(0)
    return math.atan2(dy, dx)


def _wrapped(angle: float) -> float:
    return (angle + math.pi) % (2.0 * math.pi) - math.pi
