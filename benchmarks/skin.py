"""What the local sliders of the skin do, each at 1: spots, dark circles, shine, grain and the mean colour.

    python -m benchmarks.skin [--sheet FOLDER] PHOTO...

Needs no generator: the largest face of every photograph is retouched in its own pixels. The detectors of the
figures, in ``benchmarks/figures/``, are not the sliders' own. Milliseconds are of one thread, for the default
look from crop and regions. --sheet writes each face as it is, with the default look, and at strength 1.
"""

import argparse
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

import cv2
import numpy as np

from benchmarks.figures.faces import Area, Picture, Points, lab
from benchmarks.figures.painted_spots import PaintedSpots, with_freckles, with_moles, with_pimples
from benchmarks.figures.shine import shine_left
from benchmarks.figures.spots import fine_band, grain_kept, red_spots
from benchmarks.figures.under_eyes import under_eye_contrast
from pipeline.local.retouch import LocalRetouch
from pipeline.local_face import face_crop
from pipeline.masks import face_masks
from pipeline.mesh import FaceMesh
from pipeline.networks import load_finder, load_mesh
from pipeline.pictures import read_picture
from pipeline.regions import FaceRegions, face_regions
from pipeline.working_space import PLAIN, WorkingSpace
from retouchml import Look
from retouchml.errors import RetouchError

SLIDERS = ("blemishes", "lines", "evenness", "under_eyes", "redness", "shine")
_PAINTED, _MOLES, _FRECKLES = 14, 4, 40  # spots; few moles, since many are freckles
_GONE = 0.33  # of its contrast; a painted spot of which less is left is healed
_BARE = 0.8  # of the skin mask
_LEAST_CONTRAST = 4.0  # ΔE; a face with less has no dark circles


@dataclass(frozen=True)
class Row:
    """The figures of one face; NaN where it has nothing to measure."""

    spots: float  # red spots before
    spots_left: float  # share of them that is seen at blemishes=1
    painted_left: float  # share of painted pimples of which blemishes=1 leaves more than a third
    painted_grain: float  # fine band where those that went were, by that of the same places without them
    moles_kept: float  # share of painted moles of which it leaves more than nine tenths
    freckles: float  # contrast that painted freckles keep with the default look, mean
    freckles_full: float  # the same at strength 1
    grain: float  # fine band in the healed places, by that beside them before
    circles: float  # ΔE of the skin under the eyes
    circles_left: float  # the same at under_eyes=1, by that before
    shine_left: float  # area that shines at shine=1, by that before
    light: float  # shift of the skin's mean L*, all sliders at 1
    color: float  # shift of its mean a* and b*
    milliseconds: float


@dataclass(frozen=True)
class Face:
    """A face that is ready for local sliders."""

    crop: Picture
    points: Points
    regions: FaceRegions
    skin: Area
    scale: float = 1.0  # photo pixels to a crop pixel

    @classmethod
    def of(
        cls, photo: Picture, landmarks: Points, mesh: FaceMesh | None, space: WorkingSpace = PLAIN
    ) -> "Face":
        """The face in a photo [H, W, C] whose landmarks [68, 2] are these."""
        crop, alignment = face_crop(photo, landmarks, space)
        points = alignment.to_crop(landmarks)
        masks = face_masks(crop, points, alignment.inside(*photo.shape[:2]))
        scale = alignment.side / alignment.size
        finer = None if mesh is None else mesh.points_in_crop(crop)[:, :2]
        return cls(crop, points, face_regions(crop, points, finer, masks), masks.skin > _BARE, scale)

    def retouched(self, look: Look) -> Picture:
        """The crop with the skin sliders of a look."""
        retouch = LocalRetouch(self.crop, self.regions, self.crop.shape[0], None, self.scale)
        values = {name: look.value(name) for name in SLIDERS}
        changed = self.crop + retouch.change(Look(0.0, edits=values))
        return np.asarray(np.clip(changed, 0.0, 1.0), np.float32)

    def at_one(self, *names: str) -> Picture:
        """The crop with some sliders at 1."""
        return self.retouched(Look(0.0, edits={name: float(name in names) for name in SLIDERS}))


