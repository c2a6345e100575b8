"""TIFF in, through tifffile: every usual depth, layout, compression and byte order.

Terms are those of TIFF 6.0: photometric interpretation, samples, extra samples, planar configuration.
"""

import logging
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np
import tifffile
from PIL import TiffImagePlugin
from tifffile import PHOTOMETRIC, TIFF

from pipeline.pictures.boxes import BEHIND_LEFT_OUT
from pipeline.pictures.colour import cmyk_to_srgb
from pipeline.pictures.exif import ICC_PROFILE, IPTC, ORIENTATION, PHOTOSHOP, XMP, block_from_tiff
from pipeline.pictures.photoshop import iptc_of, lasting, resources_of
from pipeline.pictures.pixels import finite, from_pillow, straight, to_depth, widen_bits
from pipeline.pictures.tiff_foreign import notes_on_foreign_tags
from pipeline.pictures.tiff_pages import Page, photograph_in
from pipeline.pictures.tiff_tail import has_data_behind
from pipeline.pictures.types import (
    MAX_METADATA_BYTES,
    MAX_PIXELS,
    Decoded,
    ExtraChannels,
    Metadata,
    Pixels,
    check_size,
    sensible_dpi,
)
from pipeline.pixels import full_scale
from retouchml.errors import PictureUnreadable, PictureUnsupported

MAX_SAMPLES = 16
"""Most samples of a pixel; with more it is no photograph."""

_BITS_PER_SAMPLE, _LAYERS = 258, 37724
_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 282, 283, 296
_INCHES = {2: 1.0, 3: 1 / 2.54}  # resolution unit → inches in it
_JPEG = 7
_UNSAFE = frozenset((22610, 34934))  # JPEG XR, whose decoder a damaged file can crash, and so this process
_UNSPECIFIED, _ASSOCIATED, _UNASSOCIATED = 0, 1, 2  # extra samples: …, premultiplied alpha, straight alpha
_KEEP_EXTRA = (PHOTOMETRIC.MINISBLACK, PHOTOMETRIC.MINISWHITE, PHOTOMETRIC.RGB)
_TITLES = {8: "CIE L*a*b*", 9: "ICC L*a*b*", 10: "ITU L*a*b*", 32844: "LogL", 32845: "LogLuv"}
_BLOCKS = {ICC_PROFILE: "colour profile", XMP: "XMP data", IPTC: "IPTC data", PHOTOSHOP: "data of Photoshop"}
_COMPRESSIONS = {1: "none", 5: "lzw"}

# tifffile logs what is odd about a file; the errors and notes here say what matters
logging.getLogger("tifffile").addHandler(logging.NullHandler())


def read_tiff(file: BinaryIO, name: str) -> Decoded:
    """Decode the photograph in a TIFF file: its first page that is not a reduced copy.

    Raises:
        PictureUnsupported: reduced copies alone, or colours or samples that are not retouched.
        PictureUnreadable: its pixels lie beyond the end of the file.
    """
    with tifffile.TiffFile(file) as tiff:
        chosen, notes = photograph_in(tiff, name)
        page, first = chosen.tiff, tiff.pages.first
        _check(name, page, file.seek(0, 2))
        if _LAYERS in page.tags:
            notes += ("The file has layers; only their flattened picture is used.",)
        pixels, extra, more_notes = _pixels(file, name, chosen)
        metadata = _metadata(page, first, file)
        notes += (*_notes_on_length(page, first), *notes_on_foreign_tags(page))
        notes += (BEHIND_LEFT_OUT,) if has_data_behind(file) else ()
        # Pillow turns what libtiff decodes
        value = _value_of(page, first, ORIENTATION) if not _is_for_libtiff(page) else 1
    orientation = value if isinstance(value, int) and 1 <= value <= 8 else 1
    if page.photometric == PHOTOMETRIC.SEPARATED:
        ink = np.ascontiguousarray(pixels[..., :4])
        light, note = cmyk_to_srgb(ink, metadata.icc_profile)
        pixels = np.concatenate([light, pixels[..., 4:]], axis=2)
        metadata = Metadata(
            exif=metadata.exif,
            xmp=metadata.xmp,
            iptc=metadata.iptc,
            photoshop=metadata.photoshop,
            dpi=metadata.dpi,
        )
        more_notes = (*more_notes, note)
    metadata = replace(metadata, extra=extra)
    return Decoded(np.ascontiguousarray(pixels), metadata, orientation, (*notes, *more_notes))


