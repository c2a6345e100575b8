"""What each of three local sliders does to a face as it was photographed, alone and at 1."""

import math
from dataclasses import dataclass

from benchmarks.figures.shine import shine_left
from benchmarks.figures.spots import away_from_creases, grain_kept, red_spots
from benchmarks.figures.under_eyes import under_eye_contrast
from benchmarks.quality.subject import Subject
from pipeline.masks import face_masks
from pipeline.mesh import FaceMesh
from pipeline.regions import face_regions

LEAST_SPOTS = 1  # a face with fewer red spots shows none
LEAST_CONTRAST = 4.0  # ΔE; a face with less under its eyes has no dark circles
# A face of which less than 1 % of the skin shines has no shine: ``benchmarks.figures.shine``.


@dataclass(frozen=True)
class LocalFigures:
    """The figures of ``Row`` with these names; NaN where the face shows none, or where they are held back."""

    spots: float
    spots_left: float = math.nan
    marks_left: float = math.nan
    spots_grain: float = math.nan
    under_eyes: float = math.nan
    shine: float = math.nan


def local_figures(subject: Subject, mesh: FaceMesh | None) -> LocalFigures:
    """What ``blemishes``, ``under_eyes`` and ``shine`` do to a face."""
    before, skin = subject.before, subject.skin
    bare = away_from_creases(skin, subject.points)
    spots = red_spots(before, bare)
    left = marks = kept = shine = math.nan
    if spots.count >= LEAST_SPOTS and subject.has_whole("blemishes"):
        healed = subject.alone(blemishes=1.0)
        left = red_spots(healed, bare).count / spots.count
        marks = red_spots(subject.alone(blemishes=1.0, marks=1.0), bare).count / spots.count
        kept = grain_kept(before, healed, spots.area)
    if subject.has_whole("shine"):
        found = shine_left(before, subject.alone(shine=1.0), skin)
        shine = math.nan if found is None else found
    return LocalFigures(float(spots.count), left, marks, kept, _under_eyes(subject, mesh), shine)


def _under_eyes(subject: Subject, mesh: FaceMesh | None) -> float:
    if not subject.has_whole("under_eyes"):
        return math.nan
    before, points = subject.before, subject.points
    masks = face_masks(before, points, subject.alignment.inside(*subject.pixels.shape[:2]))
    finer = None if mesh is None else mesh.points_in_crop(before)[:, :2]
    # what glasses cover is no skin under the eyes: its retouch is held back
    around = subject.skin | (face_regions(before, points, finer, masks).under_eyes > 0.7)
    contrast = under_eye_contrast(before, points, around)
    if contrast is None or contrast < LEAST_CONTRAST:
        return math.nan
    eased = under_eye_contrast(subject.alone(under_eyes=1.0), points, around)
    return math.nan if eased is None else eased / contrast
