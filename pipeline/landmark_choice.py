"""Decides for each face whether dlib's 68 landmarks are good, or the mesh's are used.

dlib's stay where they are good, because the generator knows faces cropped by them (FFHQ). Both are compared
in percent of the longer side of the mesh's box:

1. If the mesh's network is not sure that it sees a face, dlib's stay.
2. If eyes, nose or mouth lie further apart on average than their bound, dlib has lost the face, and all 68
   come from the mesh.
3. Otherwise dlib's stay, but if its contour lies further from the mesh's than its bound, the contour (17 of
   the 68) comes from the mesh. The crop does not depend on it.

Brows are not compared: the mesh places those under a fringe, or painted, no better than dlib.

The bounds were set on faces that were looked at. On 306 frontal photographs of SCUT-FBP5500 the 99th
percentiles are 4.3 (contour), 2.1 (nose), 1.5 (eyes) and 2.1 (mouth); of the four contours and the one mouth
beyond the bounds, all were dlib's mistakes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.mesh import Mesh, box_of_mesh
from pipeline.mesh_landmarks import CONTOUR, landmarks_of_mesh

_LEAST_SCORE = 0.5
_NOSE, _EYES, _MOUTH = slice(27, 36), slice(36, 48), slice(48, 68)


@dataclass(frozen=True)
class Disagreement:
    """How far dlib's landmarks lie from the mesh's, in percent of the longer side of the mesh's box."""

    contour: float
    nose: float
    eyes: float
    mouth: float


BOUNDS = Disagreement(contour=3.0, nose=2.3, eyes=2.0, mouth=2.5)


def choose(dlib: NDArray[np.float64], mesh: Mesh) -> NDArray[np.float64]:
    """The landmarks [68, 2] to use of those by dlib [68, 2] and the mesh of the same face."""
    if mesh.score < _LEAST_SCORE:
        return dlib
    apart = disagreement(dlib, mesh)
    of_mesh = landmarks_of_mesh(mesh.points)
    if apart.nose > BOUNDS.nose or apart.eyes > BOUNDS.eyes or apart.mouth > BOUNDS.mouth:
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
