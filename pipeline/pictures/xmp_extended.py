"""Extended XMP: what of a JPEG's packet does not fit into one segment (ISO 16684-3:2021, annex A).

The parts are merged into one packet when they are read, and the packet is split again when it is written.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence

from pipeline.pictures.types import MAX_METADATA_BYTES
from pipeline.pictures.xmp import (
    ATTRIBUTE,
    NOTE,
    RDF,
    Element,
    PacketError,
    as_utf8,
    edited,
    elements_of,
)

PREFIX = b"http://ns.adobe.com/xmp/extension/\0"
_HEAD = 32 + 4 + 4  # GUID, length of the whole, offset of this part
_PART_BYTES = 65_400
_WRAPPER = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="' + RDF.encode() + b'">',
    b"</rdf:RDF></x:xmpmeta>",
)
_CLAIM = (NOTE, "HasExtendedXMP")
_CLAIM_BYTES = len(_CLAIM[0]) + 32 + len(' xmlns:xmpNote="" xmpNote:HasExtendedXMP=""')


def merged(packet: bytes, parts: Sequence[bytes]) -> bytes | None:
    """``packet`` with the descriptions of its extension, from segments without ``PREFIX``.

    None if there is no whole extension that belongs to it, or it is too long.
    """
    packet = as_utf8(packet)
    try:
        elements = elements_of(packet)
        extension = _joined(parts, _claimed(packet, elements))
        if extension is None:
            return None
        extra = as_utf8(extension)
        ours, theirs = _rdf(elements), _rdf(inner := elements_of(extra))
    except PacketError:
        return None
    if ours is None or theirs is None or ours.content.stop == ours.end:
        return None
    descriptions = b"".join(_standing_alone(extra, element) for element in inner if element.parent is theirs)
    whole = edited(packet, iter([(ours.content.stop, ours.content.stop, descriptions)]))
    return whole if len(whole) <= MAX_METADATA_BYTES else None


def split(packet: bytes, limit: int) -> tuple[bytes, tuple[bytes, ...]] | None:
    """``packet`` with at most ``limit`` bytes, and the segments with the largest properties, taken out of it.

    None if that cannot be done.
    """
    try:
        elements = elements_of(packet)
    except PacketError:
        return None
    rdf = _rdf(elements)
    descriptions = [e for e in elements if e.parent is rdf and e.name == (RDF, "Description")]
    if rdf is None or not descriptions or b"xmpNote" in packet:
        return None
    about = next((a for a in descriptions[0].attributes if a.name == (RDF, "about")), None)
    movable = sorted(_properties(elements, descriptions), key=len_of, reverse=True)
    too_long = len(packet) + _CLAIM_BYTES - limit
    moved = []
    for property_ in movable:
        if too_long <= 0:
            break
        moved.append(property_)
        too_long -= len_of(property_)
    if too_long > 0:
        return None
    subject = packet[about.value] if about else b""
    extension = _WRAPPER[0] + b"".join(_described(packet, subject, *each) for each in moved) + _WRAPPER[1]
    guid = hashlib.md5(extension, usedforsecurity=False).hexdigest().upper().encode()
    claim = b' xmlns:xmpNote="' + NOTE.encode() + b'" xmpNote:HasExtendedXMP="' + guid + b'"'
    name_end = descriptions[0].start + len(_tag_name(packet, descriptions[0]))
    edits = [(start, end, b"") for start, end, _ in moved]
    main = edited(packet, iter([*edits, (name_end, name_end, claim)]))
    return main, tuple(_segments(extension, guid))


Place = tuple[int, int, Element]  # of a property: start, end, the element that gives it its prefixes


def len_of(place: Place) -> int:
    """Bytes of a property."""
    return place[1] - place[0]


def _joined(parts: Sequence[bytes], guid: bytes | None) -> bytes | None:
    """The whole of the parts with this GUID, if none is missing."""
    own = [part for part in parts if guid is not None and part[:32].upper() == guid.upper()]
    if sum(map(len, own)) > MAX_METADATA_BYTES:
        return None
    pieces = sorted((int.from_bytes(part[36:40], "big"), part[_HEAD:]) for part in own if len(part) > _HEAD)
    whole = b"".join(piece for _, piece in pieces)
    if guid is None or hashlib.md5(whole, usedforsecurity=False).hexdigest().upper().encode() != guid.upper():
        return None
    return whole


def _claimed(packet: bytes, elements: Sequence[Element]) -> bytes | None:
    for element in elements:
        if element.name == _CLAIM:
            return packet[element.content].strip()
        for attribute in element.attributes:
            if attribute.name == _CLAIM:
                return packet[attribute.value].strip()
    return None


def _rdf(elements: Sequence[Element]) -> Element | None:
    return next((element for element in elements if element.name == (RDF, "RDF")), None)


def _tag_name(packet: bytes, element: Element) -> bytes:
    return packet[element.start : element.content.start].split(None, 1)[0].rstrip(b"/>")


def _declarations(scope: Mapping[str, str], without: Collection[str]) -> bytes:
    return b"".join(
        f' xmlns{":" * bool(prefix)}{prefix}="{_escaped(uri)}"'.encode()
        for prefix, uri in scope.items()
        if prefix not in ("xml", *without)
    )


def _escaped(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def _standing_alone(packet: bytes, element: Element) -> bytes:
    """An element with the declarations that it inherits."""
    name = _tag_name(packet, element)
    inherited = element.parent.scope if element.parent else {}
    tag = packet[element.start + len(name) : element.content.start]
    own = {match[1].decode().removeprefix("xmlns").removeprefix(":") for match in ATTRIBUTE.finditer(tag)}
    declared = _declarations(inherited, own)
    return name + declared + packet[element.start + len(name) : element.end]


def _properties(elements: Sequence[Element], descriptions: Sequence[Element]) -> Iterator[Place]:
    """Where the properties of the descriptions are: attributes (with a prefix of their own) and elements."""
    parents = {id(description) for description in descriptions}
    for element in elements:
        if id(element.parent) in parents:
            yield element.start, element.end, element
    for description in descriptions:
        for attribute in description.attributes:
            if attribute.name[1] and attribute.name[0] not in ("", RDF, "xml"):
                yield attribute.start, attribute.end, description


def _described(packet: bytes, subject: bytes, start: int, end: int, element: Element) -> bytes:
    """A property in a description of its own."""
    is_attribute = packet[start : start + 1] != b"<"
    scope = element.scope if is_attribute or element.parent is None else element.parent.scope
    head = b'<rdf:Description rdf:about="' + subject + b'"' + _declarations(scope, ("rdf",))
    if is_attribute:
        return head + packet[start:end] + b"/>"
    return head + b">" + packet[start:end] + b"</rdf:Description>"


def _segments(extension: bytes, guid: bytes) -> Iterator[bytes]:
    whole = len(extension).to_bytes(4, "big")
    for offset in range(0, len(extension), _PART_BYTES):
        part = extension[offset : offset + _PART_BYTES]
        yield PREFIX + guid + whole + offset.to_bytes(4, "big") + part
