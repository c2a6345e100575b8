"""Pictures in files, with all that belongs to them.

PNG, TIFF, JPEG and WebP in and out; GIF, BMP, HEIF, AVIF and JPEG XL in.
"""

from pipeline.pictures.file import check_folder, check_target
from pipeline.pictures.formats import READABLE_SUFFIXES, SUFFIXES, format_of
from pipeline.pictures.read import read_picture
from pipeline.pictures.types import MAX_PIXELS, Metadata, Picture, Pixels
from pipeline.pictures.write import (
    copy_picture,
    encode_picture,
    same_format,
    write_picture,
)

__all__ = [
    "MAX_PIXELS",
    "READABLE_SUFFIXES",
    "SUFFIXES",
    "Metadata",
    "Picture",
    "Pixels",
    "check_folder",
    "check_target",
    "copy_picture",
    "encode_picture",
    "format_of",
    "read_picture",
    "same_format",
    "write_picture",
]
