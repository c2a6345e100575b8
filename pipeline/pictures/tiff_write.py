"""TIFF out, through tifffile: every depth, straight alpha, lossless compression, EXIF as TIFF directories."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
import tifffile

from pipeline.pictures.exif import describe_tiff
from pipeline.pictures.pixels import bands
from pipeline.pictures.types import Metadata, Pixels

BIG_BYTES = 2**32 - 2**25
"""Bytes of pixels from which on a TIFF gets 64-bit offsets (BigTIFF)."""

_COMPRESSION: dict[str, dict[str, Any]] = {
    "none": {},
    "lzw": {"compression": "lzw", "predictor": True},
    "deflate": {"compression": "zlib", "predictor": True},
}


def write_tiff(file: BinaryIO, pixels: Pixels, metadata: Metadata) -> None:
    """Encode uint8, uint16 or float32 ``[H, W, 1..4]``.

    Floats are stored in 16 bits if the source's were and they still fit. The compression is the source's if
    that was a lossless TIFF, else deflate.
    """
    height, width, channels = pixels.shape
    if metadata.half and pixels.dtype == np.float32 and _fits_half(pixels):
        pixels = pixels.astype(np.float16)
    compression = metadata.tiff_compression or "deflate"
    data: Pixels | Iterator[bytes] = pixels if channels > 1 else pixels[..., 0]
    if compression == "none":
        # bytes, not the array: numpy, writing to a file, loses the reason of an error
        data = (pixels[rows].tobytes() for rows in bands(pixels))
    options = _COMPRESSION[compression]
    if metadata.dpi:
        options = options | {"resolution": metadata.dpi, "resolutionunit": "INCH"}
    with tifffile.TiffWriter(file, bigtiff=pixels.nbytes > BIG_BYTES, byteorder="<") as tiff:
        tiff.write(
            data,
            shape=(height, width, channels) if channels > 1 else (height, width),
            dtype=pixels.dtype,
            photometric="RGB" if channels > 2 else "MINISBLACK",
            planarconfig="CONTIG" if channels > 1 else None,
            extrasamples=("UNASSALPHA",) if channels in (2, 4) else None,
            iccprofile=metadata.icc_profile,
            metadata=None,
            software=False,
            **options,
        )
    describe_tiff(file, metadata.exif, metadata.xmp, metadata.iptc)


def _fits_half(pixels: Pixels) -> bool:
    limit = float(np.finfo(np.float16).max)
    return float(pixels.max()) <= limit and float(pixels.min()) >= -limit
