"""The curve of sRGB (IEC 61966-2-1): an odd function below black, the same formula above white."""

import numpy as np
from numpy.typing import NDArray


def encoded(linear: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values proportional to light [...] → sRGB's, float32; 1 is white in both."""
    size = np.abs(linear)
    curve = np.float32(1.055) * size ** np.float32(1 / 2.4) - np.float32(0.055)
    return np.copysign(np.where(size <= 0.0031308, np.float32(12.92) * size, curve), linear)


def decoded(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """sRGB's values [...] → proportional to light, float32."""
    size = np.abs(values)
    curve = ((size + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4)
    return np.copysign(np.where(size <= 0.04045, size / np.float32(12.92), curve), values)
