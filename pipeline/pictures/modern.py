"""HEIF, AVIF and JPEG XL in, through libraries that are imported when such a file is read.

Depths of 10 and 12 bits become 16. All three turn their pixels by their own rules, or say so in EXIF.
"""

import struct
from io import BytesIO
from typing import BinaryIO

import imagecodecs
import numpy as np

from pipeline.pictures import xmp_regions
from pipeline.pictures.boxes import VIDEO, VIDEO_LEFT_OUT, end_of_picture, notes_on_omissions
from pipeline.pictures.cicp import note_on, profile_of
from pipeline.pictures.exif import orientation_of
from pipeline.pictures.jxl_header import is_animated
from pipeline.pictures.pixels import finite, from_pillow, straight, widen_bits
from pipeline.pictures.types import Decoded, Metadata, Pixels, check_size
from retouchml.errors import PictureUnsupported

_EXIF_PREFIX = b"Exif\0\0"
_NAKED_JXL = b"\xff\x0a"  # without a container
_ANIMATED = "The picture is animated; only its first frame is used."
_SEVERAL = "The file holds several pictures; only the main one is used."


def read_heif(file: BinaryIO, name: str) -> Decoded:
    """Decode the main picture of a HEIF file, such as an iPhone's HEIC."""
    if b"avif" in _brands(file):
        return read_avif(file, name)
    try:
        import pillow_heif
    except ImportError as error:
        raise _missing(name, "a HEIF file", "pillow-heif") from error
    heif = pillow_heif.open_heif(file, convert_hdr_to_8bit=False)
    check_size(name, *heif.size)
    bits = int(heif.info.get("bit_depth", 8))
    pixels: Pixels = np.asarray(heif)  # decodes
    pixels = np.array(pixels.reshape(*pixels.shape[:2], -1))
    if pixels.dtype == np.uint16:
        pixels = widen_bits(pixels >> (16 - bits), bits)
    notes = [_SEVERAL] if len(heif) > 1 else []
    if heif.info.get("depth_images") or heif.info.get("aux"):
        notes.append("The file also holds a map of depth or brightness, which was left out.")
    if heif.premultiplied_alpha:
        pixels = straight(pixels)
        notes.append("Premultiplied alpha was turned into straight alpha.")
    nclx = heif.info.get("nclx_profile") or {}
    colours = (int(nclx.get("color_primaries", 2)), int(nclx.get("transfer_characteristics", 2)))
    packet = heif.info.get("xmp")
    notes += notes_on_omissions(file, packet)
    exif = heif.info.get("exif")
    packet, more = _turned_places(packet, exif, pixels)
    return _decoded(pixels, heif.info.get("icc_profile"), colours, exif, packet, [*notes, *more])


def read_avif(file: BinaryIO, name: str) -> Decoded:
    """Decode an AVIF file; of an animation, the first frame."""
    from PIL import features

    if not (features.check("avif") and imagecodecs.AVIF.available):
        raise _missing(name, "an AVIF file", "--upgrade pillow imagecodecs")
    from PIL import AvifImagePlugin

    file.seek(0)
    data = file.read()
    image = AvifImagePlugin.AvifImageFile(BytesIO(data))
    check_size(name, *image.size)
    exif, packet = image.info.get("exif"), image.info.get("xmp")
    notes = [_ANIMATED] if image.is_animated else []
    notes += notes_on_omissions(file, packet, animated=image.is_animated)
    bits = _bits_of_avif(data)
    if image.is_animated:  # where imagecodecs corrupts the memory
        pixels = from_pillow(image)
        notes += [f"Of its {bits} bits a channel, 8 are used."] if bits > 8 else []
    else:
        stored: Pixels = imagecodecs.avif_decode(data)
        pixels = widen_bits(stored.reshape(*stored.shape[:2], -1), bits)
    decoded = _decoded(
        pixels,
        image.info.get("icc_profile"),
        _colours_of_avif(data),
        exif,
        packet,
        notes,
    )
    # Pillow has put the container's own orientation there
    orientation = orientation_of(exif.removeprefix(_EXIF_PREFIX)) if exif else 1
    return Decoded(decoded.pixels, decoded.metadata, orientation, decoded.notes)


