"""What is sent of a photograph over a network: the whole of it halved, and windows of its own pixels.

The daemon puts them together to a photograph of the full size (``daemon.photo_in_parts``).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from retouchml.client import packed_rows
from retouchml.client.pixel_format import BYTES_OF, PixelFormat
from retouchml.errors import ProtocolError
from retouchml.results import Box

MOST_PARTS = 64
MOST_REDUCED = 64
SKETCH_SIDE = 1280
"""Pixels; a photo is halved as long as it is at least so long after it: what the search looks at first."""
_ROW_COSTS = 256  # pixels: what a row takes at least, however short it is
_NEARLY_ALL = 0.8  # of the photo's pixels


@dataclass(frozen=True)
class Part:
    """A part of a photograph. box: x, y, width, height; reduced: how many pixels, a power of two, are one;
    size: bytes of the packed pixels
    """

    box: Box
    reduced: int = 1
    size: int = 0


def whole(picture: PixelFormat, reduced: int = 1) -> Part:
    """All of the photograph."""
    return Part((0, 0, picture.width, picture.height), reduced)


def sketch(picture: PixelFormat) -> "Part | None":
    """The whole photograph halved, perhaps several times; None if it cannot be, or is small anyway."""
    reduced = 1
    while max(picture.width, picture.height) // (2 * reduced) >= SKETCH_SIDE and reduced < MOST_REDUCED:
        reduced *= 2
    is_plain = picture.type.startswith("u") and picture.encoding == "srgb"
    if reduced == 1 or not is_plain or min(picture.width, picture.height) < reduced:
        return None
    return whole(picture, reduced)


def windows(boxes: Iterable[Box], picture: PixelFormat, reduced: int) -> tuple[Part, ...]:
    """Parts that cover these boxes: apart from each other, and from whole pixels of the sketch.

    reduced: of the sketch. All of the photograph if they are nearly all of it.
    """
    apart: list[Box] = []
    for box in boxes:
        joined = _on_grid(box, picture, reduced)
        while overlapping := [other for other in apart if _overlap(joined, other)]:
            apart = [other for other in apart if other not in overlapping]
            joined = _around([joined, *overlapping])
        apart.append(joined)
        if len(apart) >= MOST_PARTS:
            return (whole(picture),)
    if sum(map(_cost, apart)) >= _NEARLY_ALL * _cost(whole(picture).box):
        return (whole(picture),)
    return tuple(Part(box) for box in apart)


def packed(part: Part, picture: PixelFormat, pixels: "bytes | bytearray | memoryview") -> Iterator[bytes]:
    """The pixels of a part, packed, a piece at a time."""
    x, y, width, height = part.box
    data = memoryview(pixels).cast("B")
    pixel, size = picture.pixel_bytes, BYTES_OF[picture.type]
    starts = (picture.stride * row + x * pixel for row in range(y, y + height))
    rows: Iterable[bytes | memoryview] = (data[start : start + width * pixel] for start in starts)
    reduced = part.reduced
    while reduced > 1:
        rows = packed_rows.halved(rows, size, picture.channels)
        reduced //= 2
    return packed_rows.pack(rows, size, picture.channels)


def check(parts: Sequence[Part], picture: PixelFormat, length: int) -> None:
    """Raise ProtocolError unless these parts make such a photograph from ``length`` bytes.

    Together the windows take no more time to unpack than all of the photograph, whatever they are packed to.
    """
    if picture.stride != picture.row_bytes:
        raise ProtocolError("A photograph in parts has no gap between its rows.")
    if len(parts) > MOST_PARTS or parts[0].box != (0, 0, picture.width, picture.height):
        raise ProtocolError(f"A photograph has {MOST_PARTS} parts at most, the first of which is all of it.")
    for part in parts:
        x, y, width, height = part.box
        is_inside = x >= 0 and y >= 0 and x + width <= picture.width and y + height <= picture.height
        times = part.reduced
        if not is_inside or part.size < 1 or not 1 <= times <= min(width, height, MOST_REDUCED):
            raise ProtocolError("A part of the photograph is out of range.")
        if times & (times - 1):
            raise ProtocolError("A part of the photograph is reduced by a power of two.")
    if sum(_cost(part.box) for part in parts[1:]) > _cost(parts[0].box):
        raise ProtocolError("The parts of the photograph are more than all of it.")
    if sum(part.size for part in parts) != length:
        raise ProtocolError("The parts of the photograph do not fill the data frame.")


def exact_boxes(parts: Sequence[Part]) -> tuple[Box, ...]:
    """Where the photograph put together of these parts has its own pixels."""
    return tuple(part.box for part in parts if part.reduced == 1)


def _cost(box: Box) -> int:
    return max(box[2], _ROW_COSTS) * box[3]


def _on_grid(box: Box, picture: PixelFormat, reduced: int) -> Box:
    """The box with whole pixels of the sketch alone: one of them that is cut would not have their mean."""
    x, y = max(0, box[0]) // reduced * reduced, max(0, box[1]) // reduced * reduced
    right = min(picture.width, -(-(box[0] + box[2]) // reduced) * reduced)
    bottom = min(picture.height, -(-(box[1] + box[3]) // reduced) * reduced)
    return x, y, right - x, bottom - y


def _overlap(one: Box, other: Box) -> bool:
    return all(
        one[axis] < other[axis] + other[axis + 2] and other[axis] < one[axis] + one[axis + 2]
        for axis in (0, 1)
    )


def _around(boxes: Sequence[Box]) -> Box:
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[0] + box[2] for box in boxes), max(box[1] + box[3] for box in boxes)
    return left, top, right - left, bottom - top
