"""XMP packets: claims that new pixels make untrue are cut out, every other byte stays (ISO 16684-1:2019).

A packet is parsed for the places of its properties and edited as bytes, since writing XML anew would change
prefixes, order and padding.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from xml.parsers import expat

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
NOTE = "http://ns.adobe.com/xmp/note/"
_XMP = "http://ns.adobe.com/xap/1.0/"
_TIFF, _EXIF = "http://ns.adobe.com/tiff/1.0/", "http://ns.adobe.com/exif/1.0/"
_IMAGE = "http://ns.google.com/photos/1.0/image/"

_GAIN_MAPS = frozenset(
    (
        "http://ns.adobe.com/hdr-gain-map/1.0/",
        "http://ns.apple.com/HDRGainMap/1.0/",
    )
)
# what lies beside the pixels in the file, and is not written again
_GONE = _GAIN_MAPS | frozenset(
    (
        "http://ns.apple.com/pixeldatainfo/1.0/",
        "http://ns.google.com/photos/1.0/container/",
        "http://ns.google.com/photos/1.0/container/item/",
        "http://ns.google.com/photos/dd/1.0/container/",
        "http://ns.google.com/photos/dd/1.0/device/",
        "http://ns.google.com/photos/dd/1.0/item/",
        _IMAGE,
        NOTE,
    )
)
_GONE_NAMES = ("MotionPhoto", "MicroVideo", "OLivePhoto")  # of any camera's namespace
_OLD_PICTURES = frozenset(((_XMP, "Thumbnails"), (_XMP, "PageInfo")))
_WORDS_OF_CLAIMS = re.compile(
    rb"MotionPhoto|MicroVideo|OLivePhoto|hdr-?gain-?map|HasExtendedXMP|Thumbnails|photos/1\.0/(container|image)",
    re.IGNORECASE,
)
_MAX_PLACES = 200_000  # elements, attributes and namespaces in force where one is declared, of one packet
_START_TAG = re.compile(rb"<([^\s/>]+)((?:\s+[^\s=]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*)\s*/?>")
ATTRIBUTE = re.compile(rb"\s+([^\s=]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")


Name = tuple[str, str]  # namespace, local name


class PacketError(ValueError):
    """The packet is not well-formed, or more complicated than any real one."""


@dataclass(frozen=True)
class Attribute:
    """An attribute: its name, and where it (with the space before it) and its value lie."""

    name: Name
    start: int
    end: int
    value: slice


@dataclass
class Element:
    """An element: its name, where its start tag, its content and the whole of it lie, and its prefixes."""

    name: Name
    parent: "Element | None"
    start: int
    content: slice
    end: int
    attributes: tuple[Attribute, ...]
    scope: Mapping[str, str] = field(repr=False)
    has_elements: bool = False


def elements_of(packet: bytes) -> list[Element]:
    """All elements of a UTF-8 packet in the order of their start tags.

    Raises:
        PacketError: see there. A document type, with which entities could grow, is refused too.
    """
    reader = _Reader(packet)
    try:
        reader.parser.Parse(packet.rstrip(b"\0"), True)
    except (expat.ExpatError, UnicodeError) as error:
        raise PacketError("not well-formed") from error
    return reader.elements


def as_utf8(packet: bytes) -> bytes:
    """A packet in UTF-8, of whatever encoding of Unicode it was."""
    for start, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"<\0", "utf-16-le")):
        if packet.startswith(start):
            return packet.decode(encoding, "replace").encode()
    return packet.decode("utf-16-be", "replace").encode() if packet.startswith(b"\0<") else packet


def truthful_packet(packet: bytes, width: int, height: int) -> bytes:
    """A packet for pixels that are upright now, of this size and alone in their file.

    Orientation and size are set where the packet has them. What it says about a video, a gain map, further
    pictures or an extension of itself is cut out, and so are the pictures that it holds.

    Raises:
        PacketError: see there.
    """
    packet = as_utf8(packet)
    numbers = {
        (_TIFF, "Orientation"): b"1",
        (_TIFF, "ImageWidth"): b"%d" % width,
        (_TIFF, "ImageLength"): b"%d" % height,
        (_EXIF, "PixelXDimension"): b"%d" % width,
        (_EXIF, "PixelYDimension"): b"%d" % height,
    }
    return edited(packet, _edits(elements_of(packet), _is_untrue, numbers))


def claims_gain_map(packet: bytes) -> bool:
    """Whether the packet says that its file has an HDR gain map."""
    return any(namespace in _GAIN_MAPS and local for namespace, local in _names_in(packet))


def claims_video(packet: bytes) -> bool:
    """Whether the packet says that its file has the video of a motion photo."""
    return any(local.startswith(_GONE_NAMES) for _, local in _names_in(packet))


def _names_in(packet: bytes) -> Iterator[Name]:
    try:
        elements = elements_of(as_utf8(packet))
    except PacketError:
        return
    for element in elements:
        yield element.name
        yield from (attribute.name for attribute in element.attributes)


def may_claim(packet: bytes) -> bool:
    """Whether a packet that cannot be parsed has a word of what ``truthful_packet`` cuts out."""
    return _WORDS_OF_CLAIMS.search(packet) is not None


def holds_photograph(packet: bytes | None) -> bool:
    """Whether there is a second photograph in the packet, as Google's cameras put it there."""
    return packet is not None and _IMAGE.encode() in packet


