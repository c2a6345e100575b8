"""Places the 68 landmarks of a detected face: dlib's where they are good, else those of the mesh.

The mesh is found from the detector's box; then dlib's predictor gets the box that belongs to the mesh, since
it depends on its box, and detectors differ. Its landmarks stay where they are good, because the generator
knows faces that were cropped by such (FFHQ). The rule, with distances in percent of the longer side of the
mesh's box:

1. If the mesh's network is not sure that it sees a face, dlib's landmarks stay.
2. If eyes, nose or mouth lie further apart on average than their bound, dlib has lost the face, and all 68
   come from the mesh.
3. Otherwise dlib's stay, but if its contour lies further from the mesh's than its bound, the contour (17 of
   the 68) comes from the mesh. The crop does not depend on it.

Brows are not compared: the mesh places those under a fringe, or painted, no better than dlib.

The bounds were set on faces that were looked at. Of 203 frontal photographs of SCUT-FBP5500, 202 keep dlib's
landmarks, and the centre of the crop moves against dlib's detector and landmarks alone by 0.05 % of its side
(median; at most 0.35 %). The 99th percentiles of the distances there are 2.7 (contour), 1.9 (nose), 1.6
(eyes) and 2.0 (mouth).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.display import Display
from pipeline.landmarks import FOUR_BOXES, LandmarkPredictor, Shifts
from pipeline.mesh import FaceMesh, Mesh, box_of_mesh, detector_box
from pipeline.mesh_landmarks import CONTOUR, landmarks_of_mesh
from pipeline.views import Detection

_LEAST_SCORE = 0.5
_NOSE, _EYES, _MOUTH = slice(27, 36), slice(36, 48), slice(48, 68)


@dataclass(frozen=True)
class Disagreement:
    """How far dlib's landmarks lie from the mesh's, in percent of the longer side of the mesh's box."""

    contour: float
    nose: float
    eyes: float
    mouth: float

    @property
    def worst(self) -> float:
        """The largest distance of eyes, nose and mouth, where 1 is the bound."""
        return max(self.nose / BOUNDS.nose, self.eyes / BOUNDS.eyes, self.mouth / BOUNDS.mouth)


BOUNDS = Disagreement(contour=3.0, nose=3.5, eyes=2.0, mouth=2.5)


class LandmarkPlacer:
    """Places the landmarks of a face."""

    def __init__(self, predictor: LandmarkPredictor, mesh: FaceMesh | None) -> None:
        """mesh: None where its model was not fetched; then dlib's predictor works alone."""
        self._predictor = predictor
        self._mesh = mesh

    @property
    def has_mesh(self) -> bool:
        """Whether landmarks can come from the mesh."""
        return self._mesh is not None

    def place(
        self, pixels: NDArray[np.generic], detection: Detection, display: Display, shifts: Shifts
    ) -> NDArray[np.float64]:
        """Landmarks [68, 2] in photo pixels of a face in a photo [H, W, C].

        shifts: of the detection, where there is no mesh
        """
        pair = self._pair(pixels, detection, display)
        return self._predictor.place(pixels, detection, display, shifts) if pair is None else choose(*pair)

    def place_in_crops(self, crops: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float64]]:
        """Landmarks [68, 2] in pixels of FFHQ crops [S, S, 3] in [0, 1] of one face, as before and after.

        All come from the same source, which the first decides, so that only what is shown makes a difference.
        """
        if self._mesh is not None:
            mesh = self._mesh.mesh_in_crop(crops[0])
            dlib = self._predictor.place_in_crop(crops[0])
            if mesh.score >= _LEAST_SCORE and disagreement(dlib, mesh).worst > 1.0:
                others = [self._mesh.points_in_crop(crop) for crop in crops[1:]]
                return [landmarks_of_mesh(points) for points in (mesh.points, *others)]
        return [self._predictor.place_in_crop(crop) for crop in crops]

    def _pair(
        self, pixels: NDArray[np.generic], detection: Detection, display: Display
    ) -> tuple[NDArray[np.float64], Mesh] | None:
        """dlib's landmarks and the mesh of a face, or None without a mesh that shows one.

        A search that starts beside the face can end in a wrong mesh with a high score. Then dlib's landmarks
        lie elsewhere, and other starts are tried. The first whose two agree wins; if none do, the detector's
        own.
        """
        first: tuple[NDArray[np.float64], Mesh] | None = None
        if self._mesh is None:
            return None
        for start in _starts(detection):
            mesh = self._mesh.mesh(pixels, start, display)
            if mesh.score < _LEAST_SCORE:
                continue
            box = detector_box(mesh.points)
            pair = self._predictor.place_at(pixels, box, display, FOUR_BOXES), mesh
            if disagreement(*pair).worst <= 1.0:
                return pair
            first = first or pair
        return first


def _starts(detection: Detection) -> Iterator[Detection]:
    """A detector's box, and others in case it is turned wrongly, or too high or low."""
    yield detection
    if detection.angle != 0.0:
        yield replace(detection, angle=0.0)
    yield detection.moved_down(0.25)
    yield detection.moved_down(-0.25)


def choose(dlib: NDArray[np.float64], mesh: Mesh) -> NDArray[np.float64]:
    """The landmarks [68, 2] to use of those by dlib [68, 2] and the mesh of the same face."""
    if mesh.score < _LEAST_SCORE:
        return dlib
    apart = disagreement(dlib, mesh)
    of_mesh = landmarks_of_mesh(mesh.points)
    if apart.worst > 1.0:
        return of_mesh
    if apart.contour > BOUNDS.contour:
        return np.concatenate([of_mesh[CONTOUR], dlib[CONTOUR.stop :]])
    return dlib


def disagreement(dlib: NDArray[np.float64], mesh: Mesh) -> Disagreement:
    """The mean distances between dlib's landmarks [68, 2] and the mesh's, part by part."""
    of_mesh = landmarks_of_mesh(mesh.points)
    unit = box_of_mesh(mesh.points).side / 100.0
    apart = np.hypot(*(dlib - of_mesh).T) / unit
    # along a contour there is no certain place for a point, so the distance to the line counts
    beside = _distances(dlib[CONTOUR], of_mesh[CONTOUR]) / unit
    parts = (float(apart[part].mean()) for part in (_NOSE, _EYES, _MOUTH))
    return Disagreement(float(beside.mean()), *parts)


def _distances(points: NDArray[np.float64], line: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance [K] of each point [K, 2] to a polyline [N, 2]."""
    start, along = line[:-1], np.diff(line, axis=0)
    from_start = points[:, None] - start
    share = np.clip((from_start * along).sum(2) / np.maximum((along**2).sum(1), 1e-12), 0.0, 1.0)
    return np.asarray(np.hypot(*np.moveaxis(from_start - share[..., None] * along, 2, 0)).min(1))
