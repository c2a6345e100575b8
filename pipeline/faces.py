"""Finds faces and their 68 landmarks with dlib.

A photograph is searched at reduced size, by the HOG detector first and the slower convolutional one when it
finds nothing, upright and then turned; landmarks are placed at the face's own scale, and again on an upright
copy where a face is tilted, since the predictor was trained on upright ones.
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
from pipeline.pixels import as_channels, to_float_rgb
from retouchml.errors import ModelCorrupt
from retouchml.progress import NEVER, Cancel, check

VERSION = 1  # of the search; a change makes kept results useless
SEARCH_SIDE = 1600  # pixels; longest side that is searched with every means
CLOSER_SIDE = 3200  # pixels; longest side that is searched once more, for small upright faces
_SMALL_SIDE = 900  # photos below this are doubled at once, so that faces of 40 px are found
_SMALLEST_SIDE = 32  # no face fits in less, and dlib's CNN writes past its memory on a few pixels
_CNN_SIDE = 1000
_TURNS = (30.0, -30.0, 60.0, -60.0, 90.0, -90.0, 120.0, -120.0, 150.0, -150.0, 180.0)  # degrees clockwise
_LANDMARK_SIDE = 400.0  # pixels of a face box when its landmarks are placed
_TILT = math.radians(12.0)
_OVERLAP = 0.35  # intersection over union above which two boxes are one face
# HOG confidence that needs no second look, and that is not believed after one
_CERTAIN, _DOUBTFUL = 0.4, 0.15
_UPRIGHT_BONUS = 0.1  # faces stand upright more often than not
_UPRIGHT_SIDE = 120.0  # pixels of a face box when its upright direction is looked for


@dataclass(frozen=True)
class Detection:
    """A face box in photo pixels, perhaps turned.

    center: (x, y); side: pixels; angle: radians that the face is turned clockwise; confidence: the
    detector's, higher is better
    """

    center: tuple[float, float]
    side: float
    angle: float
    confidence: float


@dataclass(frozen=True)
class FoundFace:
    """box: (x, y, width, height) whole photo pixels; landmarks: [68, 2] photo pixels, iBUG order."""

    box: tuple[int, int, int, int]
    landmarks: NDArray[np.float64]
    confidence: float


class FaceFinder:
    """dlib's detectors and its landmark predictor, loaded when first needed."""

    def __init__(self, predictor: Path, cnn: Path) -> None:
        """Raises ModelCorrupt where a file is damaged; that of the CNN detector is read when it is needed."""
        self._hog = dlib.get_frontal_face_detector()
        self._predictor = _load(dlib.shape_predictor, predictor)
        self._cnn = cnn

    def find(self, pixels: NDArray[np.generic], cancel: Cancel = NEVER) -> list[FoundFace]:
        """Faces in a photo [H, W, C] of any depth, largest first."""
        pixels = as_channels(pixels)
        small, scale = reduced(pixels, SEARCH_SIDE)
        found = [_placed(d, scale) for d in self._detect(small, cancel)]
        if max(small.shape[:2]) >= _SMALL_SIDE and min(small.shape[:2]) >= _SMALLEST_SIDE:
            # Small faces of a group photograph are lost in the first look; a second costs four times as much.
            closer, scale = _closer(pixels)
            others = [_placed(d, scale) for d in self._by_hog(closer, cancel)]
            found += [d for d in _without_overlaps(others) if not any(_holds(f, d) for f in found)]
        faces = []
        for detection in found:
            check(cancel)
            landmarks = self.landmarks(pixels, detection)
            faces.append(FoundFace(_box(detection), landmarks, detection.confidence))
        return sorted(faces, key=lambda face: -face.box[2] * face.box[3])

    def landmarks(self, pixels: NDArray[np.generic], detection: Detection) -> NDArray[np.float64]:
        """68 landmarks [68, 2] in photo pixels of a face in a photo [H, W, C]."""
        points = self._landmarks_in_frame(pixels, detection)
        tilt = _eye_angle(points)
        if abs(_wrapped(tilt - detection.angle)) > _TILT:
            turned = Detection(detection.center, detection.side, tilt, detection.confidence)
            points = self._landmarks_in_frame(pixels, turned)
        return points

    def landmarks_in_crop(self, crop: NDArray[np.float32]) -> NDArray[np.float64]:
        """Landmarks [68, 2] in pixels of an FFHQ crop [S, S, 3] in [0, 1], where the box is known."""
        size = crop.shape[0]
        detection = Detection((0.5 * size, 0.615 * size), 0.565 * size, 0.0, 1.0)
        return self._landmarks_in_frame(crop, detection)

    def shows_face(self, crop: NDArray[np.float32]) -> bool:
        """Whether an upright face is seen at once in a crop [S, S, 3] in [0, 1]; no second look is taken."""
        image, _ = reduced(crop, SEARCH_SIDE)
        return len(self._hog.run(image, 1, _CERTAIN)[0]) > 0

    def _landmarks_in_frame(self, pixels: NDArray[np.generic], detection: Detection) -> NDArray[np.float64]:
        frame = int(2.0 * _LANDMARK_SIDE)
        step = detection.side / _LANDMARK_SIDE  # photo pixels per frame pixel
        matrix = _rotation(detection, step, frame)
        view = _view(pixels, matrix, frame)
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
            # A turned face that the HOG detector is not sure of is more often a mistake; the CNN knows.
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
                found = search.found
            except ValueError as error:
                raise _damaged(self._cnn) from error
        for each in found:
            width, height = each.right - each.left + 1.0, each.bottom - each.top + 1.0
            center = ((each.left + each.right) / 2.0, (each.top + each.bottom) / 2.0)
            detection = _placed(Detection(center, (width + height) / 2.0, 0.0, each.confidence), scale)
            yield replace(detection, angle=self._upright(image, detection).angle)

    def _upright(self, image: NDArray[np.uint8], detection: Detection) -> Detection:
        """The detection turned to where the HOG detector is most certain, and how certain it is there.

        The detector knows upright faces only.
        """
        frame = int(2.5 * _UPRIGHT_SIDE)
        best = replace(detection, confidence=0.0)
        for degrees in (0.0, *_TURNS):
            turned = replace(detection, angle=math.radians(degrees))
            view = _view(image, _rotation(turned, detection.side / _UPRIGHT_SIDE, frame), frame)
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