def _check(name: str, page: tifffile.TiffPage, file_size: int) -> None:
    check_size(name, page.imagewidth, page.imagelength)
    is_decoded = page.compression in TIFF.DECOMPRESSORS and page.compression not in _UNSAFE
    if not is_decoded and not _is_for_libtiff(page):
        raise PictureUnsupported(
            f"{name} is compressed in a way that is not read ({_label(page.compression)}).",
            "Save it again as TIFF without compression, or as PNG.",
        )
    bits = page.tags.valueof(_BITS_PER_SAMPLE, 1)
    if isinstance(bits, tuple) and len(set(bits)) > 1:
        depths = ", ".join(map(str, bits[:MAX_SAMPLES]))
        raise PictureUnsupported(
            f"{name} has channels of different depths ({depths} bits).", "Save it with 8 or 16 bits first."
        )
    too_many = page.samplesperpixel > MAX_SAMPLES or page.imagedepth != 1
    if too_many or (page.is_tiled and page.tilewidth * page.tilelength > MAX_PIXELS):
        raise PictureUnsupported(
            f"{name} is a TIFF file, but no photograph.", "Save it as RGB or grey first."
        )
    if _is_incomplete(page, file_size):
        raise PictureUnreadable(
            f"{name} is cut off: some of its pixels are missing.",
            "Copy or export it again from its original.",
        )


def _is_incomplete(page: tifffile.TiffPage, file_size: int) -> bool:
    """Whether strips or tiles are missing, empty or beyond the end; tifffile would read them as black."""
    offsets, sizes = page.dataoffsets, page.databytecounts
    if len(offsets) != len(sizes) or len(offsets) < math.prod(page.chunked):
        return True
    if any(size == 0 or offset + size > file_size for offset, size in zip(offsets, sizes, strict=True)):
        return True
    bits = page.imagewidth * page.imagelength * page.samplesperpixel * page.bitspersample
    plain = page.compression == 1 and page.photometric != PHOTOMETRIC.YCBCR
    return plain and 8 * sum(sizes) < bits


def _label(value: object) -> str:
    """A tag's number by its name in the specification."""
    return str(getattr(value, "name", value)).replace("_", " ")


