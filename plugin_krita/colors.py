"""Which colours of Krita's go over the wire as they are, and what the others are converted to."""

from dataclasses import dataclass

from retouchml.client.pixel_format import PixelFormat

SRGB = "sRGB-elle-V2-srgbtrc.icc"  # comes with Krita
_TYPES = {"U8": "u8", "U16": "u16", "F16": "f16", "F32": "f32"}
_LINEAR = ("linear", "-g10")


@dataclass(frozen=True)
class Color:
    """A colour space in Krita's words: ``RGBA``, ``U8``, and the profile's name."""

    model: str
    depth: str
    profile: str

    @property
    def sent_as(self) -> "Color":
        """Itself, or what Krita has to convert it to first.

        RGB of every depth goes as it is, and grey of 8 and 16 bits; the rest goes as RGB of at least its
        precision.
        """
        if self.model == "RGBA" or (self.model == "GRAYA" and self.depth in ("U8", "U16")):
            return self
        return Color("RGBA", "U16" if self.depth in ("U8", "U16") else "F32", SRGB)

    def format(self, width: int, height: int) -> PixelFormat:
        """How such pixels lie: integers are BGRA in Krita's memory, floats RGBA.

        Raises LimitExceeded for a picture that is too large.
        """
        order = {"GRAYA": "YA"}.get(self.model, "BGRA" if self.depth.startswith("U") else "RGBA")
        name = self.profile.lower()
        encoding = "linear" if any(mark in name for mark in _LINEAR) else "srgb"
        return PixelFormat(width, height, _TYPES[self.depth], order, encoding)
