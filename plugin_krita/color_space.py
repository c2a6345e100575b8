"""Krita's colour spaces: which of them go over the wire as they are, and the conversion of the others.

Krita converts in a hidden document, which keeps the user's undo history clean: a conversion is a step of undo
of the layer's document, even for a layer that is not part of it yet.
"""

import functools
from dataclasses import dataclass
from typing import Any

from retouchml.client.pixel_format import PixelFormat
from retouchml.results import Box

# These come with Krita; the linear one is not bounded, so that it holds colours outside sRGB.
SRGB, LINEAR_SRGB = "sRGB-elle-V2-srgbtrc.icc", "sRGB-elle-V2-g10.icc"
_TYPES = {"U8": "u8", "U16": "u16", "F16": "f16", "F32": "f32"}
_LINEAR = ("linear", "-g10")
_LIKE_SRGB = ("srgb", "scrgb")
_SRGB_CURVE = "srgbtrc"  # in the name of a profile whose curve alone is that of sRGB


@dataclass(frozen=True)
class ColorSpace:
    """A colour space in Krita's words: ``RGBA``, ``U8``, and the profile's name."""

    model: str
    depth: str
    profile: str

    @property
    def on_wire(self) -> "ColorSpace":
        """The colour space in which the pixels are sent: the same one if possible.

        sRGB of every depth and grey of 8 and 16 bits stay as they are. RGB of another profile becomes linear
        float, since Krita does not hand out the profile itself. Everything else becomes RGB of at least the
        same precision.
        """
        if self.model == "RGBA":
            primaries = self.profile.lower().replace(_SRGB_CURVE, "")
            is_srgb = not self.profile or any(name in primaries for name in _LIKE_SRGB)
            return self if is_srgb else ColorSpace("RGBA", "F32", LINEAR_SRGB)
        if self.model == "GRAYA" and self.depth in ("U8", "U16"):
            return self
        return ColorSpace("RGBA", "U16" if self.depth in ("U8", "U16") else "F32", SRGB)

    def pixel_format(self, width: int, height: int) -> PixelFormat:
        """The format of a picture in Krita's memory: integers are BGRA, floats RGBA.

        Raises LimitExceeded for a picture that is too large.
        """
        order = {"GRAYA": "YA"}.get(self.model, "BGRA" if self.depth.startswith("U") else "RGBA")
        name = self.profile.lower()
        encoding = "linear" if any(mark in name for mark in _LINEAR) else "srgb"
        return PixelFormat(width, height, _TYPES[self.depth], order, encoding)


def convert_pixels(pixels: Any, box: Box, source: ColorSpace, target: ColorSpace) -> Any:
    """The bytes of a rectangle (x, y, width, height) in another colour space."""
    layer = new_hidden_layer(source)
    layer.setPixelData(pixels, *box)
    convert_layer(layer, target)
    return layer.pixelData(*box)


def new_hidden_layer(color_space: ColorSpace) -> Any:
    """An empty paint layer in this colour space that belongs to none of the user's documents."""
    layer = _hidden_document().createNode("", "paintlayer")
    convert_layer(layer, color_space)
    return layer


def convert_layer(layer: Any, color_space: ColorSpace) -> None:
    """Convert a layer that ``new_hidden_layer`` made."""
    layer.setColorSpace(color_space.model, color_space.depth, color_space.profile)
    _hidden_document().setModified(False)


@functools.cache
def _hidden_document() -> Any:
    from krita import Krita

    return Krita.instance().createDocument(1, 1, "RetouchML", "RGBA", "U8", SRGB, 72.0)
