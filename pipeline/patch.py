"""Carries a change from the crop onto the photograph's own pixels, at their own size and depth.

The fields of a change are smooth, so they may be enlarged; the photograph itself is sampled once, at full
resolution, and only inside the face. It is worked on in strips, so that a large face needs little memory.
"""

import math
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.align import Alignment
from pipeline.change import Change
from pipeline.working_space import PLAIN, WorkingSpace
from retouchml.scripting.patches import Patch, full_scale, layer_of, paint, painted

__all__ = ["Patch", "box_of", "changed_pixels", "layer_of", "make_patch", "paint", "painted"]

_STRIP = 1 << 20  # pixels
_FINEST = 0.6  # crop pixels, or photo pixels if these are larger; finer detail is lost between the two
Corners = tuple[int, int, int, int]
"""A rectangle of a photo: left, top, right, bottom."""
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def make_patch(
    photo: NDArray[np.generic],  # [H, W, C]
    alignment: Alignment,  # of the change's pixels
    change: Change,  # [h, w]
    support: NDArray[np.uint8],  # [h, w] 1 where the change may change something
    face: int,
    space: WorkingSpace = PLAIN,
) -> Patch | None:
    """The patch of a change on a photo; None if it lies outside.

    space: in which the change was computed, from the photo's pixels
    """
    box = box_of(alignment, support, photo.shape)
    if box is None:
        return None
    pixels = changed_pixels(photo, alignment, change, support, box, space)
    return Patch(face, box[0], box[1], pixels)


def changed_pixels(
    photo: NDArray[np.generic],  # [H, W, C]
    alignment: Alignment,  # of the change's pixels
    change: Change,  # [h, w]
    support: NDArray[np.uint8],  # [h, w] 1 where the change may change something
    box: Corners,
    space: WorkingSpace,
    kept: "dict[Corners, NDArray[np.float32]] | None" = None,
) -> NDArray[np.generic]:
    """The pixels of a patch in a box: RGBA, straight alpha, the photo's depth.

    kept: strips of the displaced photo, read and written; only for the same photo, alignment and flow
    """
    left, top, right, bottom = box
    result = np.empty((bottom - top, right - left, 4), photo.dtype)
    smooth = np.dstack([change.flow, change.cover, change.smoothing])
    ratio = alignment.side / alignment.size
    blur = _FINEST * max(1.0, ratio)
    covers, smooths = change.cover.any(), change.smoothing.any()
    margin = math.ceil(4.0 * blur)  # for the blur of a strip's first and last rows
    for low, high in _strips(top, bottom, right - left):
        strip = (left, max(top, low - margin), right, min(bottom, high + margin))
        inside = _sampled(support.astype(np.float32), alignment, strip, cv2.INTER_LINEAR) > 0.0
        flow = _sampled(smooth, alignment, strip, cv2.INTER_LINEAR)
        # Linear interpolation would blur the fine detail of the colour.
        color = _sampled(change.color, alignment, strip, cv2.INTER_CUBIC)
        moved = None if kept is None else kept.get(strip)
        if moved is None:
            moved = _displaced(photo, alignment, flow[..., :2], strip, space)
            if kept is not None:
                kept[strip] = moved
        changed = moved + color
        if smooths:
            # Smooth the grain that is too fine for the crop, or is lost in sampling.
            blurred = cv2.GaussianBlur(changed, (0, 0), blur)
            changed += (blurred - changed) * flow[..., 3:4]
        if covers:
            pixels = _sampled(change.pixels, alignment, strip, cv2.INTER_CUBIC)
            changed += (pixels - changed) * flow[..., 2:3]
        if photo.shape[2] < 3:
            changed = np.repeat((changed @ _LUMA)[..., None], 3, axis=2)
        without_margin = slice(low - strip[1], high - strip[1])
        rows, original = result[low - top : high - top], _rgb(photo[low:high, left:right])
        rows[..., :3] = np.where(
            inside[without_margin, :, None], space.changed(original, changed[without_margin]), original
        )
        rows[..., 3] = np.where(inside[without_margin], full_scale(photo.dtype), 0)
    return result


