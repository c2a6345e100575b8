"""What a mouth shows that opens or closes: the generator's pixels, in the photograph's light and sharpness.

Flow cannot bring what the photograph does not show. Where the generator's lips open or close, its pixels
replace the photograph's, in whole regions. Everywhere else the photograph's own are moved, corners included.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.flow import Displacement
from pipeline.generated import GeneratedFace
from pipeline.masks import FaceMasks, Mask
from pipeline.mouth_match import color_match, reduced, sharp_as
from pipeline.regions.geometry import blurred, curve, disc, polygon
from pipeline.window import Window

_NEW_CONTENT = (0.05, 0.11)  # residual in [0, 1] above which flow explains badly, and not at all
_LEAST_GAP = 0.005  # of the crop's side; lips that are less apart on average are closed
_SOFT = 4.0 / 1024.0  # of the side; blur of the lips' contour
_COVER_SIDE = 512  # pixels; side of the reduced crop on which it is told what is replaced
_MARGIN = 8.0 / 1024.0  # of the side; around what is replaced, for blurs
_REMNANT = 0.12  # share of the lips; less of them is not kept beside what is replaced


@dataclass(frozen=True)
class OpenMouth:
    """The generator's pixels in the window of a mouth [h, w]."""

    window: Window
    cover: Mask  # how far they replace the photograph's
    pixels: NDArray[np.float32]  # [h, w, 3]
    teeth: Mask | None = None  # where they show teeth; None if these were not looked for

    @classmethod
    def of(
        cls,
        crop: NDArray[np.float32],  # [H, W, 3] in [0, 1]
        before: GeneratedFace,  # of it
        after: GeneratedFace,  # of the result
        masks: FaceMasks,
        flow: NDArray[np.float32],  # [H, W, 2] in pixels, from the one to the other
        size: int,  # side of the whole crop
    ) -> "OpenMouth":
        """The mouth of the result."""
        window = Window.around(masks.mouth, size)
        before, after, crop = before.within(window), after.within(window), window.of(crop)
        displace = Displacement(window.of(flow))
        moved, picture = displace(crop), displace(before.picture)
        mouth = window.of(masks.mouth)
        lips, closing = _lips_of(before, mouth, size)
        where, opening = _lips_of(after, mouth, size)
        # Lips that close are narrower: what is beside them was lips, as the photograph's contour tells.
        closes = opening.sum() < closing.sum()
        own, closing = displace.each(mouth if closes else lips, closing)
        where = np.maximum(where, own)
        where = np.asarray(np.clip(np.minimum(where, window.of(masks.motion)), 0.0, 1.0), np.float32)
        cover = _cover(after.picture - picture, where, opening, closing, size)
        pixels = after.picture.copy()
        part = _part_of(cover, max(8, round(_MARGIN * size)))
        if part is not None:
            skin, result = window.of(masks.skin), np.ascontiguousarray(pixels[part])
            sharp = sharp_as(crop, before.picture, result, mouth, size)
            pixels[part] = sharp + color_match(moved, picture, result, part, skin, mouth, size)
        return cls(window, cover, pixels, after.teeth)


def _part_of(cover: Mask, margin: int) -> tuple[slice, slice] | None:
    """The rows and columns around a cover [h, w], multiples of 8 from its corner; None if it is empty."""
    if not cover.any():
        return None
    rows, columns = (np.flatnonzero(cover.any(axis)).tolist() for axis in (1, 0))
    return (
        slice(max(0, rows[0] - margin) // 8 * 8, rows[-1] + 1 + margin),
        slice(max(0, columns[0] - margin) // 8 * 8, columns[-1] + 1 + margin),
    )


def _lips_of(face: GeneratedFace, mouth: Mask, size: int) -> tuple[Mask, Mask]:
    """The lips [h, w] of a picture with what lies between them, and that alone: nothing if they are closed.

    mouth: taken for both where the contours are not known
    """
    if face.lips is None:
        return mouth, mouth
    outer, inner = curve(face.lips[:12]), curve(face.lips[12:])
    shape = (mouth.shape[0], mouth.shape[1])
    within = blurred(polygon(outer, shape), _SOFT * size)
    # The box around lips that are closed and bent is high: their area tells.
    contour = inner.astype(np.float32)
    gap = cv2.contourArea(contour) / max(*cv2.minAreaRect(contour)[1], 1.0)
    if gap < _LEAST_GAP * size:
        return within, np.zeros(shape, np.float32)
    return within, polygon(inner, shape)


def _cover(
    residual: NDArray[np.float32],  # [h, w, 3] what flow does not explain
    where: Mask,
    opening: Mask,  # [h, w] what lies between the lips of the result
    closing: Mask,  # [h, w] what lay between those of the photograph, displaced
    size: int,
) -> Mask:
    """Where [h, w] the generator's pixels replace the photograph's: in whole regions, or not at all.

    A mixture would show teeth through a lip. A region that flow explains badly is replaced if some of it
    cannot be explained at all, and if lips open or close in it: skin beside a closed mouth is better moved.
    With it, the whole opening is replaced: teeth do not end half-way.
    """
    factor = max(1, size // _COVER_SIDE)
    height, width = where.shape
    if factor > 1:
        residual, where, opening, closing = (
            reduced(each, factor) for each in (residual, where, opening, closing)
        )
    low, high = _NEW_CONTENT
    unit = size / factor
    mean = cv2.transform(np.abs(blurred(residual, 0.003 * unit)), np.full((1, 3), 1.0 / 3.0))
    unexplained = blurred(mean, 0.004 * unit)
    inside = where > 0.05
    count, labels = cv2.connectedComponents(((unexplained > low) & inside).astype(np.uint8))
    kept = np.bincount(labels[(unexplained > high) & inside], minlength=count) > 0
    kept &= np.bincount(labels[np.maximum(opening, closing) > 0.5], minlength=count) > 0
    kept[0] = False
    new = kept[labels]
    if new.any():
        new |= (opening > 0.5) & inside & (unexplained > 0.5 * low)
    reach = max(1, round(0.006 * unit))
    closed = cv2.morphologyEx(new.astype(np.uint8), cv2.MORPH_CLOSE, disc(3 * reach + 1))
    replaced = _without_remnants(np.asarray(closed, np.uint8), where > 0.5)
    cover = blurred(cv2.dilate(replaced, disc(reach)).astype(np.float32), 0.004 * unit)
    cover = np.asarray(cover * np.clip(2.0 * where, 0.0, 1.0), np.float32)
    if factor > 1:
        cover = np.asarray(cv2.resize(cover, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    return cover


def _without_remnants(replaced: NDArray[np.uint8], lips: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Where pixels are replaced [h, w], with the small parts of lips that these cut off from the rest."""
    if not replaced.any():
        return replaced
    left = lips & (replaced == 0)
    _, labels, sizes, _ = cv2.connectedComponentsWithStats(left.astype(np.uint8))
    small = sizes[:, cv2.CC_STAT_AREA] < _REMNANT * np.count_nonzero(lips)
    small[0] = False
    return np.asarray(np.where(small[labels], 1, replaced), np.uint8)
