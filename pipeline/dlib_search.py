"""Looks for faces with dlib's detectors.

A photograph is searched at reduced size: by the HOG detector, by the slower convolutional one if HOG finds
nothing, then turned in steps. A larger copy is searched by HOG once more, for small faces.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import dlib
import numpy as np
from numpy.typing import NDArray

from pipeline.cnn_search import Search
from pipeline.detections import joined, moved, placed, turned, unturned, without_overlaps
from pipeline.display import Display
from pipeline.panorama import CLOSER_SIDE, SMALLEST_SIDE, is_panorama, tiles_of
from pipeline.views import Detection, reduced, rotation_of, view_of
from retouchml.errors import ModelCorrupt
from retouchml.progress import Cancel, check

SEARCH_SIDE = 1600  # pixels; longest side of the copy that every detector searches
# the sheet on which the CNN looks at faces of a panorama: cells in a row, pixels of a cell and of its face
_CELLS, _CELL, _CELL_FACE = 3, 320, 130.0
_SMALL_SIDE = 900  # photos below this are doubled at once, so that faces of 40 px are found
_CNN_SIDE = 1000
_TURNS = (30.0, -30.0, 60.0, -60.0, 90.0, -90.0, 120.0, -120.0, 150.0, -150.0, 180.0)  # degrees clockwise
# HOG confidence above which a detection is not checked, and below which a checked one is dropped
CERTAIN, DOUBTFUL = 0.4, 0.15
_UPRIGHT_BONUS = 0.1  # faces stand upright more often than not
_UPRIGHT_SIDE = 120.0  # pixels of a face box when its upright direction is searched


class DlibSearch:
    """dlib's HOG detector [Dalal and Triggs 2005] and its convolutional one [King, arXiv 1502.00046]."""

    def __init__(self, cnn: Path) -> None:
        """cnn: the convolutional detector's file, which the first search that needs it loads."""
        self._cnn = cnn

    @cached_property
    def _hog(self) -> Any:
        """The HOG detector, made by the first search that needs it: that takes half a second."""
        return dlib.get_frontal_face_detector()

    def find(self, pixels: NDArray[np.generic], display: Display, cancel: Cancel) -> list[Detection]:
        """The faces of a photo [H, W, C]. Raises ModelCorrupt, Cancelled."""
        small, scale = reduced(pixels, SEARCH_SIDE, display)
        detections = [placed(d, scale) for d in self._detect(small, cancel)]
        if max(small.shape[:2]) >= _SMALL_SIDE and min(small.shape[:2]) >= SMALLEST_SIDE:
            # The first search misses small faces of a group; this one costs four times as much.
            closer, scale = _closer(pixels, display)
            detections = joined(detections, [placed(d, scale) for d in self._by_hog(closer, cancel)])
        if is_panorama(pixels):
            detections = joined(detections, self._in_tiles(pixels, display, cancel))
        return detections

    def is_sure(self, image: NDArray[np.uint8]) -> bool:
        """Whether the HOG detector is sure of an upright face in an image [H, W, 3]."""
        return len(self._hog.run(image, 1, CERTAIN)[0]) > 0

    def in_view(self, view: NDArray[np.uint8]) -> list[Detection]:
        """Upright faces in a small image [H, W, 3], with any confidence above 0."""
        rects, scores, _ = self._hog.run(view, 0, 0.0)
        return [_from_rect(rect, float(score)) for rect, score in zip(rects, scores, strict=True)]

    def _in_tiles(self, pixels: NDArray[np.generic], display: Display, cancel: Cancel) -> list[Detection]:
        """Faces of a panorama, at its own scale: reduced as a whole, they would be too small."""
        detections = []
        for tile in tiles_of(*pixels.shape[:2]):
            image = display(np.ascontiguousarray(pixels[tile]))
            top, left = tile[0].start, tile[1].start
            for detection in self._by_hog(image, cancel):
                if detection.confidence > CERTAIN:
                    detections.append(moved(detection, left, top))
        return self._confirmed(pixels, without_overlaps(detections), display, cancel)

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

    def _detect(self, image: NDArray[np.uint8], cancel: Cancel) -> list[Detection]:
        if min(image.shape[:2]) < SMALLEST_SIDE:
            return []
        for search in (self._by_hog(image, cancel), self._by_cnn(image, cancel)):
            detections = without_overlaps(list(search))
            if detections:
                return detections
        for degrees in _TURNS:
            small, scale = reduced(image, _CNN_SIDE)
            canvas, matrix = turned(small, degrees)
            detections = [unturned(d, matrix, degrees) for d in self._by_hog(canvas, cancel)]
            if detections:
                return without_overlaps([placed(d, scale) for d in detections])
        return []

    def _by_hog(self, image: NDArray[np.uint8], cancel: Cancel) -> Iterator[Detection]:
        check(cancel)
        doublings = 1 if max(image.shape[:2]) < _SMALL_SIDE else 0
        rects, scores, _ = self._hog.run(image, doublings, 0.0)
        for rect, score in zip(rects, scores, strict=True):
            detection = _from_rect(rect, float(score))
            if score < CERTAIN:
                detection = self._upright(image, detection)
            # An unsure detection of a turned face is more often a mistake; the CNN decides.
            if detection.confidence > (DOUBTFUL if detection.angle == 0.0 else CERTAIN):
                yield detection

    def _by_cnn(self, image: NDArray[np.uint8], cancel: Cancel) -> Iterator[Detection]:
        check(cancel)
        small, scale = reduced(image, _CNN_SIDE)
        if min(small.shape[:2]) < SMALLEST_SIDE:
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
            detection = placed(Detection(center, (width + height) / 2.0, 0.0, confidence), scale)
            yield replace(detection, angle=self._upright(image, detection).angle)

    def _upright(self, image: NDArray[np.uint8], detection: Detection) -> Detection:
        """The detection with the angle at which the HOG detector is most confident, and that confidence.

        The detector knows upright faces only.
        """
        frame = int(2.5 * _UPRIGHT_SIDE)
        best = replace(detection, confidence=0.0)
        for degrees in (0.0, *_TURNS):
            tried = replace(detection, angle=math.radians(degrees))
            view = view_of(image, rotation_of(tried, detection.side / _UPRIGHT_SIDE, frame), frame)
            _, scores, _ = self._hog.run(view, 0, 0.0)
            confidence = max(scores, default=0.0) - (_UPRIGHT_BONUS if degrees else 0.0)
            if confidence > best.confidence:
                best = replace(tried, confidence=float(confidence))
        return best


def load(kind: Callable[[str], Any], path: Path) -> Any:
    """A network of dlib from its file. Raises ModelCorrupt."""
    try:
        return kind(str(path))
    except RuntimeError as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> ModelCorrupt:
    return ModelCorrupt(f"{path.name} does not load.", "Fetch it again: retouchml models fetch dlib-faces.")


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
