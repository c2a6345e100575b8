"""What the sliders of pose and expression move in photographs, by instruments that see the result alone.

    python -m benchmarks.moved [--faces N] [--slider NAME]... PHOTO...

The largest face of each photograph gets each slider at -1 and at 1, and is found and measured anew. Of each
slider a line gives halves of the differences between the ends, as means over the faces: its own measure, with
the least and the most (degrees by the face mesh; for gaze, the irises' place between the corners of the eyes,
in % of the eye's width; for expressions, by landmarks); expression and pose by dlib's landmarks, in standard
deviations of generated faces; the share of faces that it moves its way; and the median identity distance.
Pose needs no inversion.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes import geometric
from pipeline.mesh import FaceMesh, Mesh
from pipeline.pictures import read_picture
from pipeline.pose import pose_of_mesh
from pipeline.retoucher import Retoucher
from retouchml import Look
from retouchml.errors import ModelMissing, RetouchError
from retouchml.sliders import GAZE, PITCH, ROLL, YAW

POSE = (YAW, PITCH, ROLL, GAZE)
HELD = ("smile", "eyes_open", "mouth_open", "brows", "yaw", "pitch")
EXPRESSIONS = {"smile": "smile", "eyes": "eyes_open", "mouth": "mouth_open", "brows": "brows"}
SLIDERS = (*POSE, *EXPRESSIONS)
_CORNERS = ((33, 133), (362, 263))  # of the eyes, in the mesh


@dataclass(frozen=True)
class Measured:
    """What the instruments see of a face. own: by slider; held: in the order of ``HELD``, in deviations."""

    own: dict[str, float]
    held: NDArray[np.float64]


def gaze_of(mesh: Mesh) -> float:
    """The mean place of the irises between the corners of their eyes, in % from the left; NaN unseen."""
    places = []
    for iris, (left, right) in zip(mesh.irises, _CORNERS, strict=True):
        if iris is not None:
            start, end = mesh.points[left, :2], mesh.points[right, :2]
            along = (np.array([iris.x, iris.y]) - start) @ (end - start) / ((end - start) @ (end - start))
            places.append(100.0 * float(along))
    return float(np.mean(places)) if places else np.nan


def measure(
    pixels: NDArray[np.generic], landmarks: NDArray[np.float64], network: FaceMesh, units: NDArray[np.float64]
) -> Measured:
    """What a picture [H, W, C] shows at landmarks [68, 2]; units: the deviations of ``HELD``."""
    mesh = network.mesh(pixels, landmarks)
    pose, shape = pose_of_mesh(mesh.points), geometric(landmarks)
    held = np.array([shape[name] for name in HELD]) / units
    own = {YAW: pose.yaw, PITCH: pose.pitch, ROLL: pose.roll, GAZE: gaze_of(mesh)}
    own |= {slider: float(held[HELD.index(name)]) for slider, name in EXPRESSIONS.items()}
    return Measured(own, held)


def ends(retoucher: Retoucher, path: Path, slider: str) -> tuple[NDArray[np.float64], float] | None:
    """Halves of the differences, own measure first, and the identity distance; None without such a face."""
    attributes, mesh = retoucher.networks.edit_applier.attributes, retoucher.networks.mesh
    if mesh is None:
        raise ModelMissing(
            "The face mesh was not fetched.", "retouchml models fetch mediapipe-face fetches it."
        )
    spread = dict(zip(attributes.outputs, attributes.deviation.tolist(), strict=True))
    picture = read_picture(path)
    photo = retoucher.open(picture.pixels, icc=picture.icc)
    if not photo.faces or photo.faces[0].quality.trust.shape < 1.0:
        return None
    place = np.array(photo.faces[0].landmarks)
    found, distances = [], []
    for value in (-1.0, 1.0):
        patches = photo.render({0: Look(0.0, edits={slider: value})})
        after = photo.apply(patches)
        again = retoucher.open(after, icc=picture.icc).faces
        if not again:
            sys.stderr.write(f"{path.name}: no face is found after {slider} {value:g}\n")
            return None
        places = [np.array(face.landmarks) for face in again]
        nearest = min(places, key=lambda points: float(np.abs(points - place).mean()))
        found.append(measure(after, nearest, mesh, np.array([spread[name] for name in HELD])))
        distances += [each.identity_distance for each in photo.report(patches)] or [0.0]
    low, high = found
    moved = np.array([high.own[slider] - low.own[slider], *(high.held - low.held)]) / 2.0
    return moved, float(np.mean(distances))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO")
    parser.add_argument("--faces", type=int, default=20, help="how many (default: %(default)s)")
    parser.add_argument("--slider", action="append", choices=SLIDERS, help="default: those of pose")
    options = parser.parse_args(arguments)
    sys.stdout.write(" ".join(["slider own (least to most)", *HELD, "its-way identity\n"]))
    try:
        retoucher = Retoucher()
        for slider in options.slider or POSE:
            rows: list[tuple[NDArray[np.float64], float]] = []
            for path in options.photos:
                row = ends(retoucher, path, slider) if len(rows) < options.faces else None
                rows += [] if row is None else [row]
            if not rows:
                parser.error("no picture shows a face well")
            moved, distances = np.array([row[0] for row in rows]), [row[1] for row in rows]
            seen = moved[np.isfinite(moved[:, 0])]  # of a face without irises, no gaze is measured
            if not len(seen):
                parser.error(f"no face shows what {slider} moves")
            own = seen[:, 0]
            sys.stdout.write(
                f"{slider:6} {own.mean():+.2f} ({own.min():.2f} to {own.max():.2f})"
                f" {' '.join(f'{each:+.2f}' for each in seen[:, 1:].mean(0))}"
                f" {float((own > 0.0).mean()):.0%} of {len(seen)} {np.median(distances):.2f}\n"
            )
    except RetouchError as error:
        raise SystemExit(error.explain()) from None
    return 0


if __name__ == "__main__":
    sys.exit(main())
