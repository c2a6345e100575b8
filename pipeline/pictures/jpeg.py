"""JPEG in and out, through Pillow."""

from functools import cache
from io import BytesIO
from typing import Any, BinaryIO

from PIL import Image, JpegImagePlugin

from pipeline.pictures.colour import cmyk_to_srgb
from pipeline.pictures.exif import orientation_of
from pipeline.pictures.jpeg_kind import rare_kind
from pipeline.pictures.pixels import from_pillow, to_pillow
from pipeline.pictures.types import Decoded, Metadata, Pixels, check_size, sensible_dpi
from retouchml.errors import PictureUnsupported

QUALITY = 95
"""Quality of files, unless the source's own quantization is finer; chroma is never subsampled."""

MAX_SEGMENT_BYTES = 65533 - 29
"""Bytes that fit into one JPEG segment beside the longest name (XMP's)."""

_EXIF_PREFIX = b"Exif\0\0"
_XMP_PREFIX = b"http://ns.adobe.com/xap/1.0/\0"
_IPTC = 0x0404  # among Photoshop's resources
_IPTC_PREFIX = b"Photoshop 3.0\0" + b"8BIM" + _IPTC.to_bytes(2, "big") + b"\0\0"

Tables = tuple[tuple[int, ...], ...]


def read_jpeg(file: BinaryIO, name: str) -> Decoded:
    """Decode a JPEG file; of a multi-picture file (MPO), the first picture. CMYK becomes sRGB."""
    # not Image.open, which would warn of sizes that are refused or accepted here
    try:
        image = JpegImagePlugin.JpegImageFile(file)
        check_size(name, *image.size)
        image.load()
    except (OSError, SyntaxError, ValueError) as error:
        kind = rare_kind(file)
        if kind is None:
            raise
        raise PictureUnsupported(
            f"{name} is {kind}, which is not read.", "Export it as PNG or TIFF first."
        ) from error
    exif = image.info.get("exif", b"").removeprefix(_EXIF_PREFIX) or None
    metadata = Metadata(
        icc_profile=image.info.get("icc_profile"),
        exif=exif,
        xmp=_xmp(image),
        iptc=_iptc(image),
        dpi=sensible_dpi(*image.info.get("dpi", (0, 0))),
        lossless=False,
        jpeg_tables=_tables(image),
    )
    decoded = Decoded(from_pillow(image), metadata, orientation_of(exif) if exif else 1)
    if any(kind == "APP2" and content.startswith(b"MPF\0") for kind, content in image.applist):
        decoded = decoded.noting("The file holds several pictures; only the first is used.")
    if image.mode == "CMYK":
        return _as_srgb(decoded)
    return decoded


def write_jpeg(file: BinaryIO, pixels: Pixels, metadata: Metadata) -> None:
    """Encode uint8 grey or RGB ``[H, W, 1|3]`` without subsampling.

    Quantized by the source's own tables if they are at least as fine as those of ``QUALITY``, so that
    unchanged blocks keep their values.
    """
    options: dict[str, Any] = {"subsampling": 0}
    if metadata.jpeg_tables and _is_finer(metadata.jpeg_tables, _tables_of_quality()):
        options["qtables"] = [list(table) for table in metadata.jpeg_tables]
    else:
        options["quality"] = QUALITY
    if metadata.dpi:
        options["dpi"] = metadata.dpi
    if metadata.icc_profile:
        options["icc_profile"] = metadata.icc_profile
    if metadata.exif:
        options["exif"] = _EXIF_PREFIX + metadata.exif
    extra = b""
    if metadata.xmp:
        extra += _segment(1, _XMP_PREFIX + metadata.xmp)
    if metadata.iptc:
        size, padding = len(metadata.iptc).to_bytes(4, "big"), bytes(len(metadata.iptc) % 2)
        extra += _segment(13, _IPTC_PREFIX + size + metadata.iptc + padding)
    if extra:
        options["extra"] = extra
    # to memory first: Pillow, writing to a file, loses the reason of an error
    encoded = BytesIO()
    to_pillow(pixels).save(encoded, "JPEG", **options)
    file.write(encoded.getbuffer())


def _segment(number: int, content: bytes) -> bytes:
    return bytes((0xFF, 0xE0 + number)) + (len(content) + 2).to_bytes(2, "big") + content


def _iptc(image: JpegImagePlugin.JpegImageFile) -> bytes | None:
    resources = image.info.get("photoshop")
    records = resources.get(_IPTC) if isinstance(resources, dict) else None
    return records if isinstance(records, bytes) and records else None


def _as_srgb(decoded: Decoded) -> Decoded:
    light, note = cmyk_to_srgb(decoded.pixels, decoded.metadata.icc_profile)
    old = decoded.metadata
    metadata = Metadata(exif=old.exif, xmp=old.xmp, iptc=old.iptc, dpi=old.dpi, lossless=False)
    return Decoded(light, metadata, decoded.orientation, (*decoded.notes, note))


def _xmp(image: JpegImagePlugin.JpegImageFile) -> bytes | None:
    for kind, content in image.applist:
        if kind == "APP1" and content.startswith(_XMP_PREFIX):
            return bytes(content.removeprefix(_XMP_PREFIX))
    return None


def _tables(image: JpegImagePlugin.JpegImageFile) -> Tables | None:
    tables = image.quantization
    if sorted(tables) != list(range(len(tables))):
        return None
    return tuple(tuple(tables[index]) for index in range(len(tables)))


@cache
def _tables_of_quality() -> Tables:
    sample = BytesIO()
    Image.new("RGB", (8, 8)).save(sample, "JPEG", quality=QUALITY)
    sample.seek(0)
    return _tables(JpegImagePlugin.JpegImageFile(sample)) or ()


def _is_finer(tables: Tables, reference: Tables) -> bool:
    """Whether no table is coarser in sum than its reference; chroma is compared with the last one."""
    limits = [sum(reference[min(index, len(reference) - 1)]) for index in range(len(tables))]
    return all(sum(table) <= limit for table, limit in zip(tables, limits, strict=True))
