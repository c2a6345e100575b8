"""The first look for faces: YuNet at several sizes and turns, then closely at each face that it saw.

A large copy shows the small faces of a group, a small one the faces that fill the frame. Grey is laid around
them, since a face that the frame cuts is found more often if the frame is not where the image ends. Turned
copies show the faces of people who lie or stand on their heads. The closer look is at the scale that YuNet
knows best; where it is unsure there, dlib's HOG detector decides.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.detections import contains, moved, overlap, placed, turned, unturned, without_overlaps
from pipeline.display import Display
from pipeline.dlib_search import DOUBTFUL, DlibSearch
from pipeline.panorama import SMALLEST_SIDE, is_panorama, tiles_of
from pipeline.reach import around, halved, whole
from pipeline.views import Detection, reduced, rotation_of, view_of
from pipeline.yunet import LARGEST_FACE, YuNet
from retouchml.progress import Cancel, check
from retouchml.results import Box

_GREY = 120
_LARGE_SIDE = 1280  # pixels; longest side of the largest copy
_LEAST = 0.6  # confidence of what is looked at closely
_LEAST_TURNED = 0.8  # the same in a turned copy, where more is like a face
_SURE_FIRST, _SURE = 0.7, 0.8  # confidences of the first and of the closer look that need no other
_FRAME, _FACE = 256, 104.0  # pixels of the closer look, and of the square of dlib's kind in it
_SAME = 0.35  # intersection over union of a square with what the closer look sees there
_NESTED = 0.4  # of a face's side; a box whose centre is so near to its centre is a part of it
# Where HOG sees the face as well, the square is the mean of both, if they are alike: that much in size
# (logarithm) and in place (sides).
_ALIKE_SIZE, _ALIKE_PLACE = 0.3, 0.3


@dataclass(frozen=True)
class _Look:
    """A copy of the photo that is searched."""

    side: int  # pixels, the longest
    margin: float  # grey around it, of the longest side
    turn: float = 0.0  # degrees that a face is turned clockwise which stands upright in the copy


_UPRIGHT_LOOKS = (_Look(_LARGE_SIDE, 0.0), _Look(400, 0.15), _Look(160, 0.3))
_TURNED_LOOKS = tuple(_Look(224, 0.1, turn) for turn in (60.0, -60.0, 120.0, -120.0, 180.0))


class QuickSearch:
    """Finds faces with YuNet, and asks dlib's HOG detector about doubtful ones."""

    def __init__(self, network: YuNet, second: DlibSearch) -> None:
        self._network = network
        self._second = second

    def find(self, pixels: NDArray[np.generic], display: Display, cancel: Cancel) -> list[Detection]:
        """The faces of a photo [H, W, C], as squares of dlib's kind. Raises Cancelled."""
        return self.search(pixels, display, cancel)[0]

    def search(
        self, pixels: NDArray[np.generic], display: Display, cancel: Cancel
    ) -> tuple[list[Detection], tuple[Box, ...]]:
        """As ``find``, and the parts of the photo whose own pixels decided."""
        if min(pixels.shape[:2]) < SMALLEST_SIDE:
            return [], (whole(pixels),)
        candidates = self._candidates(pixels, display, cancel)
        reads: tuple[Box, ...] = ()
        if is_panorama(pixels):
            reads = (whole(pixels),)
            for rows, columns in tiles_of(*pixels.shape[:2]):
                part = np.ascontiguousarray(pixels[rows, columns])
                image, scale = reduced(part, _LARGE_SIDE, display)
                for detection in self._seen(image, _UPRIGHT_LOOKS[0], cancel):
                    candidates.append(moved(placed(detection, scale), columns.start, rows.start))
        found: list[Detection] = []
        for candidate in sorted(without_overlaps(candidates), key=lambda d: -d.side):
            check(cancel)
            reads += (around(candidate, pixels),)
            if not any(contains(face, candidate, _NESTED) for face in found):
                face = self._confirmed(pixels, candidate, display)
                found += [face] if face is not None else []
        return without_overlaps(found), reads

    def in_view(self, view: NDArray[np.uint8]) -> list[Detection]:
        """Upright faces in a small image [H, W, 3], however unsure."""
        return [face.detection for face in self._network.look(view, _LEAST / 2.0)]

    def _candidates(self, pixels: NDArray[np.generic], display: Display, cancel: Cancel) -> list[Detection]:
        # halved first, as a client on a slow network does, which then need not send all pixels
        small, times = halved(pixels, _LARGE_SIDE)
        large, scale = reduced(small, _LARGE_SIDE, display)
        scale *= times
        candidates = []
        for look in (*_UPRIGHT_LOOKS, *_TURNED_LOOKS):
            image, again = reduced(large, look.side)
            for detection in self._seen(image, look, cancel):
                candidates.append(placed(placed(detection, again), scale))
        return candidates

    def _seen(self, image: NDArray[np.uint8], look: _Look, cancel: Cancel) -> list[Detection]:
        """What YuNet sees in a copy that was reduced for a look, in pixels of it."""
        check(cancel)
        margin = round(look.margin * max(image.shape[:2]))
        if margin:
            image = np.pad(image, ((margin, margin), (margin, margin), (0, 0)), constant_values=_GREY)
        matrix = np.eye(2, 3)
        if look.turn:
            image, matrix = turned(image, look.turn, _GREY)
        faces = self._network.look(image, _LEAST_TURNED if look.turn else _LEAST)
        known = [face.detection for face in faces if max(face.box[2:]) <= LARGEST_FACE]
        return [moved(unturned(each, matrix, look.turn), -margin, -margin) for each in known]

    def _confirmed(
        self, pixels: NDArray[np.generic], candidate: Detection, display: Display
    ) -> Detection | None:
        """The candidate as the closer look sees it; None if that sees no face."""
        step = candidate.side / _FACE
        matrix = rotation_of(candidate, step, _FRAME)
        view = view_of(pixels, matrix, _FRAME, display, outside=_GREY)
        expected = Detection((_FRAME / 2.0, _FRAME / 2.0), _FACE, 0.0, 0.0)
        seen = [face.detection for face in self._network.look(view, _LEAST / 2.0)]
        seen = [face for face in seen if overlap(face, expected) > _SAME]
        also = [face for face in self._second.in_view(view) if contains(expected, face, _NESTED)]
        first = max(seen, key=lambda face: face.confidence, default=None)
        second = max(also, key=lambda face: face.confidence, default=None)
        if second is not None and second.confidence <= DOUBTFUL:
            second = None
        # YuNet takes an upright face in a turned copy for one that is turned the other way; HOG does not
        is_upright = candidate.angle == 0.0 and candidate.confidence >= _SURE_FIRST
        is_sure = is_upright and first is not None and first.confidence >= _SURE
        if first is None or not (is_sure or second is not None):
            return None
        square = _mean(first, second) if second is not None else first
        x, y = matrix[:, :2] @ np.array(square.center) + matrix[:, 2]
        return replace(candidate, center=(float(x), float(y)), side=square.side * step)


def _mean(first: Detection, second: Detection) -> Detection:
    """The mean of two squares, or the second, which is dlib's, if they are unlike."""
    apart = math.dist(first.center, second.center) / second.side
    if abs(math.log(first.side / second.side)) > _ALIKE_SIZE or apart > _ALIKE_PLACE:
        return second
    x, y = ((a + b) / 2.0 for a, b in zip(first.center, second.center, strict=True))
    return replace(first, center=(x, y), side=(first.side + second.side) / 2.0)
