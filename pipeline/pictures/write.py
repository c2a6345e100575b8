"""Writes picture files of every format of the table.

What a format cannot hold is converted, and the notes that come back say so. What came without loss is written
without loss wherever the format can.
"""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from pipeline.pictures.colour import profile_space
from pipeline.pictures.exif import upright_metadata
from pipeline.pictures.file import (
    AnyPath,
    check_folder,
    check_target,
    display,
    open_source,
    write_errors,
)
from pipeline.pictures.formats import FORMATS, SUFFIXES, Format, Writing, format_of, recognise
from pipeline.pictures.pixels import as_grey, is_opaque, on_white, to_depth
from pipeline.pictures.png_colour import profile_of_chunks
from pipeline.pictures.png_metadata import holds_iptc, text_keywords, unsaid_colour
from pipeline.pictures.types import ExtraChannels, Metadata, Picture, Pixels, check_pixels
from retouchml.errors import PictureUnsupported, PictureUnwritable, RetouchError
from retouchml.system.files import atomic_file

_DEPTH_NAMES = {"uint8": "8 bits", "uint16": "16 bits", "float32": "floats"}


def write_picture(path: AnyPath, like: Picture, pixels: Pixels, *, force: bool = False) -> tuple[str, ...]:
    """Write ``pixels`` to ``path``, whole or not at all, as ``encode_picture`` does.

    Returns:
        Sentences on what the format could not hold.

    Raises:
        PictureUnwritable: the suffix names no format, the folder is missing or closed to this user, or the
            target is a folder, a device, the file that ``like`` was read from (by any name or link), or
            exists while ``force`` is off.
        PictureUnsupported: a side is longer than the format allows.
        DiskFullError: no room.
    """
    path = Path(path)
    target = check_target(path, force=force, source=like.path)
    check_folder(target.parent)
    format_of(path)
    with write_errors(target), atomic_file(target) as file:
        return encode_picture(file, path, like, pixels)


def encode_picture(file: BinaryIO, path: AnyPath, like: Picture, pixels: Pixels) -> tuple[str, ...]:
    """Write ``pixels`` into an open file in the format that the suffix of ``path`` names.

    file: empty, open for writing and reading; path: also what errors call the file; like: the picture whose
    metadata goes along, and whether it is grey; pixels: ``[H, W]`` or ``[H, W, 1|3|4]``, uint8, uint16 or
    float32, as in ``Picture``, of any depth and channels whatever those of ``like``

    JPEG and, for what came from a lossy file, WebP are of quality 95 and without chroma subsampling in
    JPEG; a JPEG's own quantization tables are used where they are finer. Everything else is lossless.

    Returns:
        Sentences on what the format could not hold: depth, transparency, a profile, too long an EXIF block.

    Raises:
        PictureUnwritable: the suffix names no format, or the system or the encoder refuses.
        PictureUnsupported: a side is longer than the format allows.
        DiskFullError: no room.
    """
    path = Path(path)
    entry = FORMATS[format_of(path)]
    assert entry.writing is not None
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    check_pixels(pixels)
    _check_sides(path, pixels, entry, entry.writing)
    notes: list[str] = []
    try:
        with write_errors(path):
            fitted = _fitted(pixels, like.grey, entry, entry.writing, notes)
            metadata = _fitted_metadata(like.metadata, fitted, entry, entry.writing, notes)
            metadata = replace(metadata, extra=_fitted_extra(like, pixels, fitted, entry.writing, notes))
            entry.writing.write(file, fitted, metadata)
            file.flush()
    except RetouchError:
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


def copy_picture(source: AnyPath, file: BinaryIO, path: AnyPath) -> None:
    """Copy a picture file byte for byte into an open file, which errors call ``path``.

    Raises:
        PictureUnreadable, PictureUnsupported: the source is no picture.
        PictureUnwritable: the suffix of ``path`` names another format.
        DiskFullError: no room.
    """
    source, path = Path(source), Path(path)
    with open_source(source) as original:
        if recognise(original, source) != format_of(path):
            raise PictureUnwritable(
                f"{display(path)} cannot be a plain copy: it asks for another format.",
                "Write the pixels instead.",
            )
        with write_errors(path):
            shutil.copyfileobj(original, file, 1 << 20)
            file.flush()


