"""A picture from a file: its pixels, and the metadata to write it back as it was."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from retouchml.errors import PictureUnreadable, PictureUnsupported

MAX_PIXELS = 250_000_000
"""Most pixels a picture may have. Checked in the header, before anything is decoded."""

MAX_ENCODED_BYTES = 2**31 - 1
"""Largest PNG, JPEG, WebP, GIF or BMP file that is read (a TIFF may be larger)."""

MAX_METADATA_BYTES = 16 * 2**20
"""Largest colour profile, EXIF, XMP or IPTC block that is read; limits what a compressed one can grow to."""

Pixels: TypeAlias = NDArray[Any]
"""``[H, W, C]`` uint8, uint16 or float32; C order, native byte order."""


@dataclass(frozen=True, eq=False)
class ExtraChannels:
    """Channels of a TIFF beyond colour and alpha, such as a scanner's infrared; nothing changes them.

    ``pixels`` is ``[H, W, K]`` of the picture's size; ``kinds`` are TIFF's extra samples in their order,
    where 0 is one of these channels and 2 the picture's alpha.
    """

    pixels: Pixels = field(repr=False)
    kinds: tuple[int, ...]


@dataclass(frozen=True)
class Metadata:
    """The metadata of a picture file, and how the file stored its pixels.

    ``exif`` is a TIFF structure without the ``Exif\\0\\0`` prefix; its orientation is 1 and its thumbnail
    is gone. ``iptc`` are the press's records (IPTC-IIM). ``dpi`` is horizontal, vertical in pixels per inch.
    ``lossless`` says that the file held exactly these pixels, ``half`` that its floats had 16 bits.
    ``jpeg_tables`` are a JPEG's quantization tables (64 numbers each, natural order), ``tiff_compression`` is
    ``none``, ``lzw`` or ``deflate``, ``png_colour`` and ``png_texts`` are a PNG's own chunks on colour and
    with texts (name, content), ``photoshop`` are Photoshop's resources but for IPTC, ``comments`` a JPEG's.
    ``extra`` are a TIFF's channels beyond the picture's.
    """

    icc_profile: bytes | None = field(default=None, repr=False)
    exif: bytes | None = field(default=None, repr=False)
    xmp: bytes | None = field(default=None, repr=False)
    iptc: bytes | None = field(default=None, repr=False)
    dpi: tuple[float, float] | None = None
    lossless: bool = True
    half: bool = False
    jpeg_tables: tuple[tuple[int, ...], ...] | None = field(default=None, repr=False)
    tiff_compression: str | None = None
    png_colour: tuple[tuple[bytes, bytes], ...] = field(default=(), repr=False)
    extra: ExtraChannels | None = field(default=None, repr=False)
    png_texts: tuple[tuple[bytes, bytes], ...] = field(default=(), repr=False)
    photoshop: bytes | None = field(default=None, repr=False)
    comments: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as it is seen: upright, RGB order, straight alpha, encoded as its colour profile says.

    ``pixels`` is ``[H, W, C]`` with C of 1 (grey), 3 (RGB) or 4 (RGBA), dtype uint8, uint16 or float32.
    Integers span their whole range; floats are as the file has them, so they may lie outside [0, 1], but are
    finite. A grey picture with alpha has four channels, the first three equal, and ``grey`` set.
    ``format`` is the name of a row in ``pipeline/pictures/formats.py``, by content. ``notes`` are
    sentences for a person on what reading changed or left out.
    """

    pixels: Pixels = field(repr=False)
    format: str
    grey: bool = False
    metadata: Metadata = Metadata()
    notes: tuple[str, ...] = ()
    path: Path | None = None

    def __post_init__(self) -> None:
        check_pixels(self.pixels)

    @property
    def height(self) -> int:
        """Rows of pixels."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Pixels in a row."""
        return int(self.pixels.shape[1])

    @property
    def has_alpha(self) -> bool:
        """Whether the fourth channel is there."""
        return bool(self.pixels.shape[2] == 4)

    @property
    def icc(self) -> bytes:
        """The ICC profile by which the pixels are to be seen; b"" for sRGB."""
        from pipeline.pictures.png_colour import colour_profile  # which imports this module

        return colour_profile(self.metadata)


@dataclass(frozen=True, eq=False)
class Decoded:
    """The result of a decoder: pixels as stored, not yet upright, C of 1 to 4 where 2 is grey with alpha."""

    pixels: Pixels
    metadata: Metadata
    orientation: int = 1
    notes: tuple[str, ...] = ()

    def noting(self, *notes: str) -> "Decoded":
        """The same with more notes."""
        return replace(self, notes=self.notes + notes)


def check_pixels(pixels: Pixels) -> None:
    """Assert that ``pixels`` is ``[H, W, 1|3|4]`` uint8, uint16 or float32 and not empty."""
    assert pixels.ndim == 3, pixels.shape
    assert pixels.shape[2] in (1, 3, 4), pixels.shape
    assert pixels.size > 0, pixels.shape
    assert pixels.dtype in (np.uint8, np.uint16, np.float32), pixels.dtype


def check_size(name: str, width: int, height: int) -> None:
    """Refuse a picture by the size its header gives.

    Raises:
        PictureUnreadable: a side is zero.
        PictureUnsupported: there are more than ``MAX_PIXELS``.
    """
    if width < 1 or height < 1:
        raise PictureUnreadable(f"{name} is damaged: it has no pixels.", "Export it again from its original.")
    if width * height > MAX_PIXELS:
        raise PictureUnsupported(
            f"{name} has {width} by {height} pixels; at most {MAX_PIXELS // 10**6} megapixels are retouched.",
            "Scale it down, or crop it to the person first.",
        )


def sensible_dpi(horizontal: float, vertical: float) -> tuple[float, float] | None:
    """The resolution in pixels per inch, or None if the file's value makes no sense."""
    if all(1 <= value <= 100_000 for value in (horizontal, vertical)):
        return float(horizontal), float(vertical)
    return None