def edited(packet: bytes, edits: Iterator[tuple[int, int, bytes]]) -> bytes:
    """``packet`` with stretches (start, end, new bytes), which do not overlap, replaced."""
    pieces, at = [], 0
    for start, end, new in sorted(edits):
        pieces += [packet[at:start], new]
        at = end
    return b"".join((*pieces, packet[at:]))


def _edits(
    elements: list[Element],
    is_untrue: Callable[[Name], bool],
    numbers: Mapping[Name, bytes] = MappingProxyType({}),
) -> Iterator[tuple[int, int, bytes]]:
    """What cuts out all that is untrue and sets ``numbers``: start, end, new bytes."""
    past = 0
    for element in elements:
        if element.start < past:
            continue  # within an element that is cut out
        if is_untrue(element.name):
            past = element.end
            yield element.start, element.end, b""
            continue
        for attribute in element.attributes:
            if is_untrue(attribute.name):
                yield attribute.start, attribute.end, b""
            elif attribute.name in numbers:
                yield attribute.value.start, attribute.value.stop, numbers[attribute.name]
        if element.name in numbers and not element.has_elements and element.content.stop < element.end:
            yield element.content.start, element.content.stop, numbers[element.name]


def _is_untrue(name: Name) -> bool:
    namespace, local = name
    gone = namespace.rstrip("/") + "/" in _GONE
    return gone or name in _OLD_PICTURES or local.startswith(_GONE_NAMES)


class _Reader:
    """Collects the elements of one packet while expat walks through it."""

    def __init__(self, packet: bytes) -> None:
        self.elements: list[Element] = []
        self._packet = packet
        self._open: list[Element] = []
        self._places = 0
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def _refuse(self, *_: object) -> None:
        raise PacketError("has a document type")

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._places += 1 + len(attributes)
        start = self.parser.CurrentByteIndex
        tag = _START_TAG.match(self._packet, start)
        if self._places > _MAX_PLACES or tag is None:
            raise PacketError("too complicated")
        parent = self._open[-1] if self._open else None
        scope: Mapping[str, str] = parent.scope if parent else {"xml": "xml"}
        new = {key[6:]: value for key, value in attributes.items() if key.startswith("xmlns:")}
        if "xmlns" in attributes:
            new[""] = attributes["xmlns"]
        if new:
            scope = {**scope, **new}
            self._places += len(scope)  # a copy for each element that declares one
        if parent:
            parent.has_elements = True
        places = tuple(_attributes(self._packet, tag.start(2), tag.end(2), scope))
        named = _resolved(name, scope, scope.get("", ""))
        element = Element(named, parent, start, slice(tag.end(), tag.end()), tag.end(), places, scope)
        self.elements.append(element)
        self._open.append(element)

    def _end(self, _name: str) -> None:
        element = self._open.pop()
        at = self.parser.CurrentByteIndex
        if not self._packet.endswith(b"/>", element.start, element.content.start):
            element.content = slice(element.content.start, at)
            element.end = self._packet.index(b">", at) + 1


def _attributes(packet: bytes, start: int, end: int, scope: Mapping[str, str]) -> Iterator[Attribute]:
    """Attributes of a start tag; a declaration of a namespace has the name of what it declares."""
    for match in ATTRIBUTE.finditer(packet, start, end):
        name = match[1].decode()
        value = slice(*match.span(2 if match[2] is not None else 3))
        if name.startswith("xmlns:"):
            named = (scope[name[6:]], "")
        else:
            named = _resolved(name, scope, "")
        yield Attribute(named, match.start(), match.end(), value)


def _resolved(name: str, scope: Mapping[str, str], default: str) -> Name:
    prefix, colon, local = name.partition(":")
    return (scope.get(prefix, ""), local) if colon else (default, name)
