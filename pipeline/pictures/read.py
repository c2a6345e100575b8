"""Reads picture files of every format of the table. The file is only ever opened for reading."""

import os
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.pictures import xmp_regions
from pipeline.pictures.colour import is_cut, is_profile
from pipeline.pictures.exif import upright_metadata
from pipeline.pictures.file import AnyPath, display, open_source
from pipeline.pictures.formats import FORMATS, recognise
from pipeline.pictures.pixels import upright, with_colour_channels
from pipeline.pictures.types import MAX_ENCODED_BYTES, MAX_METADATA_BYTES, Decoded, Picture
from pipeline.pictures.xmp import holds_photograph
from retouchml.errors import PictureUnreadable, PictureUnsupported, RetouchError

_BLOCKS = {
    "icc_profile": "colour profile",
    "exif": "EXIF data",
    "xmp": "XMP data",
    "iptc": "IPTC data",
    "photoshop": "data of Photoshop",
}


def read_picture(path: AnyPath) -> Picture:
    """Read a picture file as it is meant to be seen; see ``Picture``.

    Of an animation, a multi-page TIFF or a multi-picture JPEG the first picture is read that is no
    reduced copy; CMYK becomes
    sRGB; NaN and infinity are replaced. Each such step is in the picture's ``notes``.

    Raises:
        PictureUnreadable: missing, a folder, closed to this user, empty, truncated, damaged or no picture.
        PictureUnsupported: a picture of a format, kind or size that is not retouched; sizes are checked
            in the header.
    """
    path = Path(path)
    with open_source(path) as file:
        format_name = recognise(file, path)
        size = os.fstat(file.fileno()).st_size
        if format_name != "tiff" and size > MAX_ENCODED_BYTES:
            raise PictureUnsupported(f"{display(path)} is larger than 2 GiB.", "Scale it down first.")
        try:
            with warnings.catch_warnings():
                # libraries warn of oddities in a file; what matters is in the notes or an error
                warnings.simplefilter("ignore")
                decoded = FORMATS[format_name].read(file, display(path))
                return _picture(decoded, format_name, path)
        except RetouchError:
            raise
        except MemoryError as error:
            raise PictureUnsupported(
                f"{display(path)} does not fit into this machine's memory.", "Scale it down first."
            ) from error
        except Exception as error:
            # decoders fail on damage in every way there is
            title = FORMATS[format_name].title
            raise PictureUnreadable(
                f"{display(path)} is damaged or incomplete: it could not be read as {title}.",
                "Copy or export it again from its original.",
            ) from error


def _picture(decoded: Decoded, format_name: str, path: Path) -> Picture:
    pixels, metadata, notes = decoded.pixels, decoded.metadata, decoded.notes
    channels = pixels.shape[2]
    stored = pixels.shape[1], pixels.shape[0]
    pixels = upright(with_colour_channels(pixels) if channels == 2 else pixels, decoded.orientation)
    if decoded.orientation >= 5 and metadata.dpi:
        metadata = replace(metadata, dpi=metadata.dpi[::-1])
    if metadata.extra:
        extra = replace(metadata.extra, pixels=upright(metadata.extra.pixels, decoded.orientation))
        metadata = replace(metadata, extra=extra)
    if not pixels.flags.writeable:
        pixels = pixels.copy()
    for name, title in _BLOCKS.items():
        block = getattr(metadata, name)
        if block and len(block) > MAX_METADATA_BYTES:
            without: dict[str, Any] = {name: None}
            metadata = replace(metadata, **without)
            notes += (f"The {title} is longer than any program needs and was left out.",)
    profile = metadata.icc_profile
    if profile and (not is_profile(profile) or is_cut(profile)):
        metadata = replace(metadata, icc_profile=None)
        notes += ("The colour profile is damaged and was left out.",)
    if decoded.orientation > 1 and metadata.xmp:
        places = xmp_regions.turned(metadata.xmp, decoded.orientation, *stored)
        metadata = replace(metadata, xmp=places.packet)
        notes += (xmp_regions.LEFT_OUT,) if places.left_out else ()
    turned = upright_metadata(metadata, width=pixels.shape[1], height=pixels.shape[0])
    if metadata.exif and not turned.exif:
        notes += ("The EXIF data is damaged and was left out.",)
    if metadata.xmp and not turned.xmp:
        notes += ("The XMP data is damaged and was left out.",)
    if holds_photograph(metadata.xmp):
        notes += ("The second photograph in the XMP data was left out.",)
    return Picture(pixels, format_name, channels <= 2, turned, notes, path)
