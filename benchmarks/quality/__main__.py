"""Quality of the retouch over many faces: identity, rating, light, colour, sharpness, single sliders.

    python -m benchmarks.quality [--folder FOLDER] [--data FOLDER [--count 60]] [--judge FILE]
        [--sheet FILE] [--rows FILE] [--backgrounds] [PHOTO...]
    python -m benchmarks.quality --table FILE...

Of every photograph the largest face is measured, unless it shows too little. ``PixelRater`` judges the gain:
it guides nothing and saw none of these photographs, which are the test part of its fold.
``retouchml train rater --kind pixels --folds 2 --output FILE`` trains a judge of another fold. Inversions are
cached, so a second run takes seconds a photo. --sheet writes a contact sheet, --rows the figures of each
photograph as a line of JSON, of which --table makes the table again. --backgrounds puts every face before
seven saturated backgrounds and a grating too, each with an inversion of its own.
"""

import argparse
import math
import resource
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import fields
from pathlib import Path
from typing import TextIO

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.backgrounds import bend_of_gratings, leak_before_backgrounds
from benchmarks.quality.measure import Instruments, measure
from benchmarks.quality.photographs import choose_photos, photos_in, why_not
from benchmarks.quality.row import Row
from benchmarks.quality.sheet import sheet
from benchmarks.quality.subject import Subject
from benchmarks.quality.table import Measured, read_rows, totals
from benchmarks.second_recognizer import SecondRecognizer
from pipeline.attributes import AgeGender
from pipeline.pictures import read_picture
from pipeline.rater import PixelRater
from pipeline.retoucher import Retoucher
from pipeline.working_space import WorkingSpace
from retouchml import Look
from retouchml.cli import output_files
from retouchml.errors import ModelMissing, RetouchError
from retouchml.look import DEFAULT_TEXTURE, PHOTO, RENDERS, parse_edit

_NAMES = tuple(field.name for field in fields(Row))


