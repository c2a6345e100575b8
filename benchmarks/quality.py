"""Quality of the retouch over many faces: identity, rating, light, colour, sharpness, seconds and memory.

    python -m benchmarks.quality --data FOLDER [--count 60] [--judge FILE] [--sheet FILE] [--backgrounds]
        [PHOTO...]

``PixelRater`` judges the gain: it guides nothing and saw none of these photographs, which are the test part
of its fold. ``retouchml train rater --kind pixels --folds 2 --output FILE`` trains a judge of another fold.
Inversions are cached, so a second run takes seconds a photo. --sheet writes a contact sheet. --backgrounds
puts every face before seven saturated backgrounds and a grating too, each with an inversion of its own.
"""

import argparse
import math
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import zip_longest
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import rim
from benchmarks.figures.backgrounds import SATURATED, before_background, head
from benchmarks.figures.faces import bare_skin
from benchmarks.figures.leak import leak
from benchmarks.figures.light import light_moved
from benchmarks.figures.rim import beyond, gratings
from benchmarks.figures.sharpness import grain, sharpness
from benchmarks.figures.teeth import teeth_whitened, teeth_yellower
from pipeline.align import Alignment
from pipeline.attributes import AgeGender, geometric
from pipeline.identity import Recognizer
from pipeline.local_face import face_crop
from pipeline.masks import RIM, outline
from pipeline.networks import Networks
from pipeline.pictures import read_picture
from pipeline.rater import PixelRater
from pipeline.retoucher import Photo, Retoucher
from pipeline.training.labellers import load_recognizer
from pipeline.training.scut import GROUPS, read_fold
from pipeline.working_space import PLAIN, WorkingSpace
from retouchml import Look
from retouchml.cli import output_files
from retouchml.errors import PictureError, RetouchError
from retouchml.look import DEFAULT_TEXTURE
from retouchml.sliders import EYES_AND_TEETH, SKIN, TEXTURE, in_group
from stylegan2 import zoo

_SEED = 7
_WHITENED = 0.6  # value of the slider at which teeth must be whiter


@dataclass(frozen=True)
class Row:
    """The measures of one retouched photo: differences are after less before, ratios after over before."""

    identity: float  # descriptor distance between before and after
    gain: float  # of the judge's rating
    guided: float  # gain of the guide's rating
    sharpness: float  # of eyes, brows and lips, ratio
    skin: float  # contrast of its grain, ratio
    smile: float  # size of the move, in standard deviations of the generator's samples
    yaw: float  # the same
    mouth: float  # the same
    male: float  # size of the move of the gender network's probability
    age: float  # years
    leak: float  # change of chroma inside the jaw, 95th percentile
    across: float  # change of the slope of the skin's L* across the face
    down: float  # the same, down the face
    lightness: float  # change of the skin's mean L*
    teeth: float  # rise of the teeth's b*; NaN if none are seen
    whiter: float  # share of its distance to neutral that their b* loses at teeth=0.6; NaN likewise
    behind: float  # the highest leak before a saturated background; NaN if not measured
    bend: float  # displacement of straight lines behind the head, in % of the face; NaN if not measured
    outside: float  # pixels that changed beyond the face and its rim; local sliders are at 0
    untouched: bool  # whether strength 0 gave back the photo
    seconds: float  # to render and stitch


@dataclass(frozen=True)
class Instruments:
    """The models that measure the retouch."""

    judge: PixelRater
    recognizer: Recognizer
    age_gender: AgeGender


def choose_photos(folder: Path, count: int, number: int = 1, skip: int = 0) -> list[Path]:
    """Test photographs of fold ``number``, always the same, balanced by group to within one.

    skip: how many to leave out first. Raises UsageError if the folder is not laid out like SCUT-FBP5500.
    """
    _, test = read_fold(folder, number)
    random = np.random.default_rng(_SEED)
    groups = []
    for group in GROUPS:
        members = sorted(name for name in test if name.startswith(group))
        groups.append([str(name) for name in random.permutation(members)])
    names = [name for row in zip_longest(*groups) for name in row if name is not None]
    return [folder / "Images" / name for name in names[skip : skip + count]]


