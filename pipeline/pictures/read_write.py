"""Reads and writes picture files of every format of the table.

What a target cannot hold is converted, and ``write_picture`` says so. What came without loss is written
without loss wherever the target can. The source is only ever opened for reading; a target is written whole or
not at all.
"""

import os
import shutil
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from pipeline.pictures.colour import is_profile, profile_space
from pipeline.pictures.exif import for_upright, xmp_for_upright
from pipeline.pictures.file import check_file_target, display, open_source, written_whole
from pipeline.pictures.formats import FORMATS, SUFFIXES, Format, Writing, format_of, recognise
from pipeline.pictures.pixels import as_grey, is_opaque, on_white, to_depth, upright, with_colour_channels
from pipeline.pictures.types import (
    MAX_ENCODED_BYTES,
    Decoded,
    Metadata,
    Picture,
    Pixels,
    check_pixels,
)
from retouchml.errors import PictureUnreadable, PictureUnsupported, PictureUnwritable, RetouchError

AnyPath: TypeAlias = str | os.PathLike[str]

_DEPTH_NAMES = {"uint8": "8 bits", "uint16": "16 bits", "float32": "floats"}


def read_picture(path: AnyPath) -> Picture:
    """Read a picture file as it is meant to be seen; see ``Picture`` for what comes.

    Of an animation, a multi-page TIFF or a multi-picture JPEG the first picture is read; CMYK becomes
    sRGB; NaN and infinity are replaced. Each such step is in the picture's ``notes``.

    Raises:
        PictureUnreadable: missing, a folder, closed to us, empty, truncated, damaged or no picture.
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


def write_picture(path: AnyPath, like: Picture, pixels: Pixels, *, force: bool = False) -> tuple[str, ...]:
    """Write ``pixels`` in the format that the suffix of ``path`` names, with all that ``like`` carries.

    ``pixels`` is ``[H, W]`` or ``[H, W, 1|3|4]``, uint8, uint16 or float32, as in ``Picture``; depth and
    channels are its own and may differ from those of ``like``. A grey picture is written grey.
    JPEG and, for what came from a lossy file, WebP are of quality 95 and without chroma subsampling in
    JPEG; a JPEG's own quantization tables are used where they are finer. Everything else is lossless.

    Returns:
        Sentences on what the target could not hold: depth, transparency, a profile, too long an EXIF block.

    Raises:
        PictureUnwritable: see ``check_target``.
        PictureUnsupported: a side is longer than the format allows.
        DiskFullError: no room.
    """
    path = Path(path)
    target = check_target(path, source=like.path, force=force)
    entry = FORMATS[format_of(path)]
    assert entry.writing is not None
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    check_pixels(pixels)
    _check_sides(path, pixels, entry, entry.writing)
    notes: list[str] = []
    with written_whole(target) as file:
        try:
            fitted = _fitted(pixels, like.grey, entry, entry.writing, notes)
            metadata = _fitted_metadata(like.metadata, fitted, entry, entry.writing, notes)
            entry.writing.write(file, fitted, metadata)
        except (RetouchError, OSError):
            raise
        except MemoryError as error:
            raise PictureUnwritable(
                f"There is not enough memory to write {display(path)}.", "Choose TIFF, or a smaller picture."
            ) from error
        except Exception as error:
            raise PictureUnwritable(
                f"{display(path)} could not be encoded as {entry.title}.", "Choose another format."
            ) from error
    return tuple(notes)


def copy_unchanged(source: AnyPath, target: AnyPath, *, force: bool = False) -> None:
    """Copy a picture file byte for byte, for when nothing was retouched.

    Raises:
        PictureUnreadable, PictureUnsupported: the source is no picture.
        PictureUnwritable: see ``check_target``; or the suffix of the target names another format.
        DiskFullError: no room.
    """
    source, target = Path(source), Path(target)
    real = check_target(target, source=source, force=force)
    with open_source(source) as original:
        if recognise(original, source) != format_of(target):
            raise PictureUnwritable(
                f"{display(target)} cannot be a plain copy: it asks for another format.",
                "Write the pixels instead.",
            )
        with written_whole(real) as copy:
            shutil.copyfileobj(original, copy, 1 << 20)


def same_format(picture: Picture, target: AnyPath) -> bool:
    """Whether ``copy_unchanged`` could serve: ``target`` is named for the format ``picture`` came in."""
    return SUFFIXES.get(Path(target).suffix.lower()) == picture.format


def check_target(path: AnyPath, *, source: AnyPath | None = None, force: bool = False) -> Path:
    """Make sure, before any long work, that a result may be written to ``path``; returns where that is.

    Raises:
        PictureUnwritable: the folder is missing or closed to us, the suffix names no format, or the target is
            a folder, a device, ``source`` itself (by any name or link), or exists while ``force`` is off.
    """
    path = Path(path)
    real = check_file_target(path, Path(source) if source is not None else None, force)
    format_of(path)
    return real


def _picture(decoded: Decoded, format_name: str, path: Path) -> Picture:
    pixels, metadata, notes = decoded.pixels, decoded.metadata, decoded.notes
    channels = pixels.shape[2]
    pixels = upright(with_colour_channels(pixels) if channels == 2 else pixels, decoded.orientation)
    if decoded.orientation >= 5 and metadata.dpi:
        metadata = replace(metadata, dpi=metadata.dpi[::-1])
    if not pixels.flags.writeable:
        pixels = pixels.copy()
    if metadata.icc_profile and not is_profile(metadata.icc_profile):
        metadata = replace(metadata, icc_profile=None)
        notes += ("The colour profile is damaged and was left out.",)
    upright_metadata = _upright_metadata(metadata, width=pixels.shape[1], height=pixels.shape[0])
    if metadata.exif and not upright_metadata.exif:
        notes += ("The EXIF data is damaged and was left out.",)
    return Picture(pixels, format_name, channels <= 2, upright_metadata, notes, path)


def _upright_metadata(metadata: Metadata, width: int, height: int) -> Metadata:
    return replace(
        metadata,
        exif=for_upright(metadata.exif, width, height) if metadata.exif else None,
        xmp=xmp_for_upright(metadata.xmp) if metadata.xmp else None,
    )


def _check_sides(path: Path, pixels: Pixels, entry: Format, writing: Writing) -> None:
    if max(pixels.shape[:2]) > writing.max_side:
        raise PictureUnsupported(
            f"{display(path)} cannot be written: {entry.title} ends at {writing.max_side} pixels a side.",
            "Choose TIFF.",
        )


def _fitted(pixels: Pixels, grey: bool, entry: Format, writing: Writing, notes: list[str]) -> Pixels:
    """``pixels`` as the format can hold them: ``[H, W, 1..4]``, where 2 is grey with alpha."""
    if pixels.dtype not in writing.depths:
        deepest = np.dtype(writing.depths[-1])
        notes.append(
            f"{entry.title} does not hold {_DEPTH_NAMES[pixels.dtype.name]}: narrowed to {_bits(deepest)}."
        )
        pixels = to_depth(pixels, deepest)
    if pixels.shape[2] == 4 and not writing.alpha:
        if is_opaque(pixels):
            pixels = pixels[..., :3]
        else:
            notes.append(f"{entry.title} holds no transparency: the picture was blended onto white.")
            pixels = on_white(pixels)
    if grey and pixels.shape[2] >= 3 and writing.grey:
        return as_grey(pixels)
    if pixels.shape[2] == 1 and not writing.grey:
        return np.repeat(pixels, 3, axis=2)
    return pixels


def _bits(depth: np.dtype[np.generic]) -> str:
    return _DEPTH_NAMES[depth.name]


def _fitted_metadata(
    metadata: Metadata, pixels: Pixels, entry: Format, writing: Writing, notes: list[str]
) -> Metadata:
    height, width, channels = pixels.shape
    metadata = _upright_metadata(metadata, width, height)
    profile, exif, xmp = metadata.icc_profile, metadata.exif, metadata.xmp
    if profile and not _goes_with(profile, channels, entry):
        notes.append(f"The colour profile is for {profile_space(profile)} and was left out.")
        profile = None
    limit = writing.max_block
    if limit and exif and len(exif) > limit:
        notes.append(f"The EXIF data is too long for {entry.title} and was left out.")
        exif = None
    if limit and xmp and len(xmp) > limit:
        notes.append(f"The XMP data is too long for {entry.title} and was left out.")
        xmp = None
    iptc = metadata.iptc
    if iptc and not writing.iptc:
        notes.append(f"{entry.title} has no place for the IPTC data, which was left out.")
        iptc = None
    elif limit and iptc and len(iptc) > limit:
        notes.append(f"The IPTC data is too long for {entry.title} and was left out.")
        iptc = None
    return replace(metadata, icc_profile=profile, exif=exif, xmp=xmp, iptc=iptc)


def _goes_with(profile: bytes, channels: int, entry: Format) -> bool:
    space = profile_space(profile)
    if channels >= 3:
        return space == "RGB"
    # PNG alone forbids grey with a profile for RGB
    return space == "GRAY" or (space == "RGB" and entry.title != "PNG")
