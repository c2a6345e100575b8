"""How a photograph looks on a display: the 8-bit sRGB copy in which faces are looked for.

A photograph of another colour profile, or of floats brighter than white, is converted piece by piece. The
pixels that are retouched stay as they are.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from pipeline.pictures.colour import profile_space
from pipeline.pixels import as_channels, full_scale, to_float_rgb
from pipeline.working_space import profile_for

Display: TypeAlias = Callable[[NDArray[np.generic]], NDArray[np.uint8]]
"""A part of the photo [h, w, C], or a resized copy of one, as 8-bit RGB [h, w, 3]."""

_WHITE, _MIDDLE = 99.0, 50.0  # percentiles of brightness: white, and an ordinary tone
_TOO_BRIGHT, _TOO_DARK = 1.25, 0.5  # a white that asks for another exposure
_ORDINARY_TONE = 0.4
_SAMPLES = 1_000_000  # values of which percentiles are taken


def plain(pixels: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Pixels that are sRGB already, as 8-bit RGB."""
    if pixels.ndim == 3 and pixels.dtype == np.uint8 and pixels.shape[2] == 3:
        return np.ascontiguousarray(pixels, np.uint8)
    values = to_float_rgb(as_channels(pixels))
    return np.asarray(np.rint(np.clip(values, 0.0, 1.0) * 255.0), np.uint8)


def displays_of(pixels: NDArray[np.generic], icc: bytes = b"") -> tuple[Display, ...]:
    """The ways to show a photo [H, W, C], to be tried one after the other until a face is found.

    icc: its colour profile, b"" for sRGB
    """
    profile = profile_for(icc, pixels)
    is_float = pixels.dtype == np.float32
    if not profile and not is_float:
        return (plain,)
    white, middle = _brightness(pixels)
    exposures = [1.0]
    if is_float and white > _TOO_BRIGHT:
        exposures = [white, 1.0, middle / _ORDINARY_TONE]
    elif profile and 0.0 < white < _TOO_DARK:
        exposures = [1.0, white]
    return tuple(_Converted(profile, exposure) for exposure in exposures if exposure > 0.0)


@dataclass(frozen=True)
class _Converted:
    """Shows a photo of another profile or exposure."""

    profile: bytes  # b"" for sRGB
    exposure: float  # what becomes white, where 1 is white

    def __call__(self, pixels: NDArray[np.generic]) -> NDArray[np.uint8]:
        if not self.profile and self.exposure == 1.0:
            return plain(pixels)
        if not self.profile:
            return plain(to_float_rgb(pixels) / np.float32(self.exposure))
        is_grey = profile_space(self.profile) == "GRAY"
        if self.exposure == 1.0 and pixels.dtype in (np.uint8, np.uint16):
            values = pixels[..., :1] if is_grey else _three(pixels)
        else:
            scaled = np.clip(to_float_rgb(pixels) / np.float32(self.exposure), 0.0, 1.0)
            deep = np.rint(scaled * np.float32(65535.0)).astype(np.uint16)
            values = deep[..., :1] if is_grey else deep
        return _transformed(np.ascontiguousarray(values), self.profile, is_grey)


def _three(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    return pixels[..., :3] if pixels.shape[2] >= 3 else np.repeat(pixels[..., :1], 3, axis=2)


def _transformed(values: NDArray[np.generic], profile: bytes, is_grey: bool) -> NDArray[np.uint8]:
    """uint8 or uint16 [h, w, 1|3] of a profile as 8-bit sRGB."""
    shown = imagecodecs.cms_transform(
        values[..., 0] if is_grey else values,
        profile,
        _srgb(),
        colorspace="gray" if is_grey else "rgb",
        outcolorspace="rgb",
        outdtype="uint8",
        intent=1,  # relative colorimetric
    )
    return np.ascontiguousarray(shown, np.uint8)


@lru_cache(maxsize=1)
def _srgb() -> bytes:
    return bytes(imagecodecs.cms_profile("srgb"))


def _brightness(pixels: NDArray[np.generic]) -> tuple[float, float]:
    """White and an ordinary tone of a photo, where 1 is white; of every n-th pixel."""
    step = max(1, int(np.sqrt(pixels.shape[0] * pixels.shape[1] * 3 / _SAMPLES)))
    sample = np.asarray(_three(pixels[::step, ::step]), np.float32)
    values = np.nan_to_num(sample.max(axis=2), nan=0.0, posinf=0.0, neginf=0.0)
    white, middle = np.percentile(values / np.float32(full_scale(pixels.dtype)), (_WHITE, _MIDDLE))
    return float(white), float(middle)
