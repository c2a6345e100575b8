"""JPEG in and out, through Pillow."""

from dataclasses import replace
from functools import cache
from io import BytesIO
from typing import Any, BinaryIO

from PIL import Image, JpegImagePlugin

from pipeline.pictures.colour import cmyk_to_srgb
from pipeline.pictures.exif import orientation_of
from pipeline.pictures.jpeg_kind import rare_kind
from pipeline.pictures.jpeg_metadata import DAMAGED_PROFILE, EXIF_PREFIX, metadata_of, segments_of
from pipeline.pictures.jpeg_segments import split
from pipeline.pictures.pixels import from_pillow, to_pillow
from pipeline.pictures.types import Decoded, Metadata, Pixels, check_size, sensible_dpi
from retouchml.errors import PictureUnsupported

QUALITY = 95
"""Quality of files, unless the source's own quantization is finer; chroma is never subsampled."""

Tables = tuple[tuple[int, ...], ...]


def read_jpeg(file: BinaryIO, name: str) -> Decoded:
    """Decode a JPEG file; of a multi-picture file (MPO), the first picture. CMYK becomes sRGB."""
    parts = split(file.read())
    # not Image.open, which would warn of sizes that are refused or accepted here
    try:
        image = JpegImagePlugin.JpegImageFile(BytesIO(parts.picture))
        check_size(name, *image.size)
        image.load()
    except (OSError, SyntaxError, ValueError) as error:
        kind = rare_kind(file)
        if kind is None:
            raise
        raise PictureUnsupported(
            f"{name} is {kind}, which is not read.", "Export it as PNG or TIFF first."
        ) from error
    metadata, notes = metadata_of(parts)
    metadata = replace(metadata, dpi=sensible_dpi(*image.info.get("dpi", (0, 0))), jpeg_tables=_tables(image))
    orientation = orientation_of(metadata.exif) if metadata.exif else 1
    decoded = Decoded(from_pillow(image), metadata, orientation, notes)
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
        options["exif"] = EXIF_PREFIX + metadata.exif
    extra = segments_of(metadata)
    if extra:
        options["extra"] = extra
    # to memory first: Pillow, writing to a file, loses the reason of an error
    encoded = BytesIO()
    to_pillow(pixels).save(encoded, "JPEG", **options)
    file.write(encoded.getbuffer())


def _as_srgb(decoded: Decoded) -> Decoded:
    light, note = cmyk_to_srgb(decoded.pixels, decoded.metadata.icc_profile)
    metadata = replace(decoded.metadata, icc_profile=None, jpeg_tables=None)
    notes = tuple(other for other in decoded.notes if other != DAMAGED_PROFILE)  # the new note says that too
    return Decoded(light, metadata, decoded.orientation, (*notes, note))


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