def reduced(pixels: NDArray[np.generic], side: int) -> tuple[NDArray[np.uint8], float]:
    """An 8-bit RGB copy [h, w, 3] no longer than ``side``, and how many photo pixels one of its pixels is."""
    height, width = pixels.shape[:2]
    scale = max(1.0, max(height, width) / side)
    if scale > 1.0:
        size = (max(1, round(width / scale)), max(1, round(height / scale)))
        pixels = as_channels(cv2.resize(np.ascontiguousarray(pixels), size, interpolation=cv2.INTER_AREA))
    return _as_bytes(pixels), scale


def _closer(pixels: NDArray[np.generic]) -> tuple[NDArray[np.uint8], float]:
    """As ``reduced`` to CLOSER_SIDE, but a smaller photo is enlarged, to twice its size at most."""
    factor = min(2.0, CLOSER_SIDE / max(pixels.shape[:2]))
    if factor <= 1.0:
        return reduced(pixels, CLOSER_SIDE)
    whole = _as_bytes(pixels)
    larger = cv2.resize(whole, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
    return np.asarray(larger, np.uint8), 1.0 / factor


def _as_bytes(pixels: NDArray[np.generic]) -> NDArray[np.uint8]:
    if pixels.ndim == 3 and pixels.dtype == np.uint8 and pixels.shape[2] == 3:
        return np.ascontiguousarray(pixels, np.uint8)
    values = to_float_rgb(as_channels(pixels))
    return np.asarray(np.rint(np.clip(values, 0.0, 1.0) * 255.0), np.uint8)


def _from_rect(rect: "dlib.rectangle", confidence: float) -> Detection:
    center = rect.dcenter()
    return Detection((center.x, center.y), float(rect.width() + rect.height()) / 2.0, 0.0, confidence)


def _placed(detection: Detection, scale: float) -> Detection:
    x, y = ((c + 0.5) * scale - 0.5 for c in detection.center)
    return Detection((x, y), detection.side * scale, detection.angle, detection.confidence)


def _box(detection: Detection) -> tuple[int, int, int, int]:
    side = round(detection.side)
    x, y = detection.center
    return round(x - side / 2.0), round(y - side / 2.0), side, side


def _rotation(detection: Detection, step: float, frame: int) -> NDArray[np.float64]:
    """[2, 3] map from a frame centred on the face and turned with it to the photo."""
    cosine, sine = step * math.cos(detection.angle), step * math.sin(detection.angle)
    linear = np.array([[cosine, -sine], [sine, cosine]])
    offset = np.array(detection.center) - linear @ np.full(2, (frame - 1) / 2.0)
    return np.hstack([linear, offset[:, None]])


def _view(pixels: NDArray[np.generic], matrix: NDArray[np.float64], frame: int) -> NDArray[np.uint8]:
    """What a photo shows in a frame: 8-bit RGB [frame, frame, 3]."""
    image, local = _region(pixels, matrix, frame)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return _as_bytes(
        cv2.warpAffine(image, local, (frame, frame), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    )


def _region(
    pixels: NDArray[np.generic], matrix: NDArray[np.float64], frame: int
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The part of the photo that a frame covers, shrunken to about its scale, and its map into it."""
    height, width = pixels.shape[:2]
    corners = np.array([[0, 0], [frame, 0], [0, frame], [frame, frame]]) @ matrix[:, :2].T + matrix[:, 2]
    left, top = np.clip(np.floor(corners.min(0)).astype(int) - 2, 0, (width - 1, height - 1))
    right, bottom = np.clip(np.ceil(corners.max(0)).astype(int) + 3, (left + 1, top + 1), (width, height))
    region = pixels[top:bottom, left:right]
    factor = max(1, int(np.hypot(*matrix[:, 0])))
    small = (max(1, region.shape[1] // factor), max(1, region.shape[0] // factor))
    if factor > 1:
        region = as_channels(cv2.resize(np.ascontiguousarray(region), small, interpolation=cv2.INTER_AREA))
    ratio = np.array([(right - left) / small[0], (bottom - top) / small[1]]) if factor > 1 else np.ones(2)
    linear = matrix[:, :2] / ratio[:, None]
    offset = (matrix[:, 2] - (left, top) + 0.5) / ratio - 0.5
    return _as_bytes(region), np.hstack([linear, offset[:, None]])


def _eye_angle(landmarks: NDArray[np.float64]) -> float:
    dx, dy = landmarks[42:48].mean(0) - landmarks[36:42].mean(0)
    return math.atan2(dy, dx)


def _wrapped(angle: float) -> float:
    return (angle + math.pi) % (2.0 * math.pi) - math.pi


def _turned(image: NDArray[np.uint8], degrees: float) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The whole image turned counter-clockwise on a canvas that holds it, and the map from there back."""
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


def _without_overlaps(detections: list[Detection]) -> list[Detection]:
    kept: list[Detection] = []
    for candidate in sorted(detections, key=lambda d: -d.confidence):
        if all(_overlap(candidate, other) < _OVERLAP for other in kept):
            kept.append(candidate)
    return kept


def _holds(outer: Detection, inner: Detection) -> bool:
    """Whether the centre of one box lies within another."""
    return all(abs(a - b) < 0.6 * outer.side for a, b in zip(outer.center, inner.center, strict=True))


def _overlap(a: Detection, b: Detection) -> float:
    sides = []
    for axis in (0, 1):
        low = max(a.center[axis] - a.side / 2.0, b.center[axis] - b.side / 2.0)
        high = min(a.center[axis] + a.side / 2.0, b.center[axis] + b.side / 2.0)
        sides.append(max(0.0, high - low))
    both = sides[0] * sides[1]
    return both / (a.side**2 + b.side**2 - both)