def _pixels(file: BinaryIO, name: str, chosen: Page) -> tuple[Pixels, ExtraChannels | None, tuple[str, ...]]:
    """Samples as grey, RGB or CMYK, with straight alpha if there is any, in uint8, uint16 or float32.

    With the channels beyond these, and notes.
    """
    page = chosen.tiff
    if _is_for_libtiff(page):
        return _by_libtiff(file, name, chosen), None, ()
    if page.photometric not in _COLOURS:
        label = _TITLES.get(int(page.photometric), _label(page.photometric))
        raise PictureUnsupported(
            f"{name} has colours that are not retouched ({label}).", "Save it as RGB or grey first."
        )
    channels, convert = _COLOURS[PHOTOMETRIC(page.photometric)]
    stored = page.asarray(squeeze=False)  # [separate samples, 1, H, W, contiguous samples]
    stored = np.moveaxis(stored[:, 0], 0, -1).reshape(*stored.shape[2:4], -1)
    beyond = stored.shape[2] - channels
    if beyond < 0:
        raise PictureUnsupported(
            f"{name} has too few samples for its colours.", "Save it as RGB or grey first."
        )
    # without the tag, nothing says what further samples mean
    kinds = (*(int(kind) for kind in page.extrasamples), *(_UNSPECIFIED for _ in range(beyond)))[:beyond]
    alpha = next((at for at, kind in enumerate(kinds) if kind in (_ASSOCIATED, _UNASSOCIATED)), None)
    is_palette = page.photometric == PHOTOMETRIC.PALETTE
    if is_palette:
        alpha = None
    pixels, notes = convert(name, page, stored)
    others = [channels + at for at in range(beyond) if at != alpha]
    extra = None
    if others and page.photometric in _KEEP_EXTRA:
        extra = ExtraChannels(
            np.ascontiguousarray(pixels[..., others]),
            tuple(_UNASSOCIATED if at == alpha else _UNSPECIFIED for at in range(beyond)),
        )
        notes = (_kept_note(len(others)), *notes)
    elif others:
        notes = ("Channels beyond colour and alpha were left out.", *notes)
    if alpha is not None and alpha > 0:
        pixels = pixels[..., [*range(channels), channels + alpha]]
    elif beyond and not is_palette:
        pixels = pixels[..., : channels + (alpha is not None)]
    if alpha is not None and kinds[alpha] == _ASSOCIATED:
        pixels = straight(pixels)
        notes = ("Premultiplied alpha was turned into straight alpha.", *notes)
    if pixels.dtype == np.float32:
        pixels, had_broken = finite(pixels if pixels.flags.writeable else pixels.copy())
        if had_broken:
            notes = ("Pixels that were no number or infinite were replaced.", *notes)
    return pixels, extra, notes


def _kept_note(number: int) -> str:
    if number == 1:
        return "A channel beyond the colours, such as a scanner's infrared, is kept as it is in a TIFF."
    return f"{number} channels beyond the colours are kept as they are in a TIFF."


def _is_for_libtiff(page: tifffile.TiffPage) -> bool:
    """YCbCr with subsampled chroma, which tifffile does not unpack."""
    return page.photometric == PHOTOMETRIC.YCBCR and page.compression != _JPEG


def _by_libtiff(file: BinaryIO, name: str, chosen: Page) -> Pixels:
    if chosen.below:
        raise PictureUnsupported(
            f"{name} has its photograph below a smaller copy, in a form that is not read.",
            "Save it as RGB first.",
        )
    file.seek(0)
    image = TiffImagePlugin.TiffImageFile(file)
    image.seek(chosen.number)
    check_size(name, *image.size)
    image.load()
    return from_pillow(image.convert("RGB"))


Converted = tuple[Pixels, tuple[str, ...]]


def _depth(name: str, page: tifffile.TiffPage, values: Pixels) -> Converted:
    """Any sample format as uint8, uint16 or float32."""
    kind, size = values.dtype.kind, values.dtype.itemsize
    bits = page.bitspersample
    values = values.astype(values.dtype.newbyteorder("="), copy=False)
    if kind == "f":
        with np.errstate(over="ignore"):
            return values.astype(np.float32, copy=False), (
                ("64-bit floats were narrowed to 32 bits.",) if size == 8 else ()
            )
    if kind == "b" or (kind == "u" and size <= 2):
        widened = widen_bits(values.astype(np.uint8) if kind == "b" else values, bits)
        return widened, (f"{bits}-bit samples were widened.",) if bits not in (8, 16) else ()
    if kind == "u" and bits == 8 * size:
        return (values >> (bits - 16)).astype(np.uint16), (f"{bits}-bit integers were narrowed to 16 bits.",)
    raise PictureUnsupported(
        f"{name} has samples of a kind that is not retouched ({values.dtype}).",
        "Save it with 8 or 16 bits first.",
    )


def _inverted(name: str, page: tifffile.TiffPage, values: Pixels) -> Converted:
    """Grey that counts from white to black."""
    pixels, notes = _depth(name, page, values)
    pixels = pixels.copy()
    pixels[..., 0] = np.asarray(full_scale(pixels.dtype), pixels.dtype) - pixels[..., 0]
    return pixels, notes


