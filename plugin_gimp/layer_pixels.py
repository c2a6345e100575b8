"""A layer's pixels as bytes and back, in the layer's own depth and encoding; GEGL converts if needed."""

from collections.abc import Iterator
from dataclasses import dataclass

from gi.repository import Gegl, Gimp

from retouchml.client.pixel_format import PixelFormat
from retouchml.results import Box

# babl's names of components, by encoding and by the wire's order of channels
_LINEAR = {"Y": "Y", "YA": "YA", "RGB": "RGB", "RGBA": "RGBA"}
_CURVED = {"Y": "Y'", "YA": "Y'A", "RGB": "R'G'B'", "RGBA": "R'G'B'A"}
_PERCEPTUAL = {"Y": "Y~", "YA": "Y~A", "RGB": "R~G~B~", "RGBA": "R~G~B~A"}
# GIMP's depths (GimpPrecision) to the wire's types and babl's; 32-bit integers and doubles go as floats
_DEPTHS = {
    "U8": ("u8", "u8"),
    "U16": ("u16", "u16"),
    "HALF": ("f16", "half"),
    "U32": ("f32", "float"),
    "FLOAT": ("f32", "float"),
    "DOUBLE": ("f32", "float"),
}
_PIXELS_AT_ONCE, _TILE = 1 << 20, 64


@dataclass(frozen=True)
class Encoding:
    """The names of an image's pixel format on the wire and in babl."""

    type: str
    babl_type: str
    components: "dict[str, str]"

    @property
    def wire(self) -> str:
        """The wire's name of the encoding."""
        return "linear" if self.components is _LINEAR else "srgb"

    def babl(self, order: str) -> str:
        """babl's name for pixels of that order of channels."""
        return f"{self.components[order]} {self.babl_type}"


def encoding_of(image: Gimp.Image) -> Encoding:
    """The encoding of an image's pixels in sRGB's primaries.

    An image with another profile is read as float, which can hold colours outside sRGB. The pixels of an
    indexed image are read as the colours that they stand for.
    """
    depth, _underscore, curve = (
        image.get_precision().value_name.removeprefix("GIMP_PRECISION_").partition("_")
    )
    components = {"LINEAR": _LINEAR, "NON_LINEAR": _CURVED, "PERCEPTUAL": _PERCEPTUAL}[curve]
    if _is_srgb(image):
        return Encoding(*_DEPTHS[depth], components)
    return Encoding("f32", "float", _CURVED if components is not _LINEAR else _LINEAR)


@dataclass(frozen=True)
class Pixels:
    """The pixels of a layer, without its mask: their format, and how to read them.

    Raises LimitExceeded when it is made.
    """

    layer: Gimp.Drawable
    picture: PixelFormat
    encoding: Encoding

    @classmethod
    def of(cls, layer: Gimp.Drawable) -> "Pixels":
        """Those of a layer, which are not read yet."""
        encoding = encoding_of(layer.get_image())
        size = layer.get_width(), layer.get_height()
        return cls(layer, PixelFormat(*size, encoding.type, order_of(layer), encoding.wire), encoding)

    def parts(self) -> "Iterator[tuple[int, bytes]]":
        """The pixels, some rows at a time, so that an event loop can turn meanwhile; and where they begin."""
        width, height = self.picture.width, self.picture.height
        buffer, name = self.layer.get_buffer(), babl_of(self.layer)
        rows = max(1, _PIXELS_AT_ONCE // width // _TILE) * _TILE
        for top in range(0, height, rows):
            pixels = get(buffer, (0, top, width, min(rows, height - top)), name)
            yield top * self.picture.row_bytes, pixels

    def read(self) -> "bytearray":
        """All pixels."""
        whole = bytearray(self.picture.size)
        for start, pixels in self.parts():
            whole[start : start + len(pixels)] = pixels
        return whole


def order_of(layer: Gimp.Drawable) -> str:
    """The wire's name for the channels of a layer."""
    return ("Y" if layer.is_gray() else "RGB") + ("A" if layer.has_alpha() else "")


def is_indexed(image: Gimp.Image) -> bool:
    """Whether the image has a palette, in which a retouched face has no place."""
    return bool(image.get_base_type() == Gimp.ImageBaseType.INDEXED)


def babl_of(layer: Gimp.Drawable) -> str:
    """babl's name for the pixels that ``Pixels`` reads."""
    return encoding_of(layer.get_image()).babl(order_of(layer))


def get(buffer: Gegl.Buffer, box: Box, babl_name: str, scale: float = 1.0) -> bytes:
    """The pixels of a rectangle (x, y, width, height after scaling)."""
    return bytes(buffer.get(Gegl.Rectangle.new(*box), scale, babl_name, Gegl.AbyssPolicy.NONE))


def put(buffer: Gegl.Buffer, box: Box, babl_name: str, pixels: "bytes | memoryview") -> None:
    """Write the pixels of a rectangle. GEGL ignores them if their number is not that of the rectangle."""
    buffer.set(Gegl.Rectangle.new(*box), babl_name, bytes(pixels))


def _is_srgb(image: Gimp.Image) -> bool:
    profile = image.get_color_profile()
    if profile is None:
        return True
    makers = (
        Gimp.ColorProfile.new_rgb_srgb,
        Gimp.ColorProfile.new_rgb_srgb_linear,
        Gimp.ColorProfile.new_d65_gray_srgb_trc,
        Gimp.ColorProfile.new_d65_gray_linear,
    )
    return any(profile.is_equal(make()) for make in makers)
