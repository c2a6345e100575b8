"""Finds the faces of a photograph and their 68 landmarks.

YuNet looks first, where it is on this machine; dlib's detectors look where it is not, or finds nothing.
``pipeline.landmark_choice`` has the rule for landmarks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.detections import box_of, is_same
from pipeline.display import Display, displays_of, plain
from pipeline.dlib_search import SEARCH_SIDE, DlibSearch
from pipeline.landmark_choice import LandmarkPlacer
from pipeline.landmarks import FOUR_BOXES, ONE_BOX, LandmarkPredictor
from pipeline.marked_face import detection_at, mark_of
from pipeline.mesh import FaceMesh
from pipeline.pixels import as_channels
from pipeline.quick_search import QuickSearch
from pipeline.reach import around_crop, whole
from pipeline.views import Detection, reduced
from pipeline.yunet import YuNet
from retouchml.progress import NEVER, Cancel, check
from retouchml.results import Box

VERSION = 5  # of the search; cached results of another version are not used


@dataclass(frozen=True)
class FaceLocation:
    """Where a face lies in a photo."""

    box: Box
    landmarks: NDArray[np.float64]  # [68, 2] photo pixels, in iBUG 300-W order


@dataclass(frozen=True)
class Search:
    """What a search found, the largest face first.

    reads: parts of the photo that were looked at in its own pixels, or will be for a retouch; the rest was
    seen in a halved copy (``pipeline.reach``)
    """

    faces: tuple[FaceLocation, ...]
    reads: tuple[Box, ...]


class FaceFinder:
    """The detectors of faces and the predictor of landmarks."""

    def __init__(
        self, predictor: Path, cnn: Path, yunet: Path | None = None, mesh: FaceMesh | None = None
    ) -> None:
        """predictor, cnn: dlib's files; yunet, mesh: None where these were not fetched.

        dlib's CNN detector is loaded by the first search that needs it. Raises ModelCorrupt if the file of
        the predictor or YuNet's is damaged.
        """
        self._dlib = DlibSearch(cnn)
        self._predictor = LandmarkPredictor(predictor)
        self._landmarks = LandmarkPlacer(self._predictor, mesh)
        self._quick = None if yunet is None else QuickSearch(YuNet(yunet), self._dlib)

    @property
    def identity(self) -> str:
        """What the results of a search depend on, beside the photo."""
        landmarks = "mesh" if self._landmarks.has_mesh else "dlib"
        return f"{VERSION}/{'dlib' if self._quick is None else 'yunet'}/{landmarks}"

    def find(
        self, pixels: NDArray[np.generic], cancel: Cancel = NEVER, *, icc: bytes = b""
    ) -> list[FaceLocation]:
        """The faces in a photo [H, W, C] of any depth, largest first. Raises ModelCorrupt, Cancelled.

        icc: the photo's colour profile, b"" for sRGB
        """
        return list(self.search(pixels, cancel, icc=icc).faces)

    def search(self, pixels: NDArray[np.generic], cancel: Cancel = NEVER, *, icc: bytes = b"") -> Search:
        """As ``find``, and which parts of the photo had to be seen for it."""
        pixels = as_channels(pixels)
        displays = displays_of(pixels, icc)
        for display in displays:
            faces, reads = self._find(pixels, display, cancel)
            if faces:
                break
        if not faces or displays != (plain,):  # where white lies depends on all pixels
            reads = (whole(pixels),)
        faces.sort(key=lambda face: -face.box[2] * face.box[3])
        return Search(tuple(faces), (*reads, *(around_crop(face.landmarks, pixels) for face in faces)))

    def _find(
        self, pixels: NDArray[np.generic], display: Display, cancel: Cancel
    ) -> tuple[list[FaceLocation], tuple[Box, ...]]:
        detections, reads = self._quick.search(pixels, display, cancel) if self._quick else ([], ())
        shifts = FOUR_BOXES if detections else ONE_BOX
        if not detections:
            detections, reads = self._dlib.find(pixels, display, cancel), (whole(pixels),)
        faces = []
        for detection in detections:
            check(cancel)
            landmarks = self._landmarks.place(pixels, detection, display, shifts)
            faces.append(FaceLocation(box_of(detection), landmarks))
        return faces, reads

    def at(
        self,
        pixels: NDArray[np.generic],
        box: Box,
        known: Sequence[FaceLocation] = (),
        *,
        icc: bytes = b"",
    ) -> FaceLocation | None:
        """The face at a place of a photo [H, W, C] that the user marked; None if it is a known one.

        icc: as in ``find``. Raises UsageError for a place outside the photo, or too small.
        """
        pixels = as_channels(pixels)
        mark = mark_of(box, pixels.shape[1], pixels.shape[0])
        display = displays_of(pixels, icc)[0]
        looks = [self._quick.in_view] if self._quick else []
        detection = detection_at(pixels, mark, display, [*looks, self._dlib.in_view])
        if any(is_same(detection, face.box) for face in known):
            return None
        landmarks = self._landmarks.place(pixels, detection, display, FOUR_BOXES)
        return FaceLocation(box_of(detection), landmarks)

    def landmarks(
        self, pixels: NDArray[np.generic], detection: Detection, display: Display = plain
    ) -> NDArray[np.float64]:
        """Landmarks [68, 2] in photo pixels of a face in a photo [H, W, C]."""
        return self._landmarks.place(pixels, detection, display, ONE_BOX)

    def landmarks_in_crop(self, crop: NDArray[np.float32]) -> NDArray[np.float64]:
        """dlib's landmarks [68, 2] in pixels of an FFHQ crop [S, S, 3] in [0, 1], where the box is known."""
        return self._predictor.place_in_crop(crop)

    def landmarks_in_crops(self, *crops: NDArray[np.float32]) -> list[NDArray[np.float64]]:
        """As ``landmarks_in_crop`` of crops of one face, or the mesh's where dlib has lost it."""
        return self._landmarks.place_in_crops(crops)

    def shows_face(self, crop: NDArray[np.float32]) -> bool:
        """Whether the HOG detector is sure of an upright face in a crop [S, S, 3] in [0, 1]."""
        image, _ = reduced(crop, SEARCH_SIDE)
        return self._dlib.is_sure(image)
