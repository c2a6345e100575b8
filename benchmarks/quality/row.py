"""The figures of one retouched face, and what each of them should reach."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Row:
    """The figures of one face: differences are after less before, ratios after over before.

    NaN where a face has nothing to measure, or where it was not asked for.
    """

    identity: float  # distance between dlib's descriptors before and after
    second: float  # cosine of the second recogniser's, which guides nothing
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
    behind: float  # the highest leak before a saturated background
    across: float  # change of the slope of the skin's L* across the face
    down: float  # the same, down the face
    lightness: float  # change of the skin's mean L*
    teeth: float  # rise of the teeth's b* with teeth=0
    whiter: float  # share of its distance to neutral that their b* loses at teeth=0.6 alone
    spots: float  # red spots before
    spots_left: float  # share of them that is seen at blemishes=1 alone
    marks_left: float  # the same at marks=1, too: what is red may be a mole
    spots_grain: float  # fine band in the healed places, by that beside them before
    under_eyes: float  # contrast under the eyes at under_eyes=1 alone, ratio
    shine: float  # area that shines at shine=1 alone, ratio
    bend: float  # displacement of straight lines behind the head, in % of the face
    outside: float  # pixels that changed beyond the face and its rim, local sliders at 0
    untouched: bool  # whether strength 0 gave back the photo
    seconds: float  # to render and stitch


Statistic = Literal["median", "mean", "worst", "pooled"]
"""pooled: the mean with the weight of each face's spots."""


@dataclass(frozen=True)
class Goal:
    """What a statistic of a figure should reach."""

    statistic: Statistic
    bound: float
    strength: float | None = None  # the only one at which the goal is set; None for all


@dataclass(frozen=True)
class Figure:
    """A figure by the name that it has in ``Row``, and in which direction it is better."""

    name: str
    better: Literal["lower", "higher", "near 0", ""]  # "" where neither is
    goals: tuple[Goal, ...] = ()

    def sizes(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the statistics are of: values [N], or how far they are from 0."""
        return np.abs(values) if self.better == "near 0" else values

    def worst(self, values: NDArray[np.float64]) -> int:
        """The number of the worst of values [N], the largest if no direction is better."""
        sizes = self.sizes(values)
        return int(sizes.argmin() if self.better == "higher" else sizes.argmax())

    def reaches(self, value: float, bound: float) -> bool:
        """Whether a statistic reaches a bound."""
        return value >= bound if self.better == "higher" else value <= bound


def _both(median: float, worst: float) -> tuple[Goal, ...]:
    return Goal("median", median), Goal("worst", worst)


FIGURES = (
    Figure("identity", "lower", _both(0.25, 0.4)),
    Figure("second", "higher"),
    Figure("gain", "higher", (Goal("mean", 0.35, strength=1.0),)),
    Figure("guided", "higher"),
    Figure("sharpness", "higher", (Goal("worst", 0.95),)),
    Figure("skin", "higher"),
    Figure("smile", "lower"),
    Figure("yaw", "lower"),
    Figure("mouth", "lower"),
    Figure("male", "lower"),
    Figure("age", "near 0"),
    Figure("leak", "lower", _both(2.0, 4.0)),
    Figure("behind", "lower", _both(2.0, 4.0)),
    Figure("across", "near 0", _both(0.7, 2.0)),
    Figure("down", "near 0", _both(0.7, 2.0)),
    Figure("lightness", "near 0", (Goal("worst", 0.5),)),
    Figure("teeth", "lower", (Goal("worst", 0.5),)),
    Figure("whiter", "higher", (Goal("worst", 0.2),)),
    Figure("spots", ""),
    Figure("spots_left", "lower", (Goal("pooled", 0.2),)),
    Figure("marks_left", "lower", (Goal("pooled", 0.2),)),
    Figure("spots_grain", "higher", (Goal("median", 0.9),)),
    Figure("under_eyes", "lower", (Goal("median", 0.5),)),
    Figure("shine", "lower", (Goal("median", 0.5),)),
    Figure("bend", "lower"),
    Figure("outside", "lower", (Goal("worst", 0.0),)),
    Figure("untouched", "higher", (Goal("worst", 1.0),)),
    Figure("seconds", "lower"),
)
"""In the order of ``Row``. The goals are those at which version 0.2.0 aims."""
