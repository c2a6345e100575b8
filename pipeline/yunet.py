"""YuNet, a small and quick face detector (Wu, Peng and Yu, Machine Intelligence Research 2023).

It knows faces of about 10 to 300 pixels that are turned by up to 45 degrees. Its five points hardly follow a
turn. OpenCV runs it (``cv2.FaceDetectorYN``).
"""

import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.views import Detection
from retouchml.errors import ModelCorrupt

LARGEST_FACE = 300.0  # pixels; beyond, it sees parts of a face
# dlib's square from YuNet's box of size w x h, in units of sqrt(w h): side, and how far its centre lies to
# the right and below. Medians over 292 faces that both found; the quartiles of the side are 0.89 and 1.00.
_SIDE, _RIGHT, _BELOW = 0.943, 0.004, 0.0745
_SAME_FACE = 0.3  # intersection over union above which the network keeps one of two boxes
_MOST_BOXES = 5000
_FIRST_SIZE = (320, 320)  # pixels; any will do


@dataclass(frozen=True)
class YuNetFace:
    """A face as YuNet gives it, in pixels of the image."""

    box: tuple[float, float, float, float]  # left, top, width, height; tighter than dlib's square
    # [5, 2] eye at the left of an upright face, at the right, nose, mouth corners
    points: NDArray[np.float64]
    confidence: float  # 0 to 1

    @property
    def detection(self) -> Detection:
        """The square that dlib's detectors would give, on which its landmark predictor depends."""
        left, top, width, height = self.box
        size = math.sqrt(width * height)
        center = (left + width / 2.0 + _RIGHT * size, top + height / 2.0 + _BELOW * size)
        return Detection(center, _SIDE * size, 0.0, self.confidence)


class YuNet:
    """The network."""

    def __init__(self, file: Path) -> None:
        """Load the network's ONNX file. Raises ModelCorrupt if it is damaged."""
        # the bytes, not the path: on Windows OpenCV opens no path with letters of another code page
        content = np.frombuffer(file.read_bytes(), np.uint8)
        level = cv2.utils.logging.getLogLevel()
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # OpenCV 5 warns of its own default
        try:
            self._network = cv2.FaceDetectorYN.create(
                "onnx", content, np.empty(0, np.uint8), _FIRST_SIZE, 0.0, _SAME_FACE, _MOST_BOXES
            )
        except cv2.error as error:
            advice = "Fetch it again: retouchml models fetch yunet."
            raise ModelCorrupt(f"{file.name} does not load.", advice) from error
        finally:
            cv2.utils.logging.setLogLevel(level)

    def look(self, image: NDArray[np.uint8], least: float) -> list[YuNetFace]:
        """The faces in an image [H, W, 3] of at least a confidence."""
        self._network.setInputSize((image.shape[1], image.shape[0]))
        self._network.setScoreThreshold(least)
        _, rows = self._network.detect(np.ascontiguousarray(image[..., ::-1]))
        found = np.asarray([] if rows is None else rows, np.float64).reshape(-1, 15)
        return [_face(row) for row in found if np.isfinite(row).all()]


def _face(row: NDArray[np.float64]) -> YuNetFace:
    left, top, width, height = (float(value) for value in row[:4])
    return YuNetFace((left, top, max(width, 1.0), max(height, 1.0)), row[4:14].reshape(5, 2), float(row[14]))