def _palette(name: str, page: tifffile.TiffPage, values: Pixels) -> Converted:
    """Indices into a colour map of 16 bits, of which 8 are meant."""
    colours = page.colormap
    if colours is None or values.dtype.kind not in "ub":
        raise PictureUnreadable(f"{name} has no colour map.", "Save it as RGB first.")
    wide = int(colours.max()) > 255  # some programs write 8-bit numbers here
    table = (colours >> 8 if wide else colours).astype(np.uint8).T
    indices = np.minimum(values[..., 0].astype(np.uint16), len(table) - 1)
    return np.ascontiguousarray(table[indices]), ("The palette was expanded to full colour.",)


def _ink(name: str, page: tifffile.TiffPage, values: Pixels) -> Converted:
    pixels, notes = _depth(name, page, values)
    if pixels.dtype != np.uint8:
        notes += ("CMYK was narrowed to 8 bits.",)
    return to_depth(pixels, np.uint8), notes


# photometric interpretation → number of its samples, what turns them into pixels
_COLOURS: dict[PHOTOMETRIC, tuple[int, Callable[[str, tifffile.TiffPage, Pixels], Converted]]] = {
    PHOTOMETRIC.MINISWHITE: (1, _inverted),
    PHOTOMETRIC.MINISBLACK: (1, _depth),
    PHOTOMETRIC.RGB: (3, _depth),
    PHOTOMETRIC.PALETTE: (1, _palette),
    PHOTOMETRIC.SEPARATED: (4, _ink),
    PHOTOMETRIC.YCBCR: (3, _depth),
}


def _metadata(page: tifffile.TiffPage, first: tifffile.TiffPage, file: BinaryIO) -> Metadata:
    """The photograph's own metadata; what its page lacks is taken from the first one."""
    resources = resources_of(_bytes_of(page, first, PHOTOSHOP) or b"")
    return Metadata(
        icc_profile=_bytes_of(page, page, ICC_PROFILE),
        exif=block_from_tiff(file, page.offset) or block_from_tiff(file),
        xmp=_bytes_of(page, first, XMP),
        iptc=_bytes_of(page, first, IPTC) or iptc_of(resources),
        photoshop=lasting(resources),
        dpi=_dpi(page),
        lossless=page.compression != _JPEG,
        half=page.dtype == np.float16,
        tiff_compression=_COMPRESSIONS.get(int(page.compression), "deflate"),
    )


def _value_of(page: tifffile.TiffPage, first: tifffile.TiffPage, code: int) -> Any:
    value = page.tags.valueof(code)
    return first.tags.valueof(code) if value is None else value


def _bytes_of(page: tifffile.TiffPage, first: tifffile.TiffPage, code: int) -> bytes | None:
    tag = page.tags.get(code) or first.tags.get(code)
    if tag is None or tag.valuebytecount > 2 * MAX_METADATA_BYTES:  # what is too long is not even read
        return None
    value = tag.value.encode() if isinstance(tag.value, str) else tag.value
    return value if isinstance(value, bytes) else None


def _notes_on_length(page: tifffile.TiffPage, first: tifffile.TiffPage) -> tuple[str, ...]:
    return tuple(
        f"The {title} is longer than any program needs and was left out."
        for code, title in _BLOCKS.items()
        if (tag := page.tags.get(code) or first.tags.get(code))
        and tag.valuebytecount > 2 * MAX_METADATA_BYTES
    )


def _dpi(page: tifffile.TiffPage) -> tuple[float, float] | None:
    inches = _INCHES.get(int(page.tags.valueof(_RESOLUTION_UNIT, 2)))
    try:
        (across, per), (down, each) = (page.tags.valueof(code) for code in (_X_RESOLUTION, _Y_RESOLUTION))
        return sensible_dpi(across / per / inches, down / each / inches) if inches else None
    except (TypeError, ValueError, ZeroDivisionError):
        return None
