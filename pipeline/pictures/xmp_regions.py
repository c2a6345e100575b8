"""The places of faces in an XMP packet, turned with the picture that they are in.

Those of the Metadata Working Group (Guidelines 2.0, 5.9) are the centre, width and height of an area, those
of Microsoft the corner, width and height of a rectangle: all in shares of the pixels as stored, before the
orientation of EXIF. Places in another form are cut out.
"""

from collections.abc import Iterator
from typing import NamedTuple

from pipeline.pictures.xmp import Element, Name, PacketError, as_utf8, edited, elements_of

_MWG = "http://www.metadataworkinggroup.com/schemas/regions/"
_AREA, _SIZE = "http://ns.adobe.com/xmp/sType/Area#", "http://ns.adobe.com/xap/1.0/sType/Dimensions#"
_MICROSOFT = "http://ns.microsoft.com/photo/1.2/"
_REGION = "http://ns.microsoft.com/photo/1.2/t/Region#"
_WHOLE = frozenset(
    (
        (_MWG, "Regions"),
        (_MICROSOFT, "RegionInfo"),
        ("http://iptc.org/std/Iptc4xmpExt/2008-02-29/", "ImageRegion"),
        ("http://ns.acdsee.com/regions/", "Regions"),
    )
)
_TURNED = frozenset(((_MWG, "Regions"), (_MICROSOFT, "RegionInfo")))
_DIGITS = 6

Edit = tuple[int, int, bytes]  # start, end, new bytes


LEFT_OUT = "Places of faces in the XMP data were left out, as the picture was turned."


class Places(NamedTuple):
    """A packet after the turn, and whether places were turned, or left out."""

    packet: bytes
    turned: bool = False
    left_out: bool = False


class _Value(NamedTuple):
    """A property's text, and where it lies."""

    name: Name
    at: slice
    text: str


def turned(packet: bytes, orientation: int, width: int, height: int) -> Places:
    """The packet for the picture as it is seen, of a picture that EXIF's ``orientation``, 2 to 8, turned.

    width, height: of the pixels as stored. Some programs give the places in the picture as it is seen, and
    show that by its width and height, which they note beside them.
    """
    utf8 = as_utf8(packet)
    try:
        elements = elements_of(utf8)
    except PacketError:
        return Places(packet)
    edits: list[Edit] = []
    was_turned = left_out = False
    for whole in elements:
        if whole.name not in _WHOLE:
            continue
        inside = [each for each in elements if whole.start < each.start < whole.end]
        if _is_upright(utf8, inside, width, height):
            continue
        new = list(_turns(utf8, inside, orientation)) if whole.name in _TURNED else [None]
        if not new:
            continue  # there are no places in it
        if None not in new:
            edits += [edit for edit in new if edit is not None]
            was_turned = True
        else:
            edits.append((whole.start, whole.end, b""))
            left_out = True
    if not edits:
        return Places(packet)
    return Places(edited(utf8, iter(edits)), was_turned, left_out)


def _is_upright(packet: bytes, inside: list[Element], width: int, height: int) -> bool:
    for element in inside:
        if element.name == (_MWG, "AppliedToDimensions"):
            sizes = {value.name[1]: value.text for value in _values(packet, element, inside, _SIZE)}
            if width != height and (sizes.get("w"), sizes.get("h")) == (str(height), str(width)):
                return True
    return False


def _turns(packet: bytes, inside: list[Element], orientation: int) -> Iterator[Edit | None]:
    """What turns all places within an element; None if one of them has another form."""
    for element in inside:
        if element.name == (_MWG, "Area"):
            yield from _area(_values(packet, element, inside, _AREA), orientation)
        if element.name == (_MWG, "AppliedToDimensions") and orientation >= 5:
            values = {value.name[1]: value for value in _values(packet, element, inside, _SIZE)}
            if "w" in values and "h" in values:
                yield from _exchanged(values["w"], values["h"])
        for value in _own_values(packet, element):
            if value.name == (_REGION, "Rectangle"):
                yield _rectangle(value, orientation)


def _area(values: list[_Value], orientation: int) -> Iterator[Edit | None]:
    by_name = {value.name[1]: value for value in values}
    numbers = {name: _number(by_name[name].text) for name in ("x", "y", "w", "h") if name in by_name}
    x, y = numbers.get("x"), numbers.get("y")
    if x is None or y is None or None in numbers.values() or ("w" in numbers) != ("h" in numbers):
        yield None
        return
    if "unit" in by_name and by_name["unit"].text != "normalized":
        yield None
        return
    for name, number in zip("xy", _point(x, y, orientation), strict=True):
        yield _edit(by_name[name].at, _text(number))
    if orientation >= 5 and "w" in by_name:
        yield from _exchanged(by_name["w"], by_name["h"])


def _rectangle(value: _Value, orientation: int) -> Edit | None:
    numbers = [_number(part) for part in value.text.split(",")]
    if len(numbers) != 4 or None in numbers:
        return None
    left, top, width, height = (number or 0.0 for number in numbers)
    x, y = _point(left + width / 2, top + height / 2, orientation)
    if orientation >= 5:
        width, height = height, width
    return _edit(value.at, ", ".join(map(_text, (x - width / 2, y - height / 2, width, height))))


def _point(x: float, y: float, orientation: int) -> tuple[float, float]:
    """Where a point lies after the turn (TIFF 6.0, Orientation)."""
    return {
        2: (1 - x, y),
        3: (1 - x, 1 - y),
        4: (x, 1 - y),
        5: (y, x),
        6: (1 - y, x),
        7: (1 - y, 1 - x),
        8: (y, 1 - x),
    }[orientation]


def _exchanged(one: _Value, other: _Value) -> Iterator[Edit]:
    yield _edit(one.at, other.text)
    yield _edit(other.at, one.text)


def _edit(at: slice, text: str) -> Edit:
    return at.start, at.stop, text.encode()


def _values(packet: bytes, element: Element, inside: list[Element], namespace: str) -> list[_Value]:
    """The properties of a namespace in an element, as attributes or elements of its own."""
    parts = [element, *(each for each in inside if element.start < each.start < element.end)]
    values = [value for part in parts for value in _own_values(packet, part)]
    return [value for value in values if value.name[0] == namespace]


def _own_values(packet: bytes, element: Element) -> Iterator[_Value]:
    for attribute in element.attributes:
        yield _Value(attribute.name, attribute.value, _decoded(packet, attribute.value))
    if not element.has_elements and element.content.stop < element.end:
        yield _Value(element.name, element.content, _decoded(packet, element.content))


def _decoded(packet: bytes, at: slice) -> str:
    return packet[at].decode("utf-8", "replace").strip()


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if -1.0 <= number <= 2.0 else None  # NaN is refused, too; a face may reach beyond the edge


def _text(number: float) -> str:
    return f"{number:.{_DIGITS}f}".rstrip("0").rstrip(".") or "0"
