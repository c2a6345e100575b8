"""Conversion between a photograph's own pixels and the pipeline's float32 RGB in [0, 1]."""

import cv2
import numpy as np
from numpy.typing import NDArray

from retouchml.scripting.patches import as_channels, full_scale

__all__ = ["as_channels", "from_float", "full_scale", "resized", "to_float_rgb"]


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


def resized(picture: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """A square picture [H, H, C] with another side."""
    if picture.shape[0] == size:
        return picture
    smaller = picture.shape[0] > size
    other = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    return np.asarray(other, np.float32)
