"""Colour profiles, and pictures in them."""

from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]
_PRIMARIES = {
    "srgb": (0.64, 0.33, 1.0, 0.30, 0.60, 1.0, 0.15, 0.06, 1.0),
    "adobe": (0.64, 0.33, 1.0, 0.21, 0.71, 1.0, 0.15, 0.06, 1.0),
    "prophoto": (0.7347, 0.2653, 1.0, 0.1596, 0.8404, 1.0, 0.0366, 0.0001, 1.0),
}
PROFILES = [("prophoto", 1.8), ("prophoto", 1.0), ("adobe", 2.2), ("srgb", 1.0)]


def profile_with(primaries: str, gamma: float) -> bytes:
    """A colour profile of primaries and a power curve."""
    white = (0.3457, 0.3585, 1.0) if primaries == "prophoto" else (0.3127, 0.3290, 1.0)
    options = {"whitepoint": white, "primaries": _PRIMARIES[primaries], "gamma": gamma}
    return bytes(imagecodecs.cms_profile("rgb", **options))


def converted(pixels: Pixels, profile: bytes) -> NDArray[np.uint16]:
    """An sRGB picture in the colours of another profile, with 16 bits."""
    spaces = {"colorspace": "rgb", "outcolorspace": "rgb", "outdtype": "uint16", "intent": 1}
    srgb = imagecodecs.cms_profile("srgb")
    return np.asarray(imagecodecs.cms_transform(pixels, srgb, profile, **spaces), np.uint16)