def same_format(picture: Picture, target: AnyPath) -> bool:
    """Whether ``copy_picture`` could serve: ``target`` is named for the format ``picture`` came in."""
    return SUFFIXES.get(Path(target).suffix.lower()) == picture.format


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


def _fitted_extra(
    like: Picture, given: Pixels, fitted: Pixels, writing: Writing, notes: list[str]
) -> ExtraChannels | None:
    """The source's channels beyond its picture, if ``given`` is that picture and the format can hold them."""
    extra = like.metadata.extra
    if extra is None or given.shape != like.pixels.shape:
        return None  # a layer or a comparison is another picture
    if not writing.extra:
        notes.append("The channels beyond the colours were left out; a TIFF keeps them.")
        return None
    return replace(extra, pixels=to_depth(extra.pixels, fitted.dtype))


def _bits(depth: np.dtype[np.generic]) -> str:
    return _DEPTH_NAMES[depth.name]


def _fitted_metadata(
    metadata: Metadata, pixels: Pixels, entry: Format, writing: Writing, notes: list[str]
) -> Metadata:
    height, width, channels = pixels.shape
    metadata = upright_metadata(metadata, width, height)
    if not writing.png_chunks and channels >= 3:
        metadata = _with_profile_of_chunks(metadata, entry, notes)
    profile, exif, xmp = metadata.icc_profile, metadata.exif, metadata.xmp
    if profile and not _goes_with(profile, channels, entry):
        notes.append(f"The colour profile is for {profile_space(profile)} and was left out.")
        profile = None
    limit = writing.max_block
    if limit and exif and len(exif) > limit:
        notes.append(f"The EXIF data is too long for {entry.title} and was left out.")
        exif = None
    if xmp and not writing.holds_xmp(xmp):
        notes.append(f"The XMP data is too long for {entry.title} and was left out.")
        xmp = None
    iptc = metadata.iptc
    if iptc and writing.png_chunks and holds_iptc(metadata):
        pass
    elif iptc and not writing.iptc:
        notes.append(f"{entry.title} has no place for the IPTC data, which was left out.")
        iptc = None
    elif limit and iptc and len(iptc) > limit:
        notes.append(f"The IPTC data is too long for {entry.title} and was left out.")
        iptc = None
    metadata = replace(metadata, icc_profile=profile, exif=exif, xmp=xmp, iptc=iptc)
    return _with_own_blocks(metadata, entry, writing, notes)


def _with_profile_of_chunks(metadata: Metadata, entry: Format, notes: list[str]) -> Metadata:
    """``metadata`` with a colour profile in place of a PNG's colour chunks, if that can say the same."""
    unsaid = unsaid_colour(metadata)
    profile = profile_of_chunks(metadata.png_colour) if unsaid and not metadata.icc_profile else None
    if profile is None:
        return metadata
    notes.append(f"{entry.title} has no {', '.join(unsaid)} as PNG has: a colour profile says the same.")
    return replace(metadata, icc_profile=profile, png_colour=())


def _with_own_blocks(metadata: Metadata, entry: Format, writing: Writing, notes: list[str]) -> Metadata:
    """``metadata`` with those blocks that one format alone knows only if this is the format."""
    no_place = f"{entry.title} has no place for"
    if metadata.photoshop and not writing.photoshop and not (writing.png_chunks and holds_iptc(metadata)):
        notes.append(f"{no_place} Photoshop's resources, which were left out.")
        metadata = replace(metadata, photoshop=None)
    if metadata.comments and not writing.comments:
        notes.append(f"{no_place} the comment, which was left out.")
        metadata = replace(metadata, comments=())
    if not writing.png_chunks:
        if unsaid := unsaid_colour(metadata):
            notes.append(
                f"{no_place} the PNG's description of its colours ({', '.join(unsaid)}), which was left out: "
                "colours may look different."
            )
        if keywords := text_keywords(metadata):
            notes.append(f"{no_place} the PNG's texts ({', '.join(keywords[:8])}), which were left out.")
        metadata = replace(metadata, png_colour=(), png_texts=())
    return metadata


def _goes_with(profile: bytes, channels: int, entry: Format) -> bool:
    space = profile_space(profile)
    if channels >= 3:
        return space == "RGB"
    # PNG alone forbids grey with a profile for RGB
    return space == "GRAY" or (space == "RGB" and entry.title != "PNG")