def measure(
    photo: Photo,
    pixels: NDArray[np.generic],
    look: Look,
    instruments: Instruments,
    networks: Networks,
    behind: float = math.nan,  # the figure of this name
    bend: float = math.nan,  # the same
    space: WorkingSpace = PLAIN,  # of the photo's pixels
) -> tuple[Row, NDArray[np.float32]]:
    """Retouch the largest face of a photo and measure; also returns before and after side by side.

    Raises RetouchError if nothing changed.
    """
    start = time.monotonic()
    patches = photo.render({0: look})
    result = photo.apply(patches)
    seconds = time.monotonic() - start
    if not patches:
        raise RetouchError("this look changes nothing of this face")
    report = photo.report(patches)[0]
    landmarks = np.array(photo.faces[0].landmarks)
    before, alignment = face_crop(pixels, landmarks, space)
    after = alignment.cut(result, space)
    # Landmarks of both are found in the same way, so that only the retouch makes a difference.
    points_before, points_after = (networks.finder.landmarks_in_crop(crop) for crop in (before, after))
    shape_before, shape_after = geometric(points_before), geometric(points_after)
    spread = dict(
        zip(
            networks.edit_applier.attributes.outputs,
            networks.edit_applier.attributes.deviation.tolist(),
            strict=True,
        )
    )
    age_before, male_before = instruments.age_gender(before, points_before)
    age_after, male_after = instruments.age_gender(after, points_after)

    def moved(name: str) -> float:
        return float(abs(shape_after[name] - shape_before[name]) / spread[name])

    skin = bare_skin(before, points_before) & bare_skin(after, points_before)
    light = light_moved(before, after, points_before, skin)
    teeth = teeth_yellower(before, after, points_before, points_after)
    white = photo.apply(photo.render({0: Look(strength=0.0, edits={"teeth": _WHITENED})}))
    whiter = teeth_whitened(before, alignment.cut(white, space), points_before)
    untouched = photo.apply(photo.render({0: Look(strength=0.0, texture=look.texture)}))
    path = photo.apply(photo.render({0: without_local_sliders(look)}))
    row = Row(
        identity=report.identity_distance,
        gain=instruments.judge.rate(after, points_after) - instruments.judge.rate(before, points_before),
        guided=report.score_after - report.score_before,
        sharpness=sharpness(after, points_after) / sharpness(before, points_before),
        skin=grain(after, points_before) / grain(before, points_before),
        smile=moved("smile"),
        yaw=moved("yaw"),
        mouth=moved("mouth_open"),
        male=abs(male_after - male_before),
        age=age_after - age_before,
        leak=leak(before, after, points_before),
        across=light.across,
        down=light.down,
        lightness=light.mean,
        teeth=math.nan if teeth is None else teeth,
        whiter=math.nan if whiter is None else whiter,
        behind=behind,
        bend=bend,
        outside=float(
            changed_outside(pixels, path, before, alignment.cut(path, space), alignment, points_before)
        ),
        untouched=bool(np.array_equal(untouched, pixels)),
        seconds=seconds,
    )
    return row, np.hstack([before, after])


def without_local_sliders(look: Look) -> Look:
    """The look without the sliders that change ears and neck, too."""
    local = (*in_group(SKIN), *in_group(EYES_AND_TEETH))
    return look.with_values({slider.name: 0.0 for slider in local if slider.name != TEXTURE})


def leak_before_backgrounds(
    crop: NDArray[np.float32], points: NDArray[np.float64], look: Look, retoucher: Retoucher
) -> dict[str, float]:
    """The leak of a face, in its crop, before each saturated background, by its name.

    A background before which no face is found is left out.
    """
    cut = head(crop, points)
    leaks = {}
    for name, color in SATURATED.items():
        before = before_background(crop, cut, color)
        after = _retouched(before, look, retoucher)
        if after is not None:
            leaks[name] = leak(before, after, points)
    return leaks