def measured(face: Face) -> Row:
    """The figures of a face."""
    before, skin = face.crop, face.skin
    healed = face.at_one("blemishes")
    pimples = with_pimples(before, skin, _PAINTED, 1)
    spots, left = (red_spots(each, skin) for each in (before, healed))
    around = skin | (face.regions.under_eyes > 0.5)
    contrast, eased = (
        under_eye_contrast(each, face.points, around) for each in (before, face.at_one("under_eyes"))
    )
    circles = contrast is not None and eased is not None and contrast >= _LEAST_CONTRAST
    shine = shine_left(before, face.at_one("shine"), skin)
    shift = (lab(face.at_one(*SLIDERS)) - lab(before))[skin].mean(0) if skin.any() else np.zeros(3)
    start = time.thread_time()
    face.retouched(Look())
    milliseconds = 1000.0 * (time.thread_time() - start)
    return Row(
        spots=float(spots.count),
        spots_left=left.count / spots.count if spots.count else math.nan,
        painted_left=_share(face, pimples, _GONE),
        painted_grain=_grain_of_healed(face, pimples),
        moles_kept=_share(face, with_moles(before, skin, _MOLES, 2), 0.9),
        freckles=_freckles_kept(face, Look()),
        freckles_full=_freckles_kept(face, Look(1.0)),
        grain=grain_kept(before, healed, spots.area) if spots.count else math.nan,
        circles=math.nan if contrast is None else contrast,
        circles_left=float(eased or 0.0) / float(contrast or 1.0) if circles else math.nan,
        shine_left=math.nan if shine is None else shine,
        light=float(shift[0]),
        color=float(np.hypot(shift[1], shift[2])),
        milliseconds=milliseconds,
    )


def _share(face: Face, painted: PaintedSpots, least: float) -> float:
    """The share of painted spots of which blemishes=1 leaves more than this."""
    if not painted.count:
        return math.nan
    left = painted.left(face.crop, replace(face, crop=painted.picture).at_one("blemishes"))
    return float((left > least).mean())


def _grain_of_healed(face: Face, painted: PaintedSpots) -> float:
    """The grain where blemishes=1 healed painted spots, by that of the same skin without them."""
    healed = replace(face, crop=painted.picture).at_one("blemishes")
    left = painted.left(face.crop, healed) if painted.count else np.ones(0)
    gone = np.isin(painted.labels, 1 + np.flatnonzero(left < _GONE))
    if not gone.any():
        return math.nan
    return float(fine_band(healed)[gone].std() / max(float(fine_band(face.crop)[gone].std()), 1e-6))


def _freckles_kept(face: Face, look: Look) -> float:
    """The contrast that painted freckles keep under the skin sliders of a look: the mean share."""
    painted = with_freckles(face.crop, face.skin, _FRECKLES, 3)
    if not painted.count:
        return math.nan
    with_them, without = (each.retouched(look) for each in (replace(face, crop=painted.picture), face))
    return float(painted.left(face.crop, with_them, without).mean())


def report(rows: Sequence[Row]) -> str:
    """The median and the worst of every figure, and how much of all spots is left."""
    lines = [f"{'':14}{'median':>9}{'10 %':>9}{'90 %':>9}{'faces':>7}"]
    for name, values in zip(
        (field.name for field in fields(Row)), np.array([astuple(r) for r in rows]).T, strict=True
    ):
        seen = values[np.isfinite(values)]
        low, middle, high = np.percentile(seen, (10, 50, 90)) if len(seen) else (math.nan,) * 3
        lines.append(f"{name:14}{middle:9.2f}{low:9.2f}{high:9.2f}{len(seen):7}")
    before = sum(row.spots for row in rows)
    after = sum(row.spots * row.spots_left for row in rows if row.spots)
    lines.append(f"of {before:.0f} red spots on all faces {after:.0f} are left")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the photographs and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO")
    parser.add_argument("--sheet", type=Path, metavar="FOLDER", help="write the faces there")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    finder, mesh = load_finder(), load_mesh()
    rows = []
    for path in options.photos:
        try:
            picture = read_picture(path)
        except RetouchError as error:
            print(f"{path.name}: {error}", file=sys.stderr)
            continue
        found = finder.find(picture.pixels, icc=picture.icc)
        if not found:
            print(f"{path.name}: no face", file=sys.stderr)
            continue
        face = Face.of(picture.pixels, found[0].landmarks, mesh, WorkingSpace.of(picture.icc))
        rows.append(measured(face))
        print(f"{path.name:36}" + "".join(f"{value:8.2f}" for value in astuple(rows[-1])), flush=True)
        if options.sheet is not None:
            options.sheet.mkdir(parents=True, exist_ok=True)
            looks = [face.crop, face.retouched(Look()), face.retouched(Look(1.0))]
            sheet = np.rint(255.0 * np.clip(np.hstack(looks), 0.0, 1.0)).astype(np.uint8)
            cv2.imwrite(str(options.sheet / f"{path.stem}.png"), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
    if rows:
        print(report(rows))
    return 0 if rows else 1


if __name__ == "__main__":
    sys.exit(main())
