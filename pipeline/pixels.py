"""Conversion between a photograph's own pixels and the pipeline's float32 RGB in [0, 1]."""

import numpy as np
from numpy.typing import NDArray

from retouchml.errors import PictureUnsupported

_FULL_SCALE = {np.dtype(np.uint8): 255.0, np.dtype(np.uint16): 65535.0, np.dtype(np.float32): 1.0}


def full_scale(dtype: np.dtype[np.generic]) -> float:
    """The value of white. Raises PictureUnsupported for a depth that is not handled."""
    try:
        return _FULL_SCALE[np.dtype(dtype)]
    except KeyError:
        raise PictureUnsupported(
            f"Pixels of type {dtype} are not handled.", "Use 8 or 16 bit integers, or 32 bit floats."
        ) from None


def as_channels(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    """[H, W] or [H, W, C] → [H, W, C]. Raises PictureUnsupported for another shape."""
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 2, 3, 4) or 0 in pixels.shape:
        raise PictureUnsupported(
            f"An array of shape {pixels.shape} is no picture.",
            "Pass [H, W], or [H, W, C] with 1 to 4 channels.",
        )
    full_scale(pixels.dtype)
    return pixels


def to_float_rgb(pixels: NDArray[np.generic]) -> NDArray[np.float32]:
    """[H, W, C] of any depth → [H, W, 3] float32, white at 1; grey is repeated, alpha dropped, NaN black."""
    color = pixels[..., :3] if pixels.shape[2] >= 3 else np.repeat(pixels[..., :1], 3, axis=2)
    values = np.asarray(color, np.float32)
    if pixels.dtype == np.float32:
        return np.nan_to_num(values, nan=0.0, posinf=1.0, neginf=0.0)
    return values * np.float32(1.0 / full_scale(pixels.dtype))


def from_float(values: NDArray[np.float32], dtype: np.dtype[np.generic]) -> NDArray[np.generic]:
    """float32 with white at 1 → the photograph's own depth, rounded; only whole numbers are clipped."""
    scale = full_scale(dtype)
    if scale == 1.0:
        return values.astype(dtype)
    whole: NDArray[np.generic] = np.clip(np.rint(values * np.float32(scale)), 0.0, scale).astype(dtype)
    return whole