class Run:
    """The measurement of one photo after the other."""

    def __init__(self, look: Look, instruments: Instruments, backgrounds: bool, rows: TextIO | None) -> None:
        self._look, self._instruments = look, instruments
        self._backgrounds, self._rows = backgrounds, rows
        self._retoucher = Retoucher()
        self.measured: list[Measured] = []
        self.pairs: list[NDArray[np.float32]] = []
        self.seconds: dict[str, float] = {}

    def add(self, path: Path) -> None:
        """Measure a photo, and print its row."""
        try:
            row = self._row(path)
            reason = ""
        except RetouchError as error:
            row, reason = None, str(error)
        self.measured.append(Measured(path.name, self._look.strength, row, reason))
        if self._rows:
            self._rows.write(self.measured[-1].as_line() + "\n")
            self._rows.flush()
        numbers = "" if row is None else "".join(f"{float(getattr(row, name)):9.3f}" for name in _NAMES)
        sys.stdout.write(f"{path.stem[:24]:24}{numbers or '  ' + reason}\n")
        sys.stdout.flush()

    def _row(self, path: Path) -> Row:
        picture = read_picture(path)
        photo = self._retoucher.open(picture.pixels, icc=picture.icc)
        reason = why_not(photo.faces)
        if reason:
            raise RetouchError(reason)
        subject = Subject.of(photo, picture.pixels, WorkingSpace.of(picture.icc))
        behind = bend = math.nan
        if self._backgrounds:
            face = (subject.before, subject.points, self._look, self._retoucher)
            leaks, bend = leak_before_backgrounds(*face), bend_of_gratings(*face)
            behind = max(leaks.values(), default=math.nan)
            listed = ", ".join(f"{name} {value:.2f}" for name, value in leaks.items())
            sys.stdout.write(f"{'':24}  leak before {listed}\n")
        networks = self._retoucher.networks
        row, pair = measure(subject, self._look, self._instruments, networks, behind, bend)
        self.pairs.append(pair)
        for step, value in photo.seconds.items():
            self.seconds[step] = self.seconds.get(step, 0.0) + value
        return row


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.count < 1 or options.columns < 1 or options.side < 1 or options.skip < 0:
        parser.error("--count, --columns and --side must be at least 1, --skip at least 0")
    try:
        if options.table:
            sys.stdout.write(totals(read_rows(options.table)))
            return 0
        look = Look(options.strength, options.texture, render=options.render)
        look = look.with_values(dict(parse_edit(each) for each in options.edit))
        judge = PixelRater(options.judge)
        photos = [*options.photos, *(photos_in(options.folder) if options.folder else ())]
        if options.data:
            photos += choose_photos(options.data, options.count, judge.fold, options.skip)
        if not photos:
            parser.error("name photographs, --folder or --data")
        output_files.check((), [each for each in (options.sheet, options.rows) if each], force=True)
        instruments = Instruments(judge, AgeGender.load(), _second())
    except RetouchError as error:
        parser.error(error.explain())
    with options.rows.open("w", encoding="utf-8") if options.rows else nullcontext() as rows:
        run = Run(look, instruments, options.backgrounds, rows)
        sys.stdout.write(f"{'photo':24}" + "".join(f"{name[:8]:>9}" for name in _NAMES) + "\n")
        for path in photos:
            run.add(path)
    sys.stdout.write(totals(run.measured))
    if not run.pairs:
        sys.stdout.write("no photograph was measured\n")
        return 1
    means = {step: value / len(run.pairs) for step, value in run.seconds.items()}
    sys.stdout.write(f"a photo, on average: {_steps(means)}\npeak memory: {_peak_memory():.2f} GiB\n")
    if options.sheet and not cv2.imwrite(
        str(options.sheet), sheet(run.pairs, options.columns, options.side)[..., ::-1]
    ):
        sys.stdout.write(f"{options.sheet} was not written\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="benchmarks.quality", description="Measure what a retouch does to many faces."
    )
    parser.add_argument("photos", nargs="*", type=Path, help="photographs")
    parser.add_argument("--folder", type=Path, help="all pictures of this folder, too")
    parser.add_argument("--data", type=Path, help="folder laid out like SCUT-FBP5500: some of it, too")
    parser.add_argument(
        "--count", type=int, default=60, help="how many of its test photographs (default: %(default)s)"
    )
    parser.add_argument(
        "--skip", type=int, default=0, help="how many of them to pass over first (default: %(default)s)"
    )
    parser.add_argument(
        "--judge",
        type=Path,
        help="the rater that judges (default: the user's own, else the project's, of fold 1)",
    )
    parser.add_argument("--strength", type=float, default=1.0)
    parser.add_argument("--texture", type=float, default=DEFAULT_TEXTURE)
    parser.add_argument(
        "--backgrounds",
        action="store_true",
        help="measure every face before seven saturated backgrounds and a grating too",
    )
    parser.add_argument(
        "--edit", action="append", default=[], metavar="NAME=VALUE", help="set another slider, repeatable"
    )
    parser.add_argument(
        "--render", choices=RENDERS, default=PHOTO, help="whose pixels show expression, pose and age"
    )
    parser.add_argument("--rows", type=Path, help="where to write the figures of each photograph")
    parser.add_argument("--table", type=Path, nargs="+", metavar="FILE", help="print the table of such files")
    parser.add_argument("--sheet", type=Path, help="where to write the contact sheet")
    parser.add_argument("--side", type=int, default=350, help="pixels of a face on it (default: %(default)s)")
    parser.add_argument("--columns", type=int, default=3)
    return parser


def _second() -> SecondRecognizer | None:
    try:
        return SecondRecognizer()
    except ModelMissing as error:
        sys.stdout.write(f"{error.explain()}\n")
        return None


def _steps(seconds: Mapping[str, float]) -> str:
    return "seconds: " + ", ".join(f"{step} {value:.2f}" for step, value in seconds.items())


def _peak_memory() -> float:
    """The peak memory of this process in GiB."""
    unit = 2**30 if sys.platform == "darwin" else 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


if __name__ == "__main__":
    sys.exit(main())
