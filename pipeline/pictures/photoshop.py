"""Photoshop's image resources: the blocks in a JPEG's APP13 segments and a TIFF's tag 34377.

After Adobe's "Photoshop File Formats Specification", section "Image Resource Blocks".
"""

import struct
from collections.abc import Sequence
from typing import NamedTuple

IPTC = 0x0404
_IPTC_DIGEST = 0x0425
# the picture as it was (two kinds of thumbnail), and copies of what the file has elsewhere (EXIF twice, XMP)
_STALE = frozenset((0x0409, 0x040C, 0x0422, 0x0423, 0x0424))
_MAX_RESOURCES = 4096


class Resource(NamedTuple):
    """One block: its number, its name as stored (usually empty), its content."""

    number: int
    name: bytes
    content: bytes


def resources_of(data: bytes) -> tuple[Resource, ...]:
    """The resources in ``data``, up to the first damaged one."""
    found: list[Resource] = []
    at = 0
    while data[at : at + 4] in (b"8BIM", b"MeSa", b"PHUT", b"AgHg", b"DCSR") and len(found) < _MAX_RESOURCES:
        name_end = at + 7 + (data[at + 6] if at + 6 < len(data) else 0)
        start = name_end + (name_end - at) % 2
        head = data[at : start + 4]
        if len(head) < start + 4 - at:
            break
        size = struct.unpack_from(">I", data, start)[0]
        content = data[start + 4 : start + 4 + size]
        if len(content) != size:
            break
        found.append(Resource(struct.unpack_from(">H", data, at + 4)[0], data[at + 7 : name_end], content))
        at = start + 4 + size + size % 2
    return tuple(found)


def iptc_of(resources: Sequence[Resource]) -> bytes | None:
    """The press's records among ``resources``."""
    return next((resource.content for resource in resources if resource.number == IPTC), None) or None


def lasting(resources: Sequence[Resource]) -> bytes | None:
    """What else stays true with new pixels, as bytes: no thumbnail, no copies of EXIF, XMP and IPTC."""
    left = [r for r in resources if r.number not in _STALE and r.number not in (IPTC, _IPTC_DIGEST)]
    return b"".join(map(_to_bytes, left)) or None


def with_iptc(resources: bytes | None, iptc: bytes | None) -> bytes:
    """Resources with the press's records before them, as bytes."""
    return (_to_bytes(Resource(IPTC, b"", iptc)) if iptc else b"") + (resources or b"")


def _to_bytes(resource: Resource) -> bytes:
    name = bytes((len(resource.name),)) + resource.name
    name += bytes(len(name) % 2)
    size = struct.pack(">I", len(resource.content))
    return (
        b"8BIM"
        + struct.pack(">H", resource.number)
        + name
        + size
        + resource.content
        + bytes(len(resource.content) % 2)
    )