def bend_of_gratings(
    crop: NDArray[np.float32], points: NDArray[np.float64], look: Look, retoucher: Retoucher
) -> float:
    """How far straight lines behind the head of a face, in its crop, bend; NaN if no face is found there."""
    cut = head(crop, points)
    before = before_background(crop, cut, gratings(crop.shape[0], points))
    after = _retouched(before, look, retoucher)
    return math.nan if after is None else rim.bend(before, after, points, beyond(cut, points))


def _retouched(crop: NDArray[np.float32], look: Look, retoucher: Retoucher) -> NDArray[np.float32] | None:
    """A face's crop after the retouch of its largest face; None if none is found."""
    photo = retoucher.open(crop)
    return np.asarray(photo.apply(photo.render({0: look})), np.float32) if photo.faces else None


def changed_outside(
    pixels: NDArray[np.generic],  # the photo [H, W, C]
    result: NDArray[np.generic],  # the retouched photo
    before: NDArray[np.float32],  # [S, S, 3] crop of the photo
    after: NDArray[np.float32],  # [S, S, 3] crop of the result
    alignment: Alignment,  # of the crops
    landmarks: NDArray[np.float64],  # [68, 2] in crop pixels
) -> int:
    """The number of pixels that differ beyond the face's outline and the rim that moves along.

    Within the crop, its pixels are counted; elsewhere, the photo's.
    """
    size = before.shape[0]
    distance = cv2.distanceTransform(1 - outline(landmarks, size), cv2.DIST_L2, 5)
    # These landmarks differ a little from those of the retouch, and resampling blends neighbours.
    beyond = distance > RIM * size + 0.02 * size + 3.0
    beyond &= alignment.inside(*pixels.shape[:2]) > 2.0  # past the frame, a crop shows no photo
    left, top, right, bottom = alignment.bounds(*pixels.shape[:2])
    differ: NDArray[np.bool_] = np.not_equal(pixels, result).reshape(*pixels.shape[:2], -1).any(axis=2)
    differ[top:bottom, left:right] = False
    return int((before != after).any(axis=2)[beyond].sum() + differ.sum())


def sheet(pairs: Sequence[NDArray[np.float32]], columns: int, side: int) -> NDArray[np.uint8]:
    """Before and after of many faces in rows, each crop ``side`` pixels wide."""
    cells = [cv2.resize(pair, (2 * side, side), interpolation=cv2.INTER_AREA) for pair in pairs]
    cells += [np.zeros_like(cells[0])] * (-len(cells) % columns)
    rows = [np.hstack(cells[i : i + columns]) for i in range(0, len(cells), columns)]
    return np.asarray(np.rint(np.clip(np.vstack(rows), 0.0, 1.0) * 255.0), np.uint8)


