"""Eye whites, irises, lashes and the skin under the eyes."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.masks import Mask, Points
from pipeline.regions.contours import Contours, Eye
from pipeline.regions.geometry import Box, blurred, curve, disc, polygon, smoothstep
from pipeline.regions.iris import Iris, find_iris

_COLUMNS = 33  # points along the lower lid
_PLAIN = 0.6  # of the eye's width; depth of the skin under an eye without a bag
_DEPTHS = (0.2, 1.0, 33)  # of the eye's width; where a fold is looked for: from, to, at how many depths
_AROUND = 0.15  # of the eye's width; what lies that far above and below a fold is lighter
_VALLEY = 1.5  # L* by which it is
_FOLD = 0.2  # of the eye's width; from a fold to the end of its shade
_FULL = 2.6  # exponent of the crescent's form: 2 is an ellipse, more is fuller at the corners
_SOFT = 0.09  # of the eye's width; blur of its edge
_WIDER = 0.1  # of the eye's width by which a bag passes either corner
_OPEN = 0.16  # height of an eye by its width below which it is as good as closed


def eye_regions(
    lab: NDArray[np.float32], faces: Sequence[Contours], skin_color: NDArray[np.float32]
) -> tuple[Mask, Mask, Mask, Mask]:
    """The masks [S, S] of eye whites, irises, lashes and the skin under the eyes.

    lab: the crop in CIE Lab; faces: contours of the same face from several sources, of which each eye takes
    those in which an iris is seen best; skin_color: the median Lab [3] of this face's skin
    """
    size = lab.shape[0]
    whites, irises, lashes, under = (np.zeros((size, size), np.float32) for _ in range(4))
    for eyes in zip(*(contours.eyes for contours in faces), strict=True):
        box = Box.around(np.concatenate([eye.outline for eye in eyes]), 1.3 * eyes[0].width, lab.shape)
        if box.empty or min(eye.width for eye in eyes) < 4.0:
            continue
        part = box.of(lab)
        seen = max(
            (_seen(part, Eye(box.local(eye.upper), box.local(eye.lower))) for eye in eyes), key=_certainty
        )
        lids, width = seen.lids, seen.eye.width
        iris = np.zeros_like(lids)
        if seen.iris is not None:
            iris = smoothstep(seen.iris.distance(lids.shape), 1.06, 0.94) * lids
        np.maximum(box.of(irises), iris, out=box.of(irises))
        np.maximum(box.of(whites), _white(part, lids, iris, width, skin_color), out=box.of(whites))
        np.maximum(box.of(lashes), _lashes(seen.eye, box.shape), out=box.of(lashes))
        np.maximum(box.of(under), _under(np.ascontiguousarray(part[..., 0]), seen.eye), out=box.of(under))
    return whites, irises, lashes, under


@dataclass(frozen=True)
class _Seen:
    """An eye and what is seen in it."""

    eye: Eye
    lids: Mask  # [H, W] the opening between the lids
    iris: Iris | None


def _seen(lab: NDArray[np.float32], eye: Eye) -> _Seen:
    lids = polygon(eye.outline, (lab.shape[0], lab.shape[1]))
    light = np.ascontiguousarray(lab[..., 0])
    return _Seen(eye, lids, find_iris(light, eye, lids) if eye.openness > _OPEN else None)


def _certainty(seen: _Seen) -> float:
    return seen.iris.certainty if seen.iris is not None else 0.0


def _white(lab: NDArray[np.float32], lids: Mask, iris: Mask, width: float, skin: NDArray[np.float32]) -> Mask:
    """The pale part of the opening.

    Veins are as red as skin, so that colour is judged over a width that is larger than theirs.
    """
    inner = cv2.erode(lids, disc(0.02 * width)) * (1.0 - cv2.dilate(iris, disc(0.02 * width)))
    inside = inner > 0.5
    if inside.sum() < 8:
        return np.zeros_like(lids)
    weight = blurred(inner, 0.05 * width) + 1e-4
    smooth = blurred(lab * inner[..., None], 0.05 * width) / weight[..., None]
    level = max(5.0, float(np.quantile(smooth[..., 0][inside], 0.85)))
    light = smoothstep(
        np.minimum(smooth[..., 0], blurred(lab[..., 0], 0.02 * width)), 0.55 * level, 0.8 * level
    )
    chroma, bound = np.hypot(smooth[..., 1], smooth[..., 2]), float(np.hypot(skin[1], skin[2]))
    pale = smoothstep(chroma, max(bound, 14.0), max(0.7 * bound, 9.0))
    return np.asarray(blurred(inner * light * pale, 0.025 * width) * lids, np.float32)


def _lashes(eye: Eye, shape: tuple[int, int]) -> Mask:
    mask = np.zeros(shape, np.float32)
    line = np.rint(curve(eye.upper, closed=False)).astype(np.int32)
    cv2.polylines(mask, [line], False, 1.0, max(1, round(0.16 * eye.width)))
    return blurred(mask, 0.04 * eye.width)


def _under(light: NDArray[np.float32], eye: Eye) -> Mask:
    """The crescent below the lower lid, with the fold of a bag if there is one; light: L* [H, W]."""
    shape = (light.shape[0], light.shape[1])
    depth = _bag(light, eye)
    # A bag is as wide as the eye down to its fold; without one the skin passes into the cheek.
    bag = depth is not None
    top = _below(eye, np.full(_COLUMNS, 0.12), bag)
    bottom = _below(eye, _profile(_PLAIN if depth is None else max(depth + _FOLD, _PLAIN)), bag)
    return blurred(polygon(np.concatenate([top, bottom[::-1]]), shape), _SOFT * eye.width)


def _bag(light: NDArray[np.float32], eye: Eye) -> float | None:
    """How far below the lid, in widths of the eye, the fold of a bag lies; None if none is seen.

    A fold is a dark line along the lid: the mean along curves below it has a valley there.
    """
    smooth = blurred(light, 0.03 * eye.width)
    depths = np.linspace(*_DEPTHS)
    middle = slice(_COLUMNS // 6, -(_COLUMNS // 6))
    courses = []
    for depth in depths:
        points = np.rint(_below(eye, _profile(depth), wide=True)[middle]).astype(int)
        within = ((points >= 0) & (points < light.shape[::-1])).all(1)
        if within.mean() < 0.8:
            break
        x, y = points[within].T
        courses.append(float(smooth[y, x].mean()))
    step = round(_AROUND / (depths[1] - depths[0]))
    course = np.array(courses)
    if len(course) <= 2 * step:
        return None
    valley = (course[: -2 * step] + course[2 * step :]) / 2.0 - course[step:-step]
    deepest = int(np.argmax(valley))
    return float(depths[deepest + step]) if valley[deepest] > _VALLEY else None


def _profile(depth: float) -> NDArray[np.float64]:
    """The depths of a crescent's lower edge, in widths of the eye, from corner to corner."""
    along = np.linspace(-1.0, 1.0, _COLUMNS)
    return np.asarray(
        0.14 + (depth - 0.14) * np.clip(1.0 - np.abs(along) ** _FULL, 0.0, 1.0) ** (1.0 / _FULL)
    )


def _below(eye: Eye, depths: NDArray[np.float64], wide: bool) -> Points:
    """Points [N, 2] below the lower lid, at depths [N] in widths of the eye; wide: past its corners."""
    lower = curve(eye.lower, closed=False)
    across = (lower[-1] - lower[0]) / max(eye.width, 1e-6)
    down = np.array([-across[1], across[0]])
    share = np.linspace(0.0, 1.0, _COLUMNS)
    places = np.linspace(0.0, 1.0, len(lower))
    lid = np.stack([np.interp(share, places, lower[:, axis]) for axis in (0, 1)], 1)
    if wide:
        lid = lid + ((2.0 * share - 1.0) * _WIDER * eye.width)[:, None] * across
    return np.asarray(lid + (depths * eye.width)[:, None] * down)
