"""Measures the retouch of one face."""

import math
import time
from dataclasses import asdict, dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.figures.faces import bare_skin
from benchmarks.figures.leak import leak
from benchmarks.figures.light import light_moved
from benchmarks.figures.sharpness import grain, sharpness
from benchmarks.figures.teeth import teeth_whitened, teeth_yellower
from benchmarks.quality.local_sliders import local_figures
from benchmarks.quality.row import Row
from benchmarks.quality.subject import Subject
from benchmarks.second_recognizer import SecondRecognizer
from pipeline.align import Alignment
from pipeline.attributes import AgeGender, geometric
from pipeline.masks import RIM, outline
from pipeline.networks import Networks
from pipeline.rater import PixelRater
from retouchml import Look
from retouchml.errors import RetouchError
from retouchml.sliders import EYES_AND_TEETH, SKIN, TEXTURE, in_group

_WHITENED = 0.6  # value of the slider at which teeth must be whiter


@dataclass(frozen=True)
class Instruments:
    """The models that measure the retouch."""

    judge: PixelRater
    age_gender: AgeGender
    second: SecondRecognizer | None  # None where it was not fetched


def measure(
    subject: Subject,
    look: Look,
    instruments: Instruments,
    networks: Networks,
    behind: float = math.nan,  # the figure of this name
    bend: float = math.nan,  # the same
) -> tuple[Row, NDArray[np.float32]]:
    """Retouch a face and measure; also returns before and after side by side.

    Raises RetouchError if nothing changed.
    """
    photo, before = subject.photo, subject.before
    photo.prepare([0])
    start = time.monotonic()
    patches = photo.render({0: look})
    result = photo.apply(patches)
    seconds = time.monotonic() - start
    if not patches:
        raise RetouchError("this look changes nothing of this face")
    report = photo.report(patches)[0]
    after = subject.crop_of(result)
    # Landmarks of both are found in the same way, so that only the retouch makes a difference.
    points, points_after = networks.finder.landmarks_in_crops(before, after)
    light = light_moved(before, after, points, bare_skin(before, points) & bare_skin(after, points))
    age_before, male_before = instruments.age_gender(before, points)
    age_after, male_after = instruments.age_gender(after, points_after)
    moves = _moves(points, points_after, networks)
    path = subject.retouched(without_local_sliders(look))
    untouched = subject.retouched(Look(strength=0.0, texture=look.texture))
    row = Row(
        identity=report.identity_distance,
        second=_second(instruments.second, before, after, points, points_after),
        gain=instruments.judge.rate(after, points_after) - instruments.judge.rate(before, points),
        guided=report.score_after - report.score_before,
        # where the photo's own landmarks are: found again, they may slip, and measure another place
        sharpness=sharpness(after, subject.points) / sharpness(before, subject.points),
        skin=grain(after, points) / grain(before, points),
        smile=moves["smile"],
        yaw=moves["yaw"],
        mouth=moves["mouth_open"],
        male=abs(male_after - male_before),
        age=age_after - age_before,
        leak=leak(before, after, points),
        behind=behind,
        across=light.across,
        down=light.down,
        lightness=light.mean,
        teeth=_yellower(subject, look, networks),
        whiter=_whiter(subject, points),
        **asdict(local_figures(subject, networks.mesh)),
        bend=bend,
        outside=float(
            changed_outside(
                subject.pixels, path, before, subject.crop_of(path), subject.alignment, subject.points
            )
        ),
        untouched=bool(np.array_equal(untouched, subject.pixels)),
        seconds=seconds,
    )
    return row, np.hstack([before, after])


def _whiter(subject: Subject, points: NDArray[np.float64]) -> float:
    if not subject.has_whole("teeth"):  # a hand before the mouth may look like teeth
        return math.nan
    return _or_nan(teeth_whitened(subject.before, subject.alone(teeth=_WHITENED), points))


def _yellower(subject: Subject, look: Look, networks: Networks) -> float:
    if not subject.has_whole("teeth"):
        return math.nan
    after = subject.crop_of(subject.retouched(look.with_values({"teeth": 0.0})))
    points, points_after = networks.finder.landmarks_in_crops(subject.before, after)
    return _or_nan(teeth_yellower(subject.before, after, points, points_after))


def _moves(
    points: NDArray[np.float64], points_after: NDArray[np.float64], networks: Networks
) -> dict[str, float]:
    """How far each measure of the landmarks moved, in standard deviations of the generator's samples."""
    before, after = geometric(points), geometric(points_after)
    attributes = networks.edit_applier.attributes
    spread = dict(zip(attributes.outputs, attributes.deviation.tolist(), strict=True))
    return {name: float(abs(after[name] - before[name]) / spread[name]) for name in before if name in spread}


def _second(
    recognizer: SecondRecognizer | None,
    before: NDArray[np.float32],
    after: NDArray[np.float32],
    points: NDArray[np.float64],
    points_after: NDArray[np.float64],
) -> float:
    if recognizer is None:
        return math.nan
    return float(recognizer.describe(before, points) @ recognizer.describe(after, points_after))


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def without_local_sliders(look: Look) -> Look:
    """The look without the sliders that change ears and neck, too."""
    local = (*in_group(SKIN), *in_group(EYES_AND_TEETH))
    return look.with_values({slider.name: 0.0 for slider in local if slider.name != TEXTURE})


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
    # The rim is measured from a grown outline, and resampling blends neighbours.
    beyond = distance > RIM * size + 0.02 * size + 3.0
    beyond &= alignment.inside(*pixels.shape[:2]) > 2.0  # past the frame, a crop shows no photo
    left, top, right, bottom = alignment.bounds(*pixels.shape[:2])
    differ: NDArray[np.bool_] = np.not_equal(pixels, result).reshape(*pixels.shape[:2], -1).any(axis=2)
    differ[top:bottom, left:right] = False
    return int((before != after).any(axis=2)[beyond].sum() + differ.sum())
