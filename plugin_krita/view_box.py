"""Which part of a layer the preview shows, and at which scale: plain geometry, without Krita and Qt."""

from dataclasses import dataclass, replace

from retouchml.results import Box

_MARGIN = 0.55  # around a face, as a share of its box's longer side
_FARTHEST, _NEAREST = 0.5, 8.0  # of the scale that shows the whole face; at least the layer's own pixels
_LARGEST = 8.0  # pixels of the screen for one of the layer

Room = tuple[int, int]
"""Width and height of the place for a picture, in pixels of the screen."""


@dataclass(frozen=True)
class Viewpoint:
    """How the user looks at a face.

    scale: pixels of the screen for one of the layer, None for as many as show the whole face; shift: of the
    middle of what is shown from the face's, in pixels of the layer
    """

    scale: float | None = None
    shift: tuple[float, float] = (0.0, 0.0)

    def scale_in(self, room: Room, face: Box) -> float:
        """The scale, in this room."""
        return self.scale or fitting_scale(room, face)

    def zoomed(self, factor: float, room: Room, face: Box) -> "Viewpoint":
        """This one, with everything ``factor`` times as large."""
        fitting = fitting_scale(room, face)
        nearest = min(max(_NEAREST * fitting, 1.0), max(_LARGEST, fitting))
        scale = min(max(self.scale_in(room, face) * factor, _FARTHEST * fitting), nearest)
        return replace(self, scale=scale)

    def moved(self, pixels: tuple[float, float], room: Room, face: Box, layer: Room) -> "Viewpoint":
        """This one, with what is shown moved by so many pixels of the screen, as far as the layer goes."""
        scale = self.scale_in(room, face)
        middle = _middle(face)
        half = (room[0] / scale / 2, room[1] / scale / 2)
        shift = []
        for axis in (0, 1):
            low, high = half[axis], layer[axis] - half[axis]
            if low >= high:  # all of it is shown
                low = high = layer[axis] / 2
            now = min(max(middle[axis] + self.shift[axis], low), high)
            wanted = min(max(now - pixels[axis] / scale, low), high)
            shift.append(wanted - middle[axis])
        return replace(self, shift=(shift[0], shift[1]))

    def box(self, room: Room, face: Box, layer: Room) -> Box:
        """The rectangle of the layer that is shown: as large as the room allows, and within the layer."""
        scale = self.scale_in(room, face)
        middle = _middle(face)
        starts, sizes = [], []
        for axis in (0, 1):
            size = min(max(1, round(room[axis] / scale)), layer[axis])
            start = round(middle[axis] + self.shift[axis] - size / 2)
            starts.append(min(max(start, 0), layer[axis] - size))
            sizes.append(size)
        return starts[0], starts[1], sizes[0], sizes[1]


def surroundings(face: Box, layer: Room) -> Box:
    """The rectangle of the layer with a face and a margin around it."""
    x, y, width, height = _with_margin(face)
    left, top = max(0, round(x)), max(0, round(y))
    right, bottom = min(layer[0], round(x + width)), min(layer[1], round(y + height))
    return left, top, max(1, right - left), max(1, bottom - top)


def fitting_scale(room: Room, face: Box) -> float:
    """The scale at which a face and its margin fill the room."""
    _x, _y, width, height = _with_margin(face)
    return min(room[0] / width, room[1] / height)


def _with_margin(face: Box) -> tuple[float, float, float, float]:
    x, y, width, height = face
    margin = _MARGIN * max(width, height)
    return x - margin, y - margin, width + 2 * margin, height + 2 * margin


def _middle(face: Box) -> tuple[float, float]:
    x, y, width, height = face
    return x + width / 2, y + height / 2