def read_jxl(file: BinaryIO, name: str) -> Decoded:
    """Decode a JPEG XL file; of an animation, the first frame."""
    try:
        import pyjpegxl
    except ImportError as error:
        raise _missing(name, "a JPEG XL file", "pyjpegxl") from error
    data = file.read(len(_NAKED_JXL))
    has_boxes = data != _NAKED_JXL
    end = end_of_picture(file) if has_boxes else -1  # the decoder refuses what is behind it
    file.seek(0)
    data = file.read(end)
    header = pyjpegxl.probe(data)
    check_size(name, header.width, header.height)
    header, pixels = pyjpegxl.decode_to_numpy(data)
    pixels = pixels.reshape(*pixels.shape[:2], -1)
    notes = []
    if is_animated(data):
        pixels, note = _first_frame(data, pixels)
        notes.append(note)
    if pixels.dtype.kind == "f":
        pixels, had_broken = finite(pixels.astype(np.float32))
        if had_broken:
            notes.append("Pixels that were no number or infinite were replaced.")
    exif = header.exif
    if exif and exif[:2] not in (b"II", b"MM", b"Ex"):
        exif = exif[4:]  # a box of JPEG XL begins with an offset
    if has_boxes:
        notes += notes_on_omissions(file, header.xmp)
    elif VIDEO.search(data):  # nothing tells the end of such a file
        notes.append(VIDEO_LEFT_OUT)
    packet, more = _turned_places(header.xmp, exif, pixels)
    return _decoded(pixels, header.icc, (2, 2), exif, packet, [*notes, *more])


def _first_frame(data: bytes, last: Pixels) -> tuple[Pixels, str]:
    """The first frame of an animated JPEG XL file, or the last if no library here decodes that; a note."""
    if imagecodecs.JPEGXL.available:
        first: Pixels = imagecodecs.jpegxl_decode(data, index=0)
        first = first.reshape(*first.shape[:2], -1)
        if first.shape == last.shape and first.dtype == last.dtype:
            return first, _ANIMATED
    return last, "The picture is animated; only its last frame is used."


def _turned_places(
    packet: bytes | None, exif: bytes | None, pixels: Pixels
) -> tuple[bytes | None, list[str]]:
    """XMP for pixels that the decoder has turned, as EXIF still tells; and a note."""
    orientation = orientation_of(exif.removeprefix(_EXIF_PREFIX)) if exif else 1
    if packet is None or orientation == 1:
        return packet, []
    height, width = pixels.shape[:2] if orientation < 5 else pixels.shape[1::-1]
    places = xmp_regions.turned(packet, orientation, width, height)
    return places.packet, [xmp_regions.LEFT_OUT] if places.left_out else []


def _decoded(
    pixels: Pixels,
    profile: bytes | None,
    colours: tuple[int, int],
    exif: bytes | None,
    xmp: bytes | None,
    notes: list[str],
) -> Decoded:
    if not profile:
        profile = profile_of(*colours)
        note = note_on(colours[1])
        notes += [note] if note else []
    metadata = Metadata(
        icc_profile=profile or None,
        exif=(exif or b"").removeprefix(_EXIF_PREFIX) or None,
        xmp=xmp or None,
        lossless=True,  # what is written next is no lossy file of the same kind
    )
    return Decoded(np.ascontiguousarray(pixels), metadata, 1, tuple(notes))


def _missing(name: str, what: str, package: str) -> PictureUnsupported:
    return PictureUnsupported(
        f"{name} is {what}, and what reads these is not installed.",
        f"Install it with `pip install {package}` in RetouchML's Python, or export it as PNG or TIFF.",
    )


def _brands(file: BinaryIO) -> tuple[bytes, ...]:
    """The brands of a file of MP4's family; the file is left at its start."""
    head = file.read(8)
    size = min(int.from_bytes(head[:4], "big"), 1024)
    brands = file.read(max(0, size - 8))
    file.seek(0)
    return tuple(brands[at : at + 4] for at in range(0, len(brands), 4) if at != 4)


def _bits_of_avif(data: bytes) -> int:
    """Bits of a channel, from the decoder's configuration (AV1 in ISO base media files, §2.3)."""
    at = data.find(b"av1C")
    flags = data[at + 6] if 0 <= at < len(data) - 6 else 0
    return (12 if flags & 0x20 else 10) if flags & 0x40 else 8


def _colours_of_avif(data: bytes) -> tuple[int, int]:
    """Numbers of primaries and transfer; 2 if the file says none."""
    at = data.find(b"colrnclx")
    if not 0 <= at <= len(data) - 12:
        return 2, 2
    primaries, transfer = struct.unpack_from(">HH", data, at + 8)
    return int(primaries), int(transfer)
