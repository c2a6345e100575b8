"""Eye whites, irises, lashes and the skin under the eyes."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.masks import Mask
from pipeline.regions.contours import Contours, Eye
from pipeline.regions.geometry import Box, blurred, curve, disc, polygon, smoothstep
from pipeline.regions.iris import Iris, find_iris

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
        box = Box.around(np.concatenate([eye.outline for eye in eyes]), 0.9 * eyes[0].width, lab.shape)
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
        np.maximum(box.of(under), _under(seen.eye, box.shape), out=box.of(under))
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


def _under(eye: Eye, shape: tuple[int, int]) -> Mask:
    width = eye.width
    lower = curve(eye.lower, closed=False)
    across = (lower[-1] - lower[0]) / max(width, 1e-6)
    down = np.array([-across[1], across[0]])
    along = np.linspace(-1.0, 1.0, len(lower))[:, None]
    top = lower + down * 0.12 * width
    bottom = lower + down * width * (0.14 + 0.46 * np.sqrt(np.clip(1.0 - along**2, 0.0, 1.0)))
    return blurred(polygon(np.concatenate([top, bottom[::-1]]), shape), 0.06 * width)
