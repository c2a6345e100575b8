"""TIFF out, through tifffile: every depth, straight alpha, lossless compression, EXIF as TIFF directories."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
import tifffile

from pipeline.pictures.exif import describe_tiff
from pipeline.pictures.pixels import bands
from pipeline.pictures.types import ExtraChannels, Metadata, Pixels

_ALPHA = 2  # extra sample: straight alpha

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
    kinds: tuple[int, ...] = (_ALPHA,) if pixels.shape[2] in (2, 4) else ()
    photometric = "RGB" if pixels.shape[2] > 2 else "MINISBLACK"
    if metadata.extra is not None:
        kinds = metadata.extra.kinds
        pixels = _with_extra(pixels, metadata.extra)
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
            photometric=photometric,
            planarconfig="CONTIG" if channels > 1 else None,
            extrasamples=kinds or None,
            iccprofile=metadata.icc_profile,
            metadata=None,
            software=False,
            **options,
        )
    describe_tiff(file, metadata.exif, metadata.xmp, metadata.iptc, metadata.photoshop)


def _with_extra(pixels: Pixels, extra: ExtraChannels) -> Pixels:
    """``pixels`` with further channels, each where ``extra.kinds`` has it."""
    channels = pixels.shape[2] - extra.kinds.count(_ALPHA)
    result = np.empty((*pixels.shape[:2], channels + len(extra.kinds)), pixels.dtype)
    result[..., :channels] = pixels[..., :channels]
    others = iter(range(extra.pixels.shape[2]))
    for at, kind in enumerate(extra.kinds):
        is_alpha = kind == _ALPHA
        result[..., channels + at] = pixels[..., -1] if is_alpha else extra.pixels[..., next(others)]
    return result


def _fits_half(pixels: Pixels) -> bool:
    limit = float(np.finfo(np.float16).max)
    return float(pixels.max()) <= limit and float(pixels.min()) >= -limit
