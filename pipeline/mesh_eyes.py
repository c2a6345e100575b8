"""The lids and irises of a face with a mesh, by MediaPipe's network ``iris_landmark``.

Ablavatski et al., "Real-time pupil tracking from monocular video for digital puppetry", arXiv 2006.11341.
The network sees a square of 64 px around one eye, turned with its corners and 2.3 times as wide, as in
MediaPipe's public graph ``iris_landmark_landmarks_to_roi.pbtxt``; the eye on the right of the picture is
mirrored. Its lids are closer than the mesh's. Its brows are not, and are not used.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.display import Display
from pipeline.views import Detection, rotation_of, view_of
from stylegan2.onnx import session

_INPUT = 64  # pixels
_WIDER = 2.3  # side of the square over the distance between the corners
# Points of the mesh, in the network's order: the lower lid from corner to corner, and the upper one between.
# The network's first corner is the outer one.
_LEFT_LIDS = (33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173)
_RIGHT_LIDS = (263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398)
_INNER = 8  # of the lids
_FORESHORTENED = 0.6  # width of an eye by the other's below which the network cannot tell its lids
_ADVICE = "Fetch it again: retouchml models fetch mediapipe-face."


@dataclass(frozen=True)
class Iris:
    """The circle of an iris in photo pixels."""

    x: float
    y: float
    radius: float


class EyeNetwork:
    """The network, loaded once."""

    def __init__(self, model: Path | bytes) -> None:
        """model: ``iris_landmark.onnx``. Raises ModelCorrupt if it is no network."""
        self._session = session(model, 1, _ADVICE)
        self._input = self._session.get_inputs()[0].name

    def look(
        self, pixels: NDArray[np.generic], points: NDArray[np.float64], display: Display
    ) -> tuple[NDArray[np.float64], tuple[Iris | None, Iris | None]]:
        """The mesh [468, 3] with closer lids, and the irises; the eye on the left of the picture is first.

        pixels: the photo [H, W, C]. An eye that a turned head foreshortens keeps the mesh's lids, and its
        iris is None.
        """
        closer = points.copy()
        widths = [float(np.hypot(*_between(points, lids))) for lids in (_LEFT_LIDS, _RIGHT_LIDS)]
        irises: list[Iris | None] = []
        for lids, width in zip((_LEFT_LIDS, _RIGHT_LIDS), widths, strict=True):
            if width <= _FORESHORTENED * max(widths):
                irises.append(None)
                continue
            outline, iris = self._eye(pixels, points, lids, width, display)
            closer[list(lids), :2] = outline
            irises.append(iris)
        return closer, (irises[0], irises[1])

    def _eye(
        self,
        pixels: NDArray[np.generic],
        points: NDArray[np.float64],
        lids: tuple[int, ...],
        width: float,
        display: Display,
    ) -> tuple[NDArray[np.float64], Iris]:
        """The lids [16, 2] and the iris of one eye."""
        mirrored = lids is _RIGHT_LIDS
        x, y = (points[lids[0], :2] + points[lids[_INNER], :2]) / 2.0
        across = -_between(points, lids) if mirrored else _between(points, lids)
        square = Detection((float(x), float(y)), width, math.atan2(across[1], across[0]), 1.0)
        matrix = rotation_of(square, _WIDER * width / _INPUT, _INPUT)
        view = view_of(pixels, matrix, _INPUT, display)
        seen = np.ascontiguousarray(view[:, ::-1] if mirrored else view)
        outputs = self._session.run(None, {self._input: seen[None].astype(np.float32) / 255.0})
        found = np.concatenate([np.asarray(values, np.float64).reshape(-1, 3) for values in outputs])[:, :2]
        # The network counts from the corner of the first pixel, a photo from that pixel's centre.
        found -= 0.5
        if mirrored:
            found[:, 0] = _INPUT - 1 - found[:, 0]
        found = found @ matrix[:, :2].T + matrix[:, 2]
        center, rim = found[-5], found[-4:]
        radius = float(np.hypot(*(rim - center).T).mean())
        return found[: len(lids)], Iris(float(center[0]), float(center[1]), radius)


def _between(points: NDArray[np.float64], lids: tuple[int, ...]) -> NDArray[np.float64]:
    """From the outer corner of an eye to the inner one."""
    return np.asarray(points[lids[_INNER], :2] - points[lids[0], :2])
