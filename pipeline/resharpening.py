"""The fine detail of eyes, brows and lips that displacing them costs, to be added again."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.flow import displaced
from pipeline.masks import Mask

_MOST_SHARPENED = 1.0  # share of the fine detail that may be added
_ENLARGED = (
    0.95  # photo pixels to a crop pixel, below which the crop shows less blur than the photo will have
)

_LOST = 1.1  # variance over the own one to aim at in an enlarged crop: the way back to the photo costs some
_MARGIN = 16  # pixels beside what is sharpened, for blurs and interpolation

_Picture = NDArray[np.float32]  # [H, W, 3] in [0, 1]


def resharpened(
    crop: _Picture,
    color: _Picture,  # to be added to the displaced crop
    flow: NDArray[np.float32],  # [H, W, 2] crop pixels
    features: Mask,  # [H, W] eyes, brows and lips
    scale: float,  # photo pixels to a crop pixel
) -> _Picture:
    """Fine detail to add to eyes, brows and lips, which resampling blurs; zero where nothing moves.

    Its amount restores the variance of their Laplacian: a quadratic equation. A small face has an enlarged
    crop; as its photo's own, larger pixels are displaced in the end, they are what is measured.
    """
    if scale < _ENLARGED:  # the crop is small, and its parts begin between the photo's pixels
        return _added(crop, color, flow, features, scale)
    added = np.zeros_like(crop)
    if features.any():
        reach = _MARGIN + math.ceil(float(np.abs(flow).max()))
        part = _around(features, reach)
        crop, color, flow, features = (
            np.ascontiguousarray(each[part]) for each in (crop, color, flow, features)
        )
        added[part] = _added(crop, color, flow, features, scale)
    return added


def _around(mask: Mask, reach: int) -> tuple[slice, slice]:
    """The rows and columns of a mask that is not empty, and so many more on each side."""
    rows, columns = (np.flatnonzero(mask.any(axis)).tolist() for axis in (1, 0))
    return (
        slice(max(0, rows[0] - reach), rows[-1] + 1 + reach),
        slice(max(0, columns[0] - reach), columns[-1] + 1 + reach),
    )


def _added(
    crop: _Picture, color: _Picture, flow: NDArray[np.float32], features: Mask, scale: float
) -> _Picture:
    """As ``resharpened``, for the part of a crop that the features can reach."""
    fine = crop - cv2.GaussianBlur(crop, (0, 0), 1.0)
    squared = np.square(flow[..., 0]) + np.square(flow[..., 1])
    moved = np.asarray(1.0 - np.exp(-squared / 0.25), np.float32)
    features_after = displaced(features, flow)
    detail = np.asarray((features_after * moved)[..., None] * displaced(fine, flow), np.float32)
    before, after = features > 0.5, features_after > 0.5
    if min(before.sum(), after.sum()) < 2:  # a single pixel has no variance
        return np.zeros_like(crop)
    if scale < _ENLARGED:
        unmoved, changed, added = _in_photo_pixels(crop, color, flow, detail, scale)
        lost = _LOST
    else:
        unmoved, changed, added = crop, displaced(crop, flow) + color, detail
        lost = 1.0
    target = lost * _edges(unmoved)[before].var()
    covariance = np.cov(_edges(changed)[after], _edges(added)[after])
    discriminant = covariance[0, 1] ** 2 + covariance[1, 1] * (target - covariance[0, 0])
    share = (math.sqrt(max(discriminant, 0.0)) - covariance[0, 1]) / max(covariance[1, 1], 1e-12)
    return np.asarray(np.clip(share, 0.0, _MOST_SHARPENED) * detail, np.float32)


def _in_photo_pixels(
    crop: _Picture, color: _Picture, flow: NDArray[np.float32], detail: _Picture, scale: float
) -> tuple[_Picture, _Picture, _Picture]:
    """The crop, its change and its detail, as pixels of the photo hold them, at the crop's size."""
    height, width = crop.shape[:2]
    small = max(1, round(width * scale)), max(1, round(height * scale))

    def reduced(field: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.resize(field, small, interpolation=cv2.INTER_CUBIC), np.float32)

    def enlarged(field: NDArray[np.float32]) -> _Picture:
        return np.asarray(cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)

    pixels = reduced(crop)
    changed = displaced(pixels, reduced(flow) * np.float32(scale)) + reduced(color)
    return enlarged(pixels), enlarged(changed), enlarged(reduced(detail))


def _edges(image: _Picture) -> NDArray[np.float32]:
    """Laplacian [H, W] of the lightness of an image [H, W, 3]."""
    return np.asarray(cv2.Laplacian(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.CV_32F), np.float32)
