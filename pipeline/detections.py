"""Face boxes as detectors give them: moved between copies of a photo, compared, joined."""

import math
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.views import Detection
from retouchml.results import Box

_OVERLAP = 0.35  # intersection over union above which two boxes are one face


def placed(detection: Detection, scale: float) -> Detection:
    """The detection in photo pixels, of which one of the searched copy has ``scale``."""
    x, y = ((c + 0.5) * scale - 0.5 for c in detection.center)
    return Detection((x, y), detection.side * scale, detection.angle, detection.confidence)


def moved(detection: Detection, left: float, top: float) -> Detection:
    """The detection in a photo, of which it was found in a part that begins at (left, top)."""
    return replace(detection, center=(detection.center[0] + left, detection.center[1] + top))


def box_of(detection: Detection) -> Box:
    """The square of a detection in whole pixels."""
    side = round(detection.side)
    x, y = detection.center
    return round(x - side / 2.0), round(y - side / 2.0), side, side


def is_same(detection: Detection, box: Box) -> bool:
    """Whether a detection is of the face with that box."""
    x, y, width, height = box
    square = Detection((x + width / 2.0, y + height / 2.0), float(max(width, height)), 0.0, 0.0)
    return overlap(replace(detection, angle=0.0), square) > _OVERLAP


def turned(
    image: NDArray[np.uint8], degrees: float, outside: int | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The whole image turned counter-clockwise on a larger canvas, and the map [2, 3] back from there.

    outside: the grey around the image; None: its edge is repeated
    """
    height, width = image.shape[:2]
    center = ((width - 1) / 2.0, (height - 1) / 2.0)
    matrix = np.asarray(cv2.getRotationMatrix2D(center, degrees, 1.0), np.float64)
    cosine, sine = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = (math.ceil(height * sine + width * cosine), math.ceil(height * cosine + width * sine))
    matrix[:, 2] += (np.array(size) - (width, height)) / 2.0
    border = cv2.BORDER_REPLICATE if outside is None else cv2.BORDER_CONSTANT
    canvas = cv2.warpAffine(
        image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=border, borderValue=[outside or 0] * 3
    )
    return np.asarray(canvas, np.uint8), np.asarray(cv2.invertAffineTransform(matrix), np.float64)


def unturned(detection: Detection, matrix: NDArray[np.float64], degrees: float) -> Detection:
    """A detection of the canvas of ``turned`` in the image itself; matrix: the map back."""
    x, y = matrix[:, :2] @ np.array(detection.center) + matrix[:, 2]
    return Detection((float(x), float(y)), detection.side, math.radians(degrees), detection.confidence)


def joined(found: list[Detection], more: list[Detection]) -> list[Detection]:
    """What was found, and what a closer search found elsewhere."""
    return found + [d for d in without_overlaps(more) if not any(contains(o, d) for o in found)]


def without_overlaps(detections: list[Detection]) -> list[Detection]:
    """The most confident of detections that overlap."""
    faces: list[Detection] = []
    for candidate in sorted(detections, key=lambda d: -d.confidence):
        if all(overlap(candidate, other) < _OVERLAP for other in faces):
            faces.append(candidate)
    return faces


def contains(outer: Detection, inner: Detection, share: float = 0.6) -> bool:
    """Whether the centre of ``inner`` lies within a ``share`` of the side from the centre of ``outer``."""
    return all(abs(a - b) < share * outer.side for a, b in zip(outer.center, inner.center, strict=True))


def overlap(a: Detection, b: Detection) -> float:
    """Intersection over union."""
    sides = []
    for axis in (0, 1):
        low = max(a.center[axis] - a.side / 2.0, b.center[axis] - b.side / 2.0)
        high = min(a.center[axis] + a.side / 2.0, b.center[axis] + b.side / 2.0)
        sides.append(max(0.0, high - low))
    both = sides[0] * sides[1]
    return both / (a.side**2 + b.side**2 - both)