def _strips(top: int, bottom: int, width: int) -> Iterator[tuple[int, int]]:
    rows = max(1, _STRIP // max(1, width))
    for low in range(top, bottom, rows):
        yield low, min(bottom, low + rows)


def box_of(alignment: Alignment, support: NDArray[np.uint8], shape: tuple[int, ...]) -> Corners | None:
    """The rectangle of a photo [H, W, C] around a support [h, w] in a crop.

    None if the support is empty or lies outside the photo.
    """
    rows, columns = np.flatnonzero(support.any(1)), np.flatnonzero(support.any(0))
    if not len(rows):
        return None
    x0, x1, y0, y1 = columns[0] - 1.0, columns[-1] + 1.0, rows[0] - 1.0, rows[-1] + 1.0
    corners = alignment.to_photo(np.array([[x0, y0], [x1, y0], [x0, y1], [x1, y1]]))
    low = np.maximum(np.floor(corners.min(0)).astype(int), 0)
    high = np.minimum(np.ceil(corners.max(0)).astype(int) + 1, (shape[1], shape[0]))
    if (high <= low).any():
        return None
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _sampled(
    field: NDArray[np.float32], alignment: Alignment, strip: Corners, interpolation: int
) -> NDArray[np.float32]:
    """A field of the crop at the photo's own pixels in a strip; zero elsewhere."""
    left, top, right, bottom = strip
    offset = alignment.matrix[:, 2] - (left, top)
    to_strip = np.hstack([alignment.matrix[:, :2], offset[:, None]])
    size = (right - left, bottom - top)
    return np.asarray(cv2.warpAffine(field, to_strip, size, flags=interpolation), np.float32)


def _displaced(
    photo: NDArray[np.generic],  # [H, W, C]
    alignment: Alignment,
    flow: NDArray[np.float32],  # [h, w, 2] of the strip, in crop pixels
    strip: Corners,
    space: WorkingSpace,
) -> NDArray[np.float32]:
    """The photo sampled at x + flow(x): float32 [h, w, 3] of the working space."""
    left, top, right, bottom = strip
    if not flow.any():
        return space.decode(photo[top:bottom, left:right])
    moved = flow @ alignment.matrix[:, :2].T.astype(np.float32)
    reach = int(np.abs(moved).max(initial=0.0)) + 6
    if photo.shape[2] in (2, 4):
        reach *= 2  # the nearest visible pixel may lie as far again
    height, width = photo.shape[:2]
    x0, y0 = max(0, left - reach), max(0, top - reach)
    x1, y1 = min(width, right + reach), min(height, bottom + reach)
    y, x = np.mgrid[top:bottom, left:right].astype(np.float32)
    source = space.decode(photo[y0:y1, x0:x1])
    columns, rows = x - np.float32(x0) + moved[..., 0], y - np.float32(y0) + moved[..., 1]

    def sample(image: NDArray[np.float32]) -> NDArray[np.float32]:
        values = cv2.remap(image, columns, rows, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REFLECT_101)
        return np.asarray(values, np.float32)

    sampled = sample(source)
    if photo.shape[2] in (2, 4):
        visible = photo[y0:y1, x0:x1, -1] != 0
        if visible.any() and not visible.all():
            # Transparent pixels beside a face that was cut out must not become visible.
            target = visible[top - y0 : bottom - y0, left - x0 : right - x0, None]
            sampled = np.where(target, sample(_spread(source, visible)), sampled)
    return sampled


def _spread(image: NDArray[np.float32], visible: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The image [H, W, 3] in which pixels that are not visible have the colour of the nearest that is."""
    _, labels = cv2.distanceTransformWithLabels(
        (~visible).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    nearest = np.zeros((labels.max() + 1, 3), np.float32)
    nearest[labels[visible]] = image[visible]
    return np.asarray(nearest[labels], np.float32)


def _rgb(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    return pixels[..., :3] if pixels.shape[2] >= 3 else np.repeat(pixels[..., :1], 3, axis=2)
