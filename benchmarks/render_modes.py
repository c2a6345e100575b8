"""What sliders of age, pose and expression do in the photo mode and in the generated mode.

    python -m benchmarks.render_modes [--edit NAME=VALUE]... [--pictures FOLDER] PHOTO...

Of every photograph the largest face, at strength 0, one slider at a time. A line for each slider and mode
says the identity distance, the cosine of a second recogniser, the sharpness of eyes, brows and lips and the
grain of the skin (after over before), how far the age network and the landmarks see the slider, the pixels
that changed outside of the crop, and the seconds of the second render, when the face is known. --pictures
writes each row: the photograph, the photo mode, the generated mode.
"""

import argparse
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.figures.sharpness import grain, sharpness
from benchmarks.quality.subject import Subject
from benchmarks.second_recognizer import SecondRecognizer
from pipeline.attributes import AgeGender, geometric
from pipeline.pictures import read_picture
from pipeline.reach import around_crop
from pipeline.retoucher import Retoucher
from pipeline.working_space import WorkingSpace
from retouchml import Look
from retouchml.errors import ModelMissing, RetouchError
from retouchml.look import GENERATED, PHOTO, RenderName, parse_edit

EDITS = (("age", 1.0), ("age", -1.0), ("yaw", 1.0), ("yaw", -1.0), ("smile", 1.0))
MODES: tuple[RenderName, ...] = (PHOTO, GENERATED)
FIGURES = ("identity", "second", "sharpness", "grain", "age", "yaw", "smile", "outside", "seconds")


class Measurement:
    """The instruments, and what they measured."""

    def __init__(self, folder: Path | None) -> None:
        self._retoucher = Retoucher()
        self._ages = AgeGender.load()
        self._folder = folder
        self.rows: dict[tuple[str, float, RenderName], list[list[float]]] = {}
        try:
            self._second: SecondRecognizer | None = SecondRecognizer()
        except ModelMissing:
            self._second = None

    def add(self, path: Path, edits: Sequence[tuple[str, float]]) -> None:
        """Measure a photograph. Raises RetouchError for one without a face."""
        picture = read_picture(path)
        photo = self._retoucher.open(picture.pixels, icc=picture.icc)
        if not photo.faces:
            raise RetouchError(f"{path.name} shows no face.")
        subject = Subject.of(photo, picture.pixels, WorkingSpace.of(picture.icc))
        for name, value in edits:
            shown = [subject.before]
            for mode in MODES:
                row, after = self._row(subject, Look(0.0, 1.0, {name: value}, mode))
                self.rows.setdefault((name, value, mode), []).append(row)
                _print(f"{path.stem[:20]:20} {name}={value:+g} {mode}", row)
                shown.append(after)
            if self._folder:
                pixels = np.rint(np.clip(np.hstack(shown), 0.0, 1.0)[..., ::-1] * 255.0).astype(np.uint8)
                cv2.imwrite(str(self._folder / f"{path.stem}_{name}{value:+g}.png"), pixels)
        _print(f"{path.stem[:20]:20} tuning, s", [photo.seconds.get("tune", math.nan)])

    def _row(self, subject: Subject, look: Look) -> tuple[list[float], NDArray[np.float32]]:
        photo, before = subject.photo, subject.before
        photo.render({0: look})
        start = time.monotonic()
        patches = photo.render({0: look})
        result = photo.apply(patches)
        seconds = time.monotonic() - start
        after = subject.crop_of(result)
        networks = self._retoucher.networks
        points, points_after = networks.finder.landmarks_in_crops(before, after)
        spread = dict(
            zip(
                networks.edit_applier.attributes.outputs,
                networks.edit_applier.attributes.deviation.tolist(),
                strict=True,
            )
        )
        was, now = geometric(points), geometric(points_after)
        cosine = math.nan
        if self._second is not None:
            pair = (self._second.describe(before, points), self._second.describe(after, points_after))
            cosine = float(pair[0] @ pair[1])
        x, y, width, height = around_crop(np.array(photo.faces[0].landmarks), subject.pixels)
        changed: NDArray[np.bool_] = np.asarray(result.reshape(subject.pixels.shape) != subject.pixels)
        outside = np.ones(changed.shape[:2], bool)
        outside[y : y + height, x : x + width] = False
        row = [
            photo.report(patches)[0].identity_distance if patches else 0.0,
            cosine,
            sharpness(after, subject.points) / sharpness(before, subject.points),
            grain(after, points) / grain(before, points),
            self._ages(after, points_after)[0] - self._ages(before, points)[0],
            (now["yaw"] - was["yaw"]) / spread["yaw"],
            (now["smile"] - was["smile"]) / spread["smile"],
            float((changed.any(axis=2) & outside).sum()),
            seconds,
        ]
        return row, after


def _print(title: str, values: Sequence[float]) -> None:
    sys.stdout.write(f"{title:42}" + "".join(f"{value:10.3f}" for value in values) + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.render_modes", description="Measure sliders in the photo and the generated mode."
    )
    parser.add_argument("photos", nargs="+", type=Path, help="photographs")
    parser.add_argument(
        "--edit", action="append", default=[], metavar="NAME=VALUE", help="a slider, repeatable"
    )
    parser.add_argument("--pictures", type=Path, help="folder for a picture of each row")
    options = parser.parse_args(arguments)
    sys.stdout.write(f"{'':42}" + "".join(f"{name:>10}" for name in FIGURES) + "\n")
    try:
        edits = [parse_edit(each) for each in options.edit] or EDITS
        if options.pictures is not None:
            options.pictures.mkdir(parents=True, exist_ok=True)  # OpenCV would write nothing, in silence
        measurement = Measurement(options.pictures)
        for path in options.photos:
            measurement.add(path, edits)
    except RetouchError as error:
        parser.error(error.explain())
    for (name, value, mode), rows in measurement.rows.items():
        _print(f"median {name}={value:+g} {mode}", np.median(np.array(rows), axis=0).tolist())
    return 0


if __name__ == "__main__":
    sys.exit(main())