def totals(rows: Sequence[Row]) -> str:
    """Mean, median, worst and share of every measure as a table."""
    lines = [f"{'':12}{'mean':>9}{'median':>9}{'lowest':>9}{'highest':>9}\n"]
    for field in fields(Row):
        values = np.array([float(getattr(row, field.name)) for row in rows])
        values = values[~np.isnan(values)]
        if not values.size:
            continue
        numbers = (values.mean(), np.median(values), values.min(), values.max())
        lines.append(f"{field.name:12}" + "".join(f"{number:9.3f}" for number in numbers) + "\n")
    positive = np.mean([row.gain > 0 for row in rows])
    lines.append(f"gain is positive for {positive:.0%} of {len(rows)} photos\n")
    return "".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(description="Measure what a retouch does to many faces.")
    parser.add_argument("photos", nargs="*", type=Path, help="photographs, besides those of --data")
    parser.add_argument("--data", type=Path, help="folder laid out like SCUT-FBP5500")
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
    parser.add_argument("--sheet", type=Path, help="where to write the contact sheet")
    parser.add_argument("--side", type=int, default=350, help="pixels of a face on it (default: %(default)s)")
    parser.add_argument("--columns", type=int, default=3)
    options = parser.parse_args(arguments)
    if options.count < 1 or options.columns < 1 or options.side < 1 or options.skip < 0:
        parser.error("--count, --columns and --side must be at least 1, --skip at least 0")
    try:
        edits = {name: float(value) for name, value in (each.split("=", 1) for each in options.edit)}
    except ValueError as error:
        parser.error(f"--edit: {error}")
    try:
        look = Look(strength=options.strength, texture=options.texture, edits=edits)
    except RetouchError as error:
        parser.error(error.explain())
    try:
        judge = PixelRater(options.judge)
        photos = list(options.photos)
        if options.data:
            photos += choose_photos(options.data, options.count, judge.fold, options.skip)
        age_gender = AgeGender(zoo.path("age-gender", "age-v1.onnx").parent)
        if options.sheet:
            output_files.check((), [options.sheet], force=True)
    except RetouchError as error:
        parser.error(error.explain())
    if not photos:
        parser.error("name photographs, or --data")
    retoucher = Retoucher()
    instruments = Instruments(judge, load_recognizer(), age_gender)
    rows, pairs, seconds = [], [], dict[str, float]()
    names = [field.name for field in fields(Row)]
    sys.stdout.write(f"{'photo':14}" + "".join(f"{name[:8]:>9}" for name in names) + "\n")
    for path in photos:
        try:
            picture = read_picture(path)
        except PictureError as error:
            sys.stdout.write(f"{path.stem:14}  {error}\n")
            continue
        pixels, space = picture.pixels, WorkingSpace.of(picture.icc)
        photo = retoucher.open(pixels, icc=picture.icc)
        if not photo.faces:
            sys.stdout.write(f"{path.stem:14}  no face\n")
            continue
        try:
            behind = bend = math.nan
            if options.backgrounds:
                crop, alignment = face_crop(pixels, np.array(photo.faces[0].landmarks), space)
                points = alignment.to_crop(np.array(photo.faces[0].landmarks))
                leaks = leak_before_backgrounds(crop, points, look, retoucher)
                behind = max(leaks.values(), default=math.nan)
                bend = bend_of_gratings(crop, points, look, retoucher)
                listed = ", ".join(f"{name} {value:.2f}" for name, value in leaks.items())
                sys.stdout.write(f"{'':14}  leak before {listed}\n")
            row, pair = measure(photo, pixels, look, instruments, retoucher.networks, behind, bend, space)
        except RetouchError as error:
            sys.stdout.write(f"{path.stem:14}  {error}\n")
            continue
        rows.append(row)
        pairs.append(pair)
        for step, value in photo.seconds.items():
            seconds[step] = seconds.get(step, 0.0) + value
        sys.stdout.write(
            f"{path.stem:14}" + "".join(f"{float(getattr(row, name)):9.3f}" for name in names) + "\n"
        )
        sys.stdout.write(
            f"{'':14}  {_steps(photo.seconds)}; memory at most {_peak_memory():.2f} GiB so far\n"
        )
        sys.stdout.flush()
    if not rows:
        sys.stdout.write("no face in any photograph\n")
        return 1
    sys.stdout.write(totals(rows))
    means = {step: value / len(rows) for step, value in seconds.items()}
    sys.stdout.write(f"a photo, on average: {_steps(means)}\npeak memory: {_peak_memory():.2f} GiB\n")
    if options.sheet and not cv2.imwrite(
        str(options.sheet), sheet(pairs, options.columns, options.side)[..., ::-1]
    ):
        sys.stdout.write(f"{options.sheet} was not written\n")
        return 1
    return 0


def _steps(seconds: Mapping[str, float]) -> str:
    return "seconds: " + ", ".join(f"{step} {value:.2f}" for step, value in seconds.items())


def _peak_memory() -> float:
    """The peak memory of this process in GiB."""
    unit = 2**30 if sys.platform == "darwin" else 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


if __name__ == "__main__":
    sys.exit(main())
