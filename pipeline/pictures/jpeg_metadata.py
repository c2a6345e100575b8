"""What a JPEG file holds beside its pixels: read from its segments, and written into new ones."""

import re
from collections.abc import Iterator, Sequence

from pipeline.pictures import photoshop, xmp_extended
from pipeline.pictures.boxes import BEHIND_LEFT_OUT, VIDEO_LEFT_OUT
from pipeline.pictures.colour import joined_profile
from pipeline.pictures.jpeg_segments import APP, COMMENT, Parts
from pipeline.pictures.types import MAX_METADATA_BYTES, Metadata
from pipeline.pictures.xmp import claims_gain_map, claims_video

MAX_SEGMENT_BYTES = 65533 - 29
"""Bytes that fit into one JPEG segment beside the longest name (XMP's)."""

DAMAGED_PROFILE = "The colour profile is damaged and was left out."
EXIF_PREFIX = b"Exif\0\0"
_XMP_PREFIX = b"http://ns.adobe.com/xap/1.0/\0"
_PHOTOSHOP_PREFIX = b"Photoshop 3.0\0"
_ICC_PREFIX = b"ICC_PROFILE\0"
_PICTURES_PREFIX = b"MPF\0"  # CIPA DC-007, multi-picture format
_GAIN_MAP_PREFIX = b"urn:iso:std:iso:ts:21496:-1\0"
_KNOWN = (
    EXIF_PREFIX,
    _XMP_PREFIX,
    xmp_extended.PREFIX,
    _PHOTOSHOP_PREFIX,
    _ICC_PREFIX,
    _PICTURES_PREFIX,
    _GAIN_MAP_PREFIX,
)
_NOT_DATA = (0xE0, 0xEE)  # JFIF and Adobe say how the pixels are stored

_VIDEO = re.compile(rb"\0\0[\0-\x02].ftyp|MotionPhoto_Data", re.DOTALL)
_PADDING = b"\0\xff \r\n\t\xd9"


def metadata_of(parts: Parts) -> tuple[Metadata, tuple[str, ...]]:
    """The metadata in a JPEG file's segments, and notes on what of the file is left out."""
    segments = parts.segments
    exif = b"".join(_contents(segments, 1, EXIF_PREFIX)) or None
    packet = next(_contents(segments, 1, _XMP_PREFIX), None)
    notes: list[str] = []
    if exif and len(exif) > MAX_METADATA_BYTES:
        exif = None
        notes.append("The EXIF data is damaged and was left out.")
    profile_parts = list(_contents(segments, 2, _ICC_PREFIX))
    profile = joined_profile(profile_parts)
    if profile_parts and profile is None:
        notes.append(DAMAGED_PROFILE)
    extension = list(_contents(segments, 1, xmp_extended.PREFIX))
    whole = xmp_extended.merged(packet, extension) if packet and extension else None
    if extension and whole is None:
        notes.append("The extended XMP data is incomplete or damaged and was left out.")
    resources = photoshop.resources_of(b"".join(_contents(segments, 13, _PHOTOSHOP_PREFIX)))
    comments = tuple(content for marker, content in segments if marker == COMMENT and content.strip(b"\0"))
    notes += _notes_on_omissions(parts, packet or b"")
    metadata = Metadata(
        icc_profile=profile,
        exif=exif,
        xmp=whole or packet,
        iptc=photoshop.iptc_of(resources),
        photoshop=photoshop.lasting(resources),
        comments=comments,
        lossless=False,
    )
    return metadata, tuple(notes)


def segments_of(metadata: Metadata) -> bytes:
    """Segments with the XMP, the IPTC records, Photoshop's resources and the comments of ``metadata``."""
    result = b""
    if metadata.xmp:
        if len(metadata.xmp) <= MAX_SEGMENT_BYTES:
            result += _segment(APP + 1, _XMP_PREFIX + metadata.xmp)
        elif parts := xmp_extended.split(metadata.xmp, MAX_SEGMENT_BYTES):
            result += _segment(APP + 1, _XMP_PREFIX + parts[0])
            result += b"".join(_segment(APP + 1, part) for part in parts[1])
    resources = photoshop.with_iptc(metadata.photoshop, metadata.iptc)
    for at in range(0, len(resources), MAX_SEGMENT_BYTES):
        result += _segment(APP + 13, _PHOTOSHOP_PREFIX + resources[at : at + MAX_SEGMENT_BYTES])
    return result + b"".join(_segment(COMMENT, comment) for comment in metadata.comments)


def holds_xmp(packet: bytes) -> bool:
    """Whether a packet goes into a JPEG file, in one segment or split."""
    return len(packet) <= MAX_SEGMENT_BYTES or xmp_extended.split(packet, MAX_SEGMENT_BYTES) is not None


def _contents(segments: Sequence[tuple[int, bytes]], number: int, prefix: bytes) -> Iterator[bytes]:
    for marker, content in segments:
        if marker == APP + number and content.startswith(prefix):
            yield content[len(prefix) :]


def _segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content


def _notes_on_omissions(parts: Parts, packet: bytes) -> Iterator[str]:
    """Sentences on pictures, videos and data that a new file will not have."""
    trailer = parts.trailer
    has_gain_map = _has(parts, _GAIN_MAP_PREFIX) or claims_gain_map(packet)
    has_pictures = _has(parts, _PICTURES_PREFIX)
    has_video = _VIDEO.search(trailer) or (trailer and claims_video(packet))
    if has_gain_map:
        yield "The HDR gain map was left out: the result has the picture's ordinary brightness."
    if has_pictures and not has_gain_map:
        yield "The file holds several pictures; only the first is used."
    if has_video:
        yield VIDEO_LEFT_OUT
    if trailer.strip(_PADDING) and not (has_gain_map or has_pictures or has_video):
        yield BEHIND_LEFT_OUT
    foreign = dict.fromkeys(
        f"APP{marker - APP} {_name_of(content)}".rstrip()
        for marker, content in parts.segments
        if marker != COMMENT and marker not in _NOT_DATA and not content.startswith(_KNOWN)
    )
    if foreign:
        names = ", ".join(list(foreign)[:8])
        yield f"Data of other programs was left out ({names})."


def _has(parts: Parts, prefix: bytes) -> bool:
    return any(marker == APP + 2 and content.startswith(prefix) for marker, content in parts.segments)


def _name_of(content: bytes) -> str:
    """The name that a segment begins with, if it has one."""
    match = re.match(rb"[ -~]{2,24}", content)
    return match[0].decode("ascii").strip() if match else ""
