"""The dialog's picture: one face before and after, split by a line that the mouse drags."""

from collections.abc import Sequence

from gi.repository import Gdk, GdkPixbuf, Gegl, Gimp, GLib, Gtk

from plugin_gimp import layer_pixels
from plugin_gimp.layer_pixels import Encoding
from plugin_gimp.texts import _
from retouchml.client.answers import WirePatch
from retouchml.results import Box, Face

SIDE = 480
_MARGIN = 0.75  # of the face's box, on each side
_ZOOM_STEP = 1.25
_MAX_ZOOM, _MIN_ZOOM = 3.0, 0.25  # sides of the square, in those of the first one


class Preview(Gtk.EventBox):
    """A square of the layer around a face. Dragging moves the split, the wheel zooms."""

    def __init__(self, layer: Gimp.Layer, encoding: Encoding) -> None:
        super().__init__()
        self._layer = layer
        self._encoding = encoding
        self._face: Face | None = None
        self._patches: Sequence[WirePatch] = ()
        self._before: GdkPixbuf.Pixbuf | None = None
        self._after: GdkPixbuf.Pixbuf | None = None
        self._square = (0, 0, 1, 1)
        self._zoom = 1.0
        self._split = 0.5
        self._image = Gtk.Image()
        self._image.set_size_request(SIDE, SIDE)
        self.add(self._image)
        self.set_tooltip_text(_("Left: before. Right: after. Drag the line, turn the wheel to zoom."))
        self.add_events(
            Gdk.EventMask.BUTTON_PRESS_MASK | Gdk.EventMask.BUTTON1_MOTION_MASK | Gdk.EventMask.SCROLL_MASK
        )
        self.connect("button-press-event", self._on_drag)
        self.connect("motion-notify-event", self._on_drag)
        self.connect("scroll-event", self._on_scroll)
        self._read_square()

    def show_face(self, face: Face) -> None:
        """Show another face."""
        self._face = face
        self._zoom = 1.0
        self._read_square()

    def show_patches(self, patches: "Sequence[WirePatch]") -> None:
        """Show these patches over the photograph."""
        self._patches = patches
        self._compose()

    def _read_square(self) -> None:
        """Read the visible square of the photograph."""
        width, height = self._layer.get_width(), self._layer.get_height()
        if self._face is None:
            self._square = square_around((0, 0, width, height), 1.0, width, height)
        else:
            self._square = square_around(self._face.box, (1 + 2 * _MARGIN) * self._zoom, width, height)
        self._before = thumbnail(self._layer, self._square, SIDE)
        self._compose()

    def _compose(self) -> None:
        """Compose the patches over the square; dragging the line then only copies."""
        if self._before is None:
            return
        self._after = self._before.copy()
        left, top, side, _height = self._square
        scale = self._after.get_width() / side
        for patch in self._patches:
            _compose_over(self._after, _to_pixbuf(patch, self._encoding), patch.box, (left, top), scale)
        self._draw()

    def _draw(self) -> None:
        if self._before is None or self._after is None:
            return
        shown = self._before.copy()
        width, height = shown.get_width(), shown.get_height()
        first = round(self._split * width)
        if first < width:
            self._after.copy_area(first, 0, width - first, height, shown, first, 0)
        if self._patches and 0 < first < width - 1:
            shown.new_subpixbuf(first, 0, 1, height).fill(0xFFFFFFFF)
        self._image.set_from_pixbuf(shown)

    def _on_drag(self, _widget: Gtk.Widget, event: Gdk.Event) -> bool:
        offset = (self.get_allocated_width() - SIDE) / 2
        self._split = min(max((event.x - offset) / SIDE, 0.0), 1.0)
        self._draw()
        return True

    def _on_scroll(self, _widget: Gtk.Widget, event: Gdk.EventScroll) -> bool:
        closer = event.direction == Gdk.ScrollDirection.UP
        factor = 1 / _ZOOM_STEP if closer else _ZOOM_STEP
        self._zoom = min(max(self._zoom * factor, _MIN_ZOOM), _MAX_ZOOM)
        self._read_square()
        return True


def square_around(box: Box, times: float, width: int, height: int) -> Box:
    """A square (x, y, side, side) with the box in its middle, ``times`` as large, inside the picture."""
    side = max(16, min(round(times * max(box[2:])), width, height))
    left = min(max(box[0] + box[2] // 2 - side // 2, 0), max(width - side, 0))
    top = min(max(box[1] + box[3] // 2 - side // 2, 0), max(height - side, 0))
    return left, top, side, side


def thumbnail(layer: Gimp.Layer, square: Box, side: int) -> GdkPixbuf.Pixbuf:
    """A square of the layer, ``side`` pixels wide on the screen; GEGL shrinks and converts it."""
    scale = min(1.0, side / square[2])
    size = min(side, square[2])
    scaled = (round(square[0] * scale), round(square[1] * scale), size, size)
    pixbuf = _new_pixbuf(layer_pixels.get(layer.get_buffer(), scaled, "R'G'B'A u8", scale), size, size)
    # GEGL would enlarge without interpolation
    return pixbuf if size == side else pixbuf.scale_simple(side, side, GdkPixbuf.InterpType.BILINEAR)


def _to_pixbuf(patch: WirePatch, encoding: Encoding) -> GdkPixbuf.Pixbuf:
    """A patch in 8 bits for the screen; GEGL converts it."""
    box = (0, 0, patch.picture.width, patch.picture.height)
    name = encoding.babl(patch.picture.order)
    buffer = Gegl.Buffer.new(name, *box)
    layer_pixels.put(buffer, box, name, patch.pixels)
    return _new_pixbuf(layer_pixels.get(buffer, box, "R'G'B'A u8"), box[2], box[3])


def _new_pixbuf(data: bytes, width: int, height: int) -> GdkPixbuf.Pixbuf:
    return GdkPixbuf.Pixbuf.new_from_bytes(
        GLib.Bytes.new(data), GdkPixbuf.Colorspace.RGB, True, 8, width, height, 4 * width
    )


def _compose_over(
    target: GdkPixbuf.Pixbuf,
    patch: GdkPixbuf.Pixbuf,
    box: Box,
    origin: "tuple[int, int]",
    scale: float,
) -> None:
    """Compose a patch, which belongs to ``box`` of the layer, over the screen's pixels.

    origin: the layer's pixel at the target's corner; scale: pixels of the target per pixel of the layer
    """
    x, y = (box[0] - origin[0]) * scale, (box[1] - origin[1]) * scale
    left, top = max(round(x), 0), max(round(y), 0)
    right = min(round(x + box[2] * scale), target.get_width())
    bottom = min(round(y + box[3] * scale), target.get_height())
    if right <= left or bottom <= top:
        return
    patch.composite(
        target,
        left,
        top,
        right - left,
        bottom - top,
        x,
        y,
        box[2] * scale / patch.get_width(),
        box[3] * scale / patch.get_height(),
        GdkPixbuf.InterpType.BILINEAR,
        255,
    )
