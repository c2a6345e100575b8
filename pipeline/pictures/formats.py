"""The table of picture formats: how each is recognised, what it can hold, what reads and writes it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

import numpy as np
from numpy.typing import DTypeLike

from pipeline.pictures.file import display
from pipeline.pictures.foreign import begins, is_web_page, title_of
from pipeline.pictures.gif import read_gif
from pipeline.pictures.jpeg import read_jpeg, write_jpeg
from pipeline.pictures.jpeg_metadata import MAX_SEGMENT_BYTES, holds_xmp
from pipeline.pictures.modern import read_avif, read_heif, read_jxl
from pipeline.pictures.other import read_bmp
from pipeline.pictures.png import read_png, write_png
from pipeline.pictures.raw import SUFFIXES as RAW_SUFFIXES
from pipeline.pictures.raw import is_raw
from pipeline.pictures.tiff import read_tiff
from pipeline.pictures.tiff_write import write_tiff
from pipeline.pictures.types import Decoded, Metadata, Pixels
from pipeline.pictures.webp import read_webp, write_webp
from retouchml.errors import PictureUnreadable, PictureUnsupported, PictureUnwritable


@dataclass(frozen=True)
class Writing:
    """What a format can hold, and what writes it."""

    write: Callable[[BinaryIO, Pixels, Metadata], None]
    depths: tuple[DTypeLike, ...] = (np.uint8,)
    """From shallow to deep; deeper pixels are narrowed to the last."""
    alpha: bool = True
    grey: bool = True
    max_side: int = 2**31 - 1
    max_block: int | None = None
    """Most bytes of EXIF, XMP or IPTC."""
    iptc: bool = False
    extra: bool = False
    """Whether it holds channels beyond colour and alpha."""
    photoshop: bool = False
    comments: bool = False
    png_chunks: bool = False
    """A PNG's own chunks on colour, and with texts."""
    holds_xmp: Callable[[bytes], bool] = lambda _: True


@dataclass(frozen=True)
class Format:
    """One format: its title for a person, its suffixes, its first bytes."""

    title: str
    suffixes: tuple[str, ...]
    magic: tuple[bytes, ...]
    read: Callable[[BinaryIO, str], Decoded]
    writing: Writing | None = None


def _ftyp(brands: str) -> tuple[bytes, ...]:
    """First bytes of files of MP4's family with these main brands."""
    return tuple(b"????ftyp" + brand.encode() for brand in brands.split())


FORMATS: MappingProxyType[str, Format] = MappingProxyType(
    {
        "png": Format(
            "PNG",
            (".png",),
            (b"\x89PNG\r\n\x1a\n",),
            read_png,
            # libpng's own limit
            Writing(write_png, depths=(np.uint8, np.uint16), max_side=1_000_000, png_chunks=True),
        ),
        "tiff": Format(
            "TIFF",
            (".tif", ".tiff"),
            (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
            read_tiff,
            Writing(
                write_tiff, depths=(np.uint8, np.uint16, np.float32), iptc=True, photoshop=True, extra=True
            ),
        ),
        "jpeg": Format(
            "JPEG",
            (".jpg", ".jpeg", ".jpe"),
            (b"\xff\xd8\xff",),
            read_jpeg,
            # libjpeg's own limit
            Writing(
                write_jpeg,
                alpha=False,
                max_side=65_500,
                max_block=MAX_SEGMENT_BYTES,
                iptc=True,
                photoshop=True,
                comments=True,
                holds_xmp=holds_xmp,
            ),
        ),
        "webp": Format(
            "WebP",
            (".webp",),
            (b"RIFF????WEBP",),
            read_webp,
            Writing(write_webp, grey=False, max_side=16_383),
        ),
        "gif": Format("GIF", (".gif",), (b"GIF87a", b"GIF89a"), read_gif),
        "heif": Format(
            "HEIF",
            (".heic", ".heif", ".hif"),
            _ftyp("heic heix heim heis hevc hevx mif1 mif2 msf1"),
            read_heif,
        ),
        "avif": Format("AVIF", (".avif",), _ftyp("avif avis"), read_avif),
        "jxl": Format("JPEG XL", (".jxl",), (b"\xff\x0a", b"\0\0\0\x0cJXL "), read_jxl),
        "bmp": Format("BMP", (".bmp",), (b"BM????\0\0\0\0",), read_bmp),
    }
)

SUFFIXES: MappingProxyType[str, str] = MappingProxyType(
    {suffix: name for name, entry in FORMATS.items() if entry.writing for suffix in entry.suffixes}
)
"""Suffixes (lower case) that a result may have → format."""
READABLE_SUFFIXES = frozenset(suffix for entry in FORMATS.values() for suffix in entry.suffixes)
"""Suffixes (lower case) of pictures that are read."""

_HEAD_BYTES = 512  # an SVG drawing may begin with comments


def recognise(file: BinaryIO, path: Path) -> str:
    """The format of an open file by its first bytes; the file is left at its start.

    Raises:
        PictureUnsupported: a raw photograph, or a picture in a format that is not read.
        PictureUnreadable: no picture at all.
    """
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    known = next((name for name, e in FORMATS.items() if any(begins(head, magic) for magic in e.magic)), None)
    foreign = title_of(head, path.suffix.lower()) if known is None else None
    named_raw = known in (None, "tiff") and foreign is None and path.suffix.lower() in RAW_SUFFIXES
    if named_raw or is_raw(file):
        raise PictureUnsupported(
            f"{display(path)} is a raw photograph, which is not read.",
            "Develop it to TIFF, PNG or JPEG first.",
        )
    if foreign is not None:
        raise PictureUnsupported(
            f"{display(path)} is {foreign}, which is not read.", "Export it as PNG, TIFF, JPEG or WebP first."
        )
    if is_web_page(head):
        raise PictureUnreadable(
            f"{display(path)} is a web page and not a picture.", "Download the picture itself again."
        )
    if known is None:
        raise PictureUnreadable(f"{display(path)} is not a picture.", "Give a PNG, TIFF, JPEG or WebP file.")
    return known


def format_of(path: Path) -> str:
    """The format that the suffix of a result's name asks for.

    Raises:
        PictureUnwritable: it names no format that is written.
    """
    try:
        return SUFFIXES[path.suffix.lower()]
    except KeyError:
        suffixes = ", ".join(SUFFIXES)
        raise PictureUnwritable(
            f"{display(path)} does not say by its ending which format is meant.",
            f"End it with one of {suffixes}.",
        ) from None
