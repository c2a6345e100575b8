"""Fields over skin: weighted means, and the smooth continuation of skin across what is not skin.

A reduced copy is enough for whatever is smooth; only differences are enlarged again, so that grain stays.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.masks import Mask

_LEAST_WEIGHT = 1e-4
_COARSEST = 4  # pixels; side of the coarsest level of a pyramid


def reduced(field: NDArray[np.float32], size: int, side: int) -> NDArray[np.float32]:
    """A field [H, W(, C)] of a crop of side ``size``, as of a crop of about ``side`` pixels, never enlarged.

    Its sides are whole, so that the scale may differ by a pixel in either direction.
    """
    if size <= side:
        return field
    height, width = (max(1, round(n * side / size)) for n in field.shape[:2])
    return np.asarray(cv2.resize(field, (width, height), interpolation=cv2.INTER_AREA), np.float32)


def enlarged(field: NDArray[np.float32], like: NDArray[np.float32]) -> NDArray[np.float32]:
    """A reduced field at the sides of ``like`` [H, W(, C)]."""
    height, width = like.shape[:2]
    if field.shape[:2] == (height, width):
        return field
    return np.asarray(cv2.resize(field, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def blurred(field: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Gaussian blur of a field [H, W(, C)]; a wide one is computed at reduced size."""
    if sigma < 0.3:
        return field
    factor = 2 ** int(np.log2(max(sigma / 3.0, 1.0)))
    height, width = field.shape[:2]
    if factor == 1 or min(height, width) < 4 * factor:
        return np.asarray(cv2.GaussianBlur(field, (0, 0), sigma), np.float32)
    small = cv2.resize(field, (width // factor, height // factor), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / factor)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def mean_within(values: NDArray[np.float32], weight: Mask, sigma: float) -> NDArray[np.float32]:
    """Gaussian mean of ``values`` [H, W(, C)] where ``weight`` [H, W] is (normalised convolution).

    Knutsson, Westin, "Normalized and differential convolution", CVPR 1993. Far from all weight it is the
    weighted mean of everything.
    """
    spread = weight if values.ndim == 2 else weight[..., None]
    total = max(float(weight.sum()), _LEAST_WEIGHT)
    overall = (values * spread).sum((0, 1)) / total
    below = blurred(weight, sigma) + _LEAST_WEIGHT
    above = blurred(np.asarray((values - overall) * spread, np.float32), sigma)
    return np.asarray(above / (below if values.ndim == 2 else below[..., None]) + overall, np.float32)


def continued(values: NDArray[np.float32], known: Mask) -> NDArray[np.float32]:
    """``values`` [H, W(, C)] where ``known`` [H, W] is 1, and their smooth continuation where it is 0.

    Pull and push over a pyramid (Gortler et al., "The Lumigraph", SIGGRAPH 1996), close to a membrane.
    """

    def spread(weight: Mask) -> NDArray[np.float32]:
        return weight if values.ndim == 2 else weight[..., None]

    levels = [(values * spread(known), known)]
    while min(levels[-1][1].shape) > _COARSEST:
        above, below = (np.asarray(cv2.pyrDown(each), np.float32) for each in levels[-1])
        share = np.maximum(below, 1e-8)
        full = np.minimum(4.0 * below, 1.0)  # a quarter of the pixels decides for all of them
        levels.append((above * spread(full / share), full))
    above, below = levels.pop()
    result = above.sum((0, 1)) / max(float(below.sum()), _LEAST_WEIGHT)
    result = np.asarray(above + (1.0 - spread(below)) * result, np.float32)
    while levels:
        above, below = levels.pop()
        height, width = below.shape
        coarser = cv2.resize(result, (width, height), interpolation=cv2.INTER_LINEAR)
        result = np.asarray(above + (1.0 - spread(below)) * coarser, np.float32)
    return result


def level(shift: NDArray[np.float32], skin: Mask) -> NDArray[np.float32]:
    """A shift [H, W, C] without its mean and its slopes over the skin [H, W]: overall tone and light stay."""
    step = max(1, min(skin.shape) // 256)  # a sample is enough to fit a plane
    weight = skin[::step, ::step]
    if float(weight.sum()) < 1.0:
        return shift
    y, x = (np.linspace(-0.5, 0.5, n, dtype=np.float32) for n in skin.shape)
    down, across = np.broadcast_arrays(y[::step, None], x[None, ::step])
    sample = np.stack([np.ones(weight.shape, np.float32), across, down], -1).reshape(-1, 3)
    # Weighted least squares, by the normal equations.
    weighted = sample * weight.reshape(-1, 1)
    gram = weighted.T @ sample + 1e-4 * float(weight.sum()) * np.diag([0.0, 1.0, 1.0])
    values = shift[::step, ::step].reshape(len(weighted), -1)
    mean, right, low = np.linalg.solve(gram, weighted.T @ values).astype(np.float32)
    course = x[None, :, None] * right + (y[:, None, None] * low + mean)
    course *= skin[..., None]
    return np.asarray(np.subtract(shift, course, out=course), np.float32)


def without_specks(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """A reduced picture [H, W, 3] without what is smaller than two pixels around: freckles, pores, glints."""
    return np.asarray(cv2.medianBlur(np.ascontiguousarray(picture), 5), np.float32)


def smoothstep(values: NDArray[np.float32], low: float, high: float) -> Mask:
    """0 below ``low``, 1 above ``high``, smooth between; falling if ``low`` > ``high``, a step if equal."""
    if low == high:
        return np.asarray(values > low, np.float32)
    t = np.clip((values - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), np.float32)
