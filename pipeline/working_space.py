"""The space in which faces are retouched: sRGB's primaries and curve, unbounded, so that no colour is lost.

Pixels of another colour profile are converted into it by LittleCMS, as floats, and back. Colours outside
sRGB lie below 0 or above 1; the curve (IEC 61966-2-1) is continued as an odd function below black.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from pipeline.pictures.colour import profile_space
from pipeline.pixels import from_float, full_scale, to_float_rgb
from pipeline.srgb import decoded, encoded

_LIKE_SRGB = 3  # largest difference, of 255, of a profile's colours from sRGB's that makes none here
_D65 = (0.3127, 0.3290, 1.0)
_SRGB = (0.640, 0.330, 1.0, 0.300, 0.600, 1.0, 0.150, 0.060, 1.0)  # x, y, Y of red, green and blue
_ROWS = 256  # compared at once
_RELATIVE = 1  # rendering intent: relative colorimetric
_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)  # of linear light


@dataclass(frozen=True)
class WorkingSpace:
    """The conversion between a photo's own pixels and the working space.

    profile: b"" where the pixels are in it already, but for their depth
    """

    profile: bytes = b""

    @classmethod
    def of(cls, icc: bytes) -> "WorkingSpace":
        """The conversion for a photo with a colour profile: none for sRGB, or if the profile is damaged."""
        return cls(icc) if differs_from_srgb(icc) else PLAIN

    def decode(self, pixels: NDArray[np.generic]) -> NDArray[np.float32]:
        """[h, w, C] of any depth → [h, w, 3] float32, in [0, 1] for most colours; grey is repeated, alpha
        dropped, NaN black."""
        if not self.profile:
            return to_float_rgb(pixels)
        values = to_float_rgb(pixels)
        linear = _transformed(values[..., :1] if self._is_grey else values, self.profile, _linear())
        return encoded(linear)

    def changed(self, original: NDArray[np.generic], after: NDArray[np.float32]) -> NDArray[np.generic]:
        """The photo's own pixels [h, w, 3] that show ``after`` [h, w, 3]; rounded.

        original: [h, w, 3] of the photo, which stay to the bit where nothing changed, NaN and infinity too.
        Elsewhere the difference is added to them, so that what the way back loses, such as floats above
        white, stays too.
        """
        if not self.profile:
            result = from_float(after, original.dtype)
            if original.dtype == np.float32:  # decoded, infinity is white and NaN black
                np.copyto(result, original, where=~np.isfinite(original) & (after == self.decode(original)))
            return result
        before = self.decode(original)
        differs = np.abs(after - before).max(axis=2) > _UNCHANGED
        result = original.copy()
        if differs.any():
            change = self._in_profile(after[differs][None]) - self._in_profile(before[differs][None])
            values = np.asarray(original[differs], np.float32) / np.float32(full_scale(original.dtype))
            result[differs] = from_float(values + change[0], original.dtype)
        return result

    def _in_profile(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        linear = decoded(values)
        if not self._is_grey:
            return _transformed(linear, _linear(), self.profile)
        light = np.repeat((linear @ _LUMA)[..., None], 3, axis=2)
        return np.repeat(_transformed(light, _linear(), self.profile, to_grey=True), 3, axis=2)

    @property
    def _is_grey(self) -> bool:
        return profile_space(self.profile) == "GRAY"


PLAIN = WorkingSpace()
"""For sRGB pixels."""

_UNCHANGED = 1e-6  # a smaller difference is none
_MOST_ANSWERS = 64
_answers: dict[bytes, bool] = {}  # of ``differs_from_srgb`` by SHA-256: profiles may be large


def profile_for(icc: bytes, pixels: NDArray[np.generic]) -> bytes:
    """The profile that says what pixels [H, W, C] mean, b"" for sRGB.

    icc: the one that they came with. It says nothing if it is damaged, nor if it is of grey while the pixels
    have colours. Grey may have three equal channels.
    """
    if not differs_from_srgb(icc) or (profile_space(icc) == "GRAY" and _have_colours(pixels)):
        return b""
    return icc


def _have_colours(pixels: NDArray[np.generic]) -> bool:
    if pixels.shape[2] < 3:
        return False
    bands = (pixels[top : top + _ROWS] for top in range(0, pixels.shape[0], _ROWS))
    has_nan = pixels.dtype.kind == "f"
    return not all(
        np.array_equal(band[..., 0], band[..., other], equal_nan=has_nan)
        for band in bands
        for other in (1, 2)
    )


def differs_from_srgb(profile: bytes) -> bool:
    """Whether a profile of RGB or grey shows colours unlike sRGB; False for one that is damaged."""
    name = hashlib.sha256(profile).digest()
    answer = _answers.get(name)
    if answer is None:
        if len(_answers) >= _MOST_ANSWERS:
            _answers.clear()
        answer = _answers[name] = _differs_from_srgb(profile)
    return answer


def _differs_from_srgb(profile: bytes) -> bool:
    if profile_space(profile) not in ("RGB", "GRAY"):
        return False
    is_grey = profile_space(profile) == "GRAY"
    steps = np.linspace(0.0, 1.0, 6, dtype=np.float32)
    colours = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(36, 6, 3)
    if is_grey:
        colours = np.repeat(colours[..., :1], 3, axis=2)
    try:
        shown = encoded(_transformed(colours[..., :1] if is_grey else colours, profile, _linear()))
    except Exception:  # a damaged profile is none; the library fails in several ways
        return False
    return bool(np.abs(shown - colours).max() * 255.0 > _LIKE_SRGB)


def _transformed(
    values: NDArray[np.float32], profile: bytes, target: bytes, *, to_grey: bool = False
) -> NDArray[np.float32]:
    """float32 [h, w, 1|3] of a profile as float32 [h, w, 1|3] of another."""
    is_grey = values.shape[2] == 1
    result = imagecodecs.cms_transform(
        np.ascontiguousarray(values[..., 0] if is_grey else values),
        profile,
        target,
        colorspace="gray" if is_grey else "rgb",
        outcolorspace="gray" if to_grey else "rgb",
        outdtype="float32",
        intent=_RELATIVE,
    )
    return np.asarray(result[..., None] if to_grey else result, np.float32)


@lru_cache(maxsize=1)
def _linear() -> bytes:
    """sRGB's primaries in linear light; a curve of gamma 1 is not bounded, where a table would be."""
    return bytes(imagecodecs.cms_profile("rgb", whitepoint=_D65, primaries=_SRGB, gamma=1.0))
