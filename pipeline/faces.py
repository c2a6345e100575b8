"""Finds faces and their 68 landmarks with dlib.

A photograph is searched at reduced size: by the HOG detector, by the slower convolutional one if HOG finds
nothing, then turned in steps. Landmarks are placed at the face's own scale; those of a tilted face once more
on an upright copy, since the predictor was trained on upright faces.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import dlib
import numpy as np
from numpy.typing import NDArray

from pipeline.cnn_search import Search
from pipeline.display import Display, displays_of, plain
from pipeline.pixels import as_channels
from pipeline.views import Detection, reduced, rotation_of, view_of
from retouchml.errors import ModelCorrupt
from retouchml.progress import NEVER, Cancel, check
from retouchml.results import Box

VERSION = 2  # of the search; cached results of another version are not used
SEARCH_SIDE = 1600  # pixels; longest side of the copy that every detector searches
CLOSER_SIDE = 3200  # pixels; longest side of the copy that HOG searches for small upright faces
# pixels; parts of a panorama, which overlap by the smallest face that HOG finds in a reduced copy of 30,000
TILE_SIDE, TILE_OVERLAP = 3072, 832
# the sheet on which the CNN looks at faces of a panorama: cells in a row, pixels of a cell and of its face
_CELLS, _CELL, _CELL_FACE = 3, 320, 130.0
_SMALL_SIDE = 900  # photos below this are doubled at once, so that faces of 40 px are found
_SMALLEST_SIDE = 32  # no face fits in less, and dlib's CNN writes past its memory on a few pixels
_CNN_SIDE = 1000
_TURNS = (30.0, -30.0, 60.0, -60.0, 90.0, -90.0, 120.0, -120.0, 150.0, -150.0, 180.0)  # degrees clockwise
_LANDMARK_SIDE = 400.0  # pixels of a face box when its landmarks are placed
_TILT = math.radians(12.0)
_OVERLAP = 0.35  # intersection over union above which two boxes are one face
# HOG confidence above which a detection is not checked, and below which a checked one is dropped
_CERTAIN, _DOUBTFUL = 0.4, 0.15
_UPRIGHT_BONUS = 0.1  # faces stand upright more often than not
_UPRIGHT_SIDE = 120.0  # pixels of a face box when its upright direction is searched


@dataclass(frozen=True)
class FaceLocation:
    """Where a face lies in a photo."""

    box: Box
    landmarks: NDArray[np.float64]  # [68, 2] photo pixels, in iBUG 300-W order


class FaceFinder:
    """dlib's face detectors and its landmark predictor."""

    def __init__(self, predictor: Path, cnn: Path) -> None:
        """Load the predictor of landmarks; the CNN detector is loaded by the first search that needs it.

        Raises ModelCorrupt if the file of the predictor is damaged.
        """
        self._hog = dlib.get_frontal_face_detector()
        self._predictor = _load(dlib.shape_predictor, predictor)
        self._cnn = cnn

    def find(
        self, pixels: NDArray[np.generic], cancel: Cancel = NEVER, *, icc: bytes = b""
    ) -> list[FaceLocation]:
        """The faces in a photo [H, W, C] of any depth, largest first. Raises ModelCorrupt, Cancelled.

        icc: the photo's colour profile, b"" for sRGB
        """
        pixels = as_channels(pixels)
        for display in displays_of(pixels, icc):
            faces = self._find(pixels, display, cancel)
            if faces:
                return sorted(faces, key=lambda face: -face.box[2] * face.box[3])
        return []

    def _find(self, pixels: NDArray[np.generic], display: Display, cancel: Cancel) -> list[FaceLocation]:
        small, scale = reduced(pixels, SEARCH_SIDE, display)
        detections = [_placed(d, scale) for d in self._detect(small, cancel)]
        if max(small.shape[:2]) >= _SMALL_SIDE and min(small.shape[:2]) >= _SMALLEST_SIDE:
            # The first search misses small faces of a group; this one costs four times as much.
            closer, scale = _closer(pixels, display)
            detections = _joined(detections, [_placed(d, scale) for d in self._by_hog(closer, cancel)])
        if is_panorama(pixels):
            detections = _joined(detections, self._in_tiles(pixels, display, cancel))
        faces = []
        for detection in detections:
            check(cancel)
            faces.append(FaceLocation(_box(detection), self.landmarks(pixels, detection, display)))
        return faces

    def _in_tiles(self, pixels: NDArray[np.generic], display: Display, cancel: Cancel) -> list[Detection]:
        """Faces of a panorama, at its own scale: reduced as a whole, they would be too small."""
        detections = []
        for tile in tiles_of(*pixels.shape[:2]):
            image = display(np.ascontiguousarray(pixels[tile]))
            top, left = tile[0].start, tile[1].start
            for detection in self._by_hog(image, cancel):
                if detection.confidence > _CERTAIN:
                    x, y = detection.center
                    detections.append(replace(detection, center=(x + left, y + top)))
        return self._confirmed(pixels, _without_overlaps(detections), display, cancel)

    def _confirmed(
        self, pixels: NDArray[np.generic], detections: list[Detection], display: Display, cancel: Cancel
    ) -> list[Detection]:
        """Those that the CNN finds, too, on sheets of several: a panorama has much that is like a face."""
        found = []
        for start in range(0, len(detections), _CELLS * _CELLS):
            group = detections[start : start + _CELLS * _CELLS]
            sheet = np.zeros((_CELLS * _CELL, _CELLS * _CELL, 3), np.uint8)
            centers = []
            for index, detection in enumerate(group):
                top, left = index // _CELLS * _CELL, index % _CELLS * _CELL
                matrix = rotation_of(detection, detection.side / _CELL_FACE, _CELL)
                sheet[top : top + _CELL, left : left + _CELL] = view_of(pixels, matrix, _CELL, display)
                centers.append((left + _CELL / 2.0, top + _CELL / 2.0))
            faces = list(self._by_cnn(sheet, cancel))
            for detection, center in zip(group, centers, strict=True):
                if any(math.dist(face.center, center) < _CELL_FACE / 2.0 for face in faces):
                    found.append(detection)
        return found

    def landmarks(
        self, pixels: NDArray[np.generic], detection: Detection, display: Display = plain
    ) -> NDArray[np.float64]:
        """Landmarks [68, 2] in photo pixels of a face in a photo [H, W, C]."""
        points = self._landmarks_in_frame(pixels, detection, display)
        tilt = _eye_angle(points)
        if abs(_wrapped(tilt - detection.angle)) > _TILT:
            turned = Detection(detection.center, detection.side, tilt, detection.confidence)
            points = self._landmarks_in_frame(pixels, turned, display)
        return points

    def landmarks_in_crop(self, crop: NDArray[np.float32]) -> NDArray[np.float64]:
        """Landmarks [68, 2] in pixels of an FFHQ crop [S, S, 3] in [0, 1], where the box is known."""
        size = crop.shape[0]
        detection = Detection((0.5 * size, 0.615 * size), 0.565 * size, 0.0, 1.0)
        return self._landmarks_in_frame(crop, detection)

    def shows_face(self, crop: NDArray[np.float32]) -> bool:
        """Whether the HOG detector is sure of an upright face in a crop [S, S, 3] in [0, 1]."""
        image, _ = reduced(crop, SEARCH_SIDE)
        return len(self._hog.run(image, 1, _CERTAIN)[0]) > 0

    def _landmarks_in_frame(
        self, pixels: NDArray[np.generic], detection: Detection, display: Display = plain
    ) -> NDArray[np.float64]:
        frame = int(2.0 * _LANDMARK_SIDE)
        step = detection.side / _LANDMARK_SIDE  # photo pixels per frame pixel
        matrix = rotation_of(detection, step, frame)
        view = view_of(pixels, matrix, frame, display)
        low, high = round(0.5 * _LANDMARK_SIDE), round(1.5 * _LANDMARK_SIDE)
        shape = self._predictor(view, dlib.rectangle(low, low, high, high))
        points = np.array([(p.x, p.y) for p in shape.parts()], np.float64)
        return np.asarray(points @ matrix[:, :2].T + matrix[:, 2])

    def _detect(self, image: NDArray[np.uint8], cancel: Cancel) -> list[Detection]:
        if min(image.shape[:2]) < _SMALLEST_SIDE:
            return []
        for search in (self._by_hog(image, cancel), self._by_cnn(image, cancel)):
            detections = _without_overlaps(list(search))
            if detections:
                return detections
        for degrees in _TURNS:
            small, scale = reduced(image, _CNN_SIDE)
            turned, matrix = _turned(small, degrees)
            detections = [_unturned(d, matrix, degrees) for d in self._by_hog(turned, cancel)]
            if detections:
                return _without_overlaps([_placed(d, scale) for d in detections])
        return []

    def _by_hog(self, image: NDArray[np.uint8], cancel: Cancel) -> Iterator[Detection]:
        check(cancel)
        doublings = 1 if max(image.shape[:2]) < _SMALL_SIDE else 0
        rects, scores, _ = self._hog.run(image, doublings, 0.0)
        for rect, score in zip(rects, scores, strict=True):
            detection = _from_rect(rect, float(score))
            if score < _CERTAIN:
                detection = self._upright(image, detection)
            # An unsure detection of a turned face is more often a mistake; the CNN decides.
            if detection.confidence > (_DOUBTFUL if detection.angle == 0.0 else _CERTAIN):
                yield detection

    def _by_cnn(self, image: NDArray[np.uint8], cancel: Cancel) -> Iterator[Detection]:
        check(cancel)
        small, scale = reduced(image, _CNN_SIDE)
        if min(small.shape[:2]) < _SMALLEST_SIDE:
            return
        with Search(self._cnn, small, 1 if max(small.shape[:2]) < _SMALL_SIDE // 2 else 0) as search:
            while not search.wait():
                check(cancel)
            try:
                rectangles = search.faces
            except ValueError as error:
                raise _damaged(self._cnn) from error
        for left, top, right, bottom, confidence in rectangles:
            width, height = right - left + 1.0, bottom - top + 1.0
            center = ((left + right) / 2.0, (top + bottom) / 2.0)
            detection = _placed(Detection(center, (width + height) / 2.0, 0.0, confidence), scale)
            yield replace(detection, angle=self._upright(image, detection).angle)

    def _upright(self, image: NDArray[np.uint8], detection: Detection) -> Detection:
        """The detection with the angle at which the HOG detector is most confident, and that confidence.

        The detector knows upright faces only.
        """
        frame = int(2.5 * _UPRIGHT_SIDE)
        best = replace(detection, confidence=0.0)
        for degrees in (0.0, *_TURNS):
            turned = replace(detection, angle=math.radians(degrees))
            view = view_of(image, rotation_of(turned, detection.side / _UPRIGHT_SIDE, frame), frame)
            _, scores, _ = self._hog.run(view, 0, 0.0)
            confidence = max(scores, default=0.0) - (_UPRIGHT_BONUS if degrees else 0.0)
            if confidence > best.confidence:
                best = replace(turned, confidence=float(confidence))
        return best


def _load(kind: Callable[[str], Any], path: Path) -> Any:
    try:
        return kind(str(path))
    except RuntimeError as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> ModelCorrupt:
    return ModelCorrupt(f"{path.name} does not load.", "Fetch it again: retouchml models fetch dlib-faces.")


def is_panorama(pixels: NDArray[np.generic]) -> bool:
    """Whether a photo [H, W, C] is so long that its reduced copy has only a fraction of the usual pixels."""
    short, long = sorted(pixels.shape[:2])
    return bool(long > 2 * CLOSER_SIDE and long >= 2 * short and short >= _SMALLEST_SIDE)


def tiles_of(height: int, width: int) -> Iterator[tuple[slice, slice]]:
    """Parts of a panorama that overlap, so that a face too small for the reduced copy lies whole in one."""
    for top in _starts(height):
        for left in _starts(width):
            yield slice(top, min(top + TILE_SIDE, height)), slice(left, min(left + TILE_SIDE, width))


def _starts(length: int) -> range:
    step = TILE_SIDE - TILE_OVERLAP
    return range(0, max(1, length - TILE_OVERLAP), step)


def _closer(pixels: NDArray[np.generic], display: Display) -> tuple[NDArray[np.uint8], float]:
    """As ``reduced`` to CLOSER_SIDE, but enlarges a smaller photo, to twice its size at most."""
    factor = min(2.0, CLOSER_SIDE / max(pixels.shape[:2]))
    if factor <= 1.0:
        return reduced(pixels, CLOSER_SIDE, display)
    whole = display(pixels)
    larger = cv2.resize(whole, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
    return np.asarray(larger, np.uint8), 1.0 / factor


def _from_rect(rect: "dlib.rectangle", confidence: float) -> Detection:
    center = rect.dcenter()
    return Detection((center.x, center.y), float(rect.width() + rect.height()) / 2.0, 0.0, confidence)


def _placed(detection: Detection, scale: float) -> Detection:
    """The detection in photo pixels, of which one of the searched copy has ``scale``."""
    x, y = ((c + 0.5) * scale - 0.5 for c in detection.center)
    return Detection((x, y), detection.side * scale, detection.angle, detection.confidence)


def _box(detection: Detection) -> Box:
    side = round(detection.side)
    x, y = detection.center
    return round(x - side / 2.0), round(y - side / 2.0), side, side


def _eye_angle(landmarks: NDArray[np.float64]) -> float:
    dx, dy = landmarks[42:48].mean(0) - landmarks[36:42].mean(0)
    return math.atan2(dy, dx)


def _wrapped(angle: float) -> float:
    return (angle + math.pi) % (2.0 * math.pi) - math.pi


def _turned(image: NDArray[np.uint8], degrees: float) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The whole image turned counter-clockwise on a larger canvas, and the map back from there."""
    height, width = image.shape[:2]
    center = ((width - 1) / 2.0, (height - 1) / 2.0)
    matrix = np.asarray(cv2.getRotationMatrix2D(center, degrees, 1.0), np.float64)
    cosine, sine = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = (math.ceil(height * sine + width * cosine), math.ceil(height * cosine + width * sine))
    matrix[:, 2] += (np.array(size) - (width, height)) / 2.0
    turned = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned, np.uint8), np.asarray(cv2.invertAffineTransform(matrix), np.float64)


def _unturned(detection: Detection, matrix: NDArray[np.float64], degrees: float) -> Detection:
    x, y = matrix[:, :2] @ np.array(detection.center) + matrix[:, 2]
    return Detection((float(x), float(y)), detection.side, math.radians(degrees), detection.confidence)


def _joined(found: list[Detection], more: list[Detection]) -> list[Detection]:
    """What was found, and what a closer search found elsewhere."""
    return found + [d for d in _without_overlaps(more) if not any(_contains(o, d) for o in found)]


def _without_overlaps(detections: list[Detection]) -> list[Detection]:
    """The most confident of detections that overlap."""
    faces: list[Detection] = []
    for candidate in sorted(detections, key=lambda d: -d.confidence):
        if all(_overlap(candidate, other) < _OVERLAP for other in faces):
            faces.append(candidate)
    return faces


def _contains(outer: Detection, inner: Detection) -> bool:
    """Whether the centre of ``inner`` lies well within ``outer``."""
    return all(abs(a - b) < 0.6 * outer.side for a, b in zip(outer.center, inner.center, strict=True))


def _overlap(a: Detection, b: Detection) -> float:
    """Intersection over union."""
    sides = []
    for axis in (0, 1):
        low = max(a.center[axis] - a.side / 2.0, b.center[axis] - b.side / 2.0)
        high = min(a.center[axis] + a.side / 2.0, b.center[axis] + b.side / 2.0)
        sides.append(max(0.0, high - low))
    both = sides[0] * sides[1]
    return both / (a.side**2 + b.side**2 - both)
