"""Which part of the layer the preview shows, and how large: numbers alone, without GTK."""

from dataclasses import dataclass, replace

from retouchml.results import Box

MARGIN = 0.75  # of a face's box, on each side, when the whole face is shown
_MOST_ENLARGED, _MOST_REDUCED = 4.0, 1 / 3  # times the scale of the whole face


def square_around(box: Box, times: float, width: int, height: int) -> Box:
    """A square (x, y, side, side) with the box in its middle, ``times`` as large, inside the picture."""
    side = max(16, min(round(times * max(box[2:])), width, height))
    left = min(max(box[0] + box[2] // 2 - side // 2, 0), max(width - side, 0))
    top = min(max(box[1] + box[3] // 2 - side // 2, 0), max(height - side, 0))
    return left, top, side, side


@dataclass(frozen=True)
class Viewport:
    """A rectangle of the layer on a rectangle of the screen.

    layer, size: width and height in pixels, of the layer and on the screen; home: the square of the layer
    that is shown as a whole at zoom 1; zoom: times that scale; moved: by how many of the layer's pixels
    """

    layer: tuple[int, int]
    size: tuple[int, int]
    home: Box
    zoom: float = 1.0
    moved: tuple[float, float] = (0.0, 0.0)

    @property
    def scale(self) -> float:
        """Pixels of the screen for one of the layer."""
        return self._whole * self.zoom

    @property
    def origin(self) -> tuple[int, int]:
        """The pixel of the scaled layer at the left upper corner of the screen's rectangle."""
        x, y = (
            _placed(
                (self.home[axis] + self.home[axis + 2] / 2 + self.moved[axis]) * self.scale,
                self.size[axis],
                self.layer[axis] * self.scale,
            )
            for axis in (0, 1)
        )
        return x, y

    @property
    def is_whole(self) -> bool:
        """Whether it shows what it showed at first."""
        return self.zoom == 1.0 and self.moved == (0.0, 0.0)

    def sized(self, width: int, height: int) -> "Viewport":
        """On another rectangle of the screen."""
        return replace(self, size=(max(1, width), max(1, height)))

    def whole(self) -> "Viewport":
        """As at first."""
        return replace(self, zoom=1.0, moved=(0.0, 0.0))

    def zoomed(self, factor: float) -> "Viewport":
        """Enlarged by a factor."""
        most = max(_MOST_ENLARGED, 2 / self._whole)
        return replace(self, zoom=min(max(self.zoom * factor, _MOST_REDUCED), most))

    def at_scale(self, scale: float) -> "Viewport":
        """At so many pixels of the screen for one of the layer."""
        return replace(self, zoom=scale / self._whole)

    def panned(self, x: float, y: float) -> "Viewport":
        """Moved by so many pixels of the screen, to the right and down, as far as the layer reaches."""
        moved = []
        for axis, by in ((0, x), (1, y)):
            middle = (self.origin[axis] + self.size[axis] / 2 + by) / self.scale
            half = min(self.size[axis] / 2 / self.scale, self.layer[axis] / 2)
            middle = min(max(middle, half), self.layer[axis] - half)
            moved.append(middle - self.home[axis] - self.home[axis + 2] / 2)
        return replace(self, moved=(moved[0], moved[1]))

    @property
    def _whole(self) -> float:
        return min(self.size) / self.home[2]


def _placed(middle: float, size: int, layer: float) -> int:
    """Where a view of ``size`` begins that has ``middle`` in its middle, on a layer of that size.

    A layer that is smaller stands in the middle of the view.
    """
    if layer <= size:
        return round((layer - size) / 2)
    return round(min(max(middle - size / 2, 0), layer - size))
