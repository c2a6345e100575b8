"""Pictures in files: PNG, TIFF, JPEG and WebP in and out (GIF and BMP in), with all that belongs to them."""

from pipeline.pictures.formats import SUFFIXES, format_of
from pipeline.pictures.read_write import (
    check_target,
    copy_unchanged,
    read_picture,
    same_format,
    write_picture,
)
from pipeline.pictures.types import MAX_PIXELS, Metadata, Picture, Pixels

__all__ = [
    "MAX_PIXELS",
    "SUFFIXES",
    "Metadata",
    "Picture",
    "Pixels",
    "check_target",
    "copy_unchanged",
    "format_of",
    "read_picture",
    "same_format",
    "write_picture",
]
