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


class Subject:
    """The largest face of a photograph, which is opened once for all sliders."""

    def __init__(self, retoucher: Retoucher, path: Path) -> None:
        """Raises ModelMissing without the face mesh, and the errors of ``Retoucher.open``."""
        if retoucher.networks.mesh is None:
            raise ModelMissing(
                "The face mesh was not fetched.", "retouchml models fetch mediapipe-face fetches it."
            )
        self._retoucher, self._mesh, self._path = retoucher, retoucher.networks.mesh, path
        attributes = retoucher.networks.edit_applier.attributes
        spread = dict(zip(attributes.outputs, attributes.deviation.tolist(), strict=True))
        self._units = np.array([spread[name] for name in HELD])
        picture = read_picture(path)
        self._icc = picture.icc
        self._photo = retoucher.open(picture.pixels, icc=picture.icc)

    @property
    def shows_a_face_well(self) -> bool:
        """Whether nothing of its shape is held back."""
        faces = self._photo.faces
        return bool(faces) and faces[0].quality.trust.shape == 1.0

    def ends(self, slider: str) -> tuple[NDArray[np.float64], float] | None:
        """Halves of the differences, own measure first, and the identity distance; None if none is found."""
        place = np.array(self._photo.faces[0].landmarks)
        found, distances = [], []
        for value in (-1.0, 1.0):
            patches = self._photo.render({0: Look(0.0, edits={slider: value})})
            after = self._photo.apply(patches)
            again = self._retoucher.open(after, icc=self._icc).faces
            if not again:
                sys.stderr.write(f"{self._path.name}: no face is found after {slider} {value:g}\n")
                return None
            places = [np.array(face.landmarks) for face in again]
            nearest = min(places, key=lambda points: float(np.abs(points - place).mean()))
            found.append(measure(after, nearest, self._mesh, self._units))
            distances += [each.identity_distance for each in self._photo.report(patches)] or [0.0]
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
    rows: dict[str, list[tuple[NDArray[np.float64], float]]] = {
        slider: [] for slider in options.slider or POSE
    }
    failed: RetouchError | None = None
    try:
        retoucher = Retoucher()
        for path in options.photos:
            wanted = [slider for slider, seen in rows.items() if len(seen) < options.faces]
            subject = Subject(retoucher, path) if wanted else None
            if subject is not None and subject.shows_a_face_well:
                for slider in wanted:
                    row = subject.ends(slider)
                    rows[slider] += [] if row is None else [row]
    except RetouchError as error:
        failed = error
    sys.stdout.write(" ".join(["slider own (least to most)", *HELD, "its-way identity\n"]))
    for slider, seen in rows.items():
        # of a face without irises, no gaze is measured
        moved = np.array([each for each, _ in seen if np.isfinite(each[0])])
        if not len(moved):
            sys.stdout.write(f"{slider:6} is seen on no face\n")
            continue
        own, distance = moved[:, 0], np.median([distance for _, distance in seen])
        sys.stdout.write(
            f"{slider:6} {own.mean():+.2f} ({own.min():.2f} to {own.max():.2f})"
            f" {' '.join(f'{each:+.2f}' for each in moved[:, 1:].mean(0))}"
            f" {float((own > 0.0).mean()):.0%} of {len(moved)} {distance:.2f}\n"
        )
    if failed is not None:
        raise SystemExit(failed.explain())
    return 0


if __name__ == "__main__":
    sys.exit(main())
