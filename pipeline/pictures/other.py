"""BMP in, and what GIF shares with it, through Pillow."""

import struct
from dataclasses import replace
from typing import BinaryIO

from PIL import BmpImagePlugin, Image

from pipeline.pictures.boxes import BEHIND_LEFT_OUT
from pipeline.pictures.pixels import from_pillow
from pipeline.pictures.types import Decoded, Metadata, check_size, sensible_dpi
from retouchml.errors import PictureUnsupported

_SHORTEST_INFO_HEADER, _V5_HEADER, _LONGEST_HEADER = 40, 124, 14 + 124  # bytes
_UNCOMPRESSED = (0, 3, 6)  # BI_RGB, and with masks of bits
_MOST_PADDING = 1 << 16


def read_bmp(file: BinaryIO, name: str) -> Decoded:
    """Decode a BMP file as grey, RGB or RGBA."""
    try:
        image = BmpImagePlugin.BmpImageFile(file)
    except OSError as error:
        if "nsupported" not in str(error):
            raise
        raise PictureUnsupported(
            f"{name} is a BMP file of a kind that is not read.", "Export it as PNG first."
        ) from error
    decoded = decoded_by_pillow(image, name, Metadata())
    return decoded.noting(BEHIND_LEFT_OUT) if _has_data_behind(file) else decoded


def _has_data_behind(file: BinaryIO) -> bool:
    """Whether more than padding follows the pixels and the profile."""
    size = file.seek(0, 2)
    file.seek(0)
    header = file.read(_LONGEST_HEADER).ljust(_LONGEST_HEADER, b"\0")
    claimed, pixels_at, header_size, width, height = struct.unpack_from("<2xI4xIIii", header)
    if header_size < _SHORTEST_INFO_HEADER:  # of OS/2, without compression
        width, height, bits = struct.unpack_from("<HH2xH", header, 18)
        compression = length = 0
    else:
        bits, compression, length = struct.unpack_from("<HII", header, 28)
    if compression not in _UNCOMPRESSED:
        end = pixels_at + length
    else:
        end = pixels_at + (width * bits + 31) // 32 * 4 * abs(height)
    if header_size >= _V5_HEADER:
        profile_at, profile_size = struct.unpack_from("<II", header, 14 + 112)
        end = max(end, 14 + profile_at + profile_size)
    end = max(end, min(claimed, size))
    file.seek(min(end, size))
    return bool(file.read(_MOST_PADDING).strip(b"\0")) or size - end > _MOST_PADDING


def decoded_by_pillow(image: Image.Image, name: str, metadata: Metadata) -> Decoded:
    """An opened image as grey, RGB or RGBA, with ``metadata`` and its resolution."""
    check_size(name, *image.size)
    image.load()
    metadata = replace(metadata, dpi=sensible_dpi(*image.info.get("dpi", (0, 0))))
    if image.mode in ("L", "RGB", "RGBA"):
        return Decoded(from_pillow(image), metadata)
    if image.mode in ("1", "LA"):
        return Decoded(from_pillow(image.convert("L" if image.mode == "1" else "LA")), metadata)
    transparent = "transparency" in image.info
    image = image.convert("RGBA" if transparent else "RGB")
    return Decoded(from_pillow(image), metadata, notes=("The palette was expanded to full colour.",))
