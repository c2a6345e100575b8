"""The dialog's picture: one face before and after, split by a line that the mouse or the keys move."""

from collections.abc import Sequence

from gi.repository import Gdk, GdkPixbuf, Gegl, Gimp, GLib, Gtk

from plugin_gimp import layer_pixels, reach
from plugin_gimp.layer_pixels import Encoding
from plugin_gimp.texts import _
from retouchml import sentences
from retouchml.client.answers import WirePatch
from retouchml.results import Box, Face

SIDE = 480
_LEAST_SIDE = 240
_MARGIN_OF_CAPTION = 6
_RESIZE_MS = 60  # after which the picture follows the window
_CAPTION_STYLE = b"label { background: rgba(0, 0, 0, 0.5); color: white; padding: 1px 6px; }"
_MARGIN = 0.75  # of the face's box, on each side
_ZOOM_STEP = 1.25
_MAX_ZOOM, _MIN_ZOOM = 3.0, 0.25  # sides of the square, in those of the first one


class Preview(Gtk.Overlay):
    """A square of the layer around a face, as large as its place allows.

    Dragging moves the line between before and after, the wheel zooms. Keys: Left and Right move the line,
    Home and End show one picture alone, Space changes between them, plus and minus zoom, 1 shows the
    photograph's own pixels, 0 the whole face.
    """

    def __init__(self, layer: Gimp.Layer, encoding: Encoding) -> None:
        super().__init__()
        self._layer = layer
        self._encoding = encoding
        self._face: Face | None = None
        self._patches: Sequence[WirePatch] = ()
        self._before: GdkPixbuf.Pixbuf | None = None
        self._after: GdkPixbuf.Pixbuf | None = None
        self._square = (0, 0, 1, 1)
        self._side = SIDE
        self._zoom = 1.0
        self._split = 0.5
        self._resizing = 0
        self._image = Gtk.Image()
        self._image.set_size_request(_LEAST_SIDE, _LEAST_SIDE)
        self._area = Gtk.EventBox(can_focus=True)
        self._area.add(self._image)
        self._area.get_accessible().set_name(_("Before and after"))
        # a scrolled window, so that the picture's own size does not keep the dialog from shrinking
        scroll = Gtk.ScrolledWindow(
            hscrollbar_policy=Gtk.PolicyType.EXTERNAL, vscrollbar_policy=Gtk.PolicyType.EXTERNAL
        )
        scroll.set_propagate_natural_width(True)
        scroll.set_propagate_natural_height(True)
        scroll.set_size_request(_LEAST_SIDE, _LEAST_SIDE)
        scroll.add(self._area)
        scroll.connect("size-allocate", self._on_size)
        self.add(scroll)
        self._captions = [
            _caption(_(sentences.BEFORE), Gtk.Align.START),
            _caption(_(sentences.AFTER), Gtk.Align.END),
        ]
        for caption in self._captions:
            self.add_overlay(caption)
            self.set_overlay_pass_through(caption, True)
        self._area.add_events(
            Gdk.EventMask.BUTTON_PRESS_MASK
            | Gdk.EventMask.BUTTON1_MOTION_MASK
            | Gdk.EventMask.SCROLL_MASK
            | Gdk.EventMask.KEY_PRESS_MASK
        )
        self._area.connect("button-press-event", self._on_press)
        self._area.connect("motion-notify-event", self._on_motion)
        self._area.connect("scroll-event", self._on_scroll)
        self._area.connect("key-press-event", self._on_key)
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

    def close(self) -> None:
        """Let nothing happen any more."""
        if self._resizing:
            GLib.source_remove(self._resizing)
            self._resizing = 0

    def _read_square(self) -> None:
        """Read the visible square of the photograph."""
        width, height = self._layer.get_width(), self._layer.get_height()
        if self._face is None:
            self._square = square_around((0, 0, width, height), 1.0, width, height)
        else:
            self._square = square_around(self._face.box, (1 + 2 * _MARGIN) * self._zoom, width, height)
        self._before = thumbnail(self._layer, self._square, self._side)
        self._compose()

    def _compose(self) -> None:
        """Compose the patches over the square; dragging the line then only copies."""
        if self._before is None:
            return
        self._after = self._before.copy()
        left, top, side, _height = self._square
        scale = self._after.get_width() / side
        for patch in self._patches:
            pixels = _to_pixbuf(self._layer, patch, self._encoding)
            _compose_over(self._after, pixels, patch.box, (left, top), scale)
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
        for caption, is_there in zip(self._captions, (self._split > 0, self._split < 1), strict=True):
            caption.set_opacity(float(bool(self._patches) and is_there))
        beside = max(0, self.get_allocated_width() - self._side) // 2
        self._captions[0].set_margin_start(_MARGIN_OF_CAPTION + beside)
        self._captions[1].set_margin_end(_MARGIN_OF_CAPTION + beside)

    def _on_size(self, _widget: Gtk.Widget, allocation: Gdk.Rectangle) -> None:
        side = max(_LEAST_SIDE, min(allocation.width, allocation.height))
        if side != self._side and not self._resizing:
            self._resizing = GLib.timeout_add(_RESIZE_MS, self._resize)

    def _resize(self) -> bool:
        """Take the size that the window has by now."""
        self._resizing = 0
        place = self._area.get_parent().get_allocation()
        self._side = max(_LEAST_SIDE, min(place.width, place.height))
        self._read_square()
        return False

    def _move(self, split: float) -> bool:
        self._split = min(max(split, 0.0), 1.0)
        self._draw()
        return True

    def _zoom_by(self, factor: float) -> bool:
        return self._zoom_to(self._zoom * factor)

    def _zoom_to(self, zoom: float) -> bool:
        self._zoom = min(max(zoom, _MIN_ZOOM), _MAX_ZOOM)
        self._read_square()
        return True

    def _on_press(self, _widget: Gtk.Widget, event: Gdk.EventButton) -> bool:
        self._area.grab_focus()
        return event.button == 1 and self._move(self._place(event.x))

    def _on_motion(self, _widget: Gtk.Widget, event: Gdk.EventMotion) -> bool:
        # other parts of GTK may ask for events without a button, too
        is_held = bool(event.state & Gdk.ModifierType.BUTTON1_MASK)
        return is_held and self._move(self._place(event.x))

    def _place(self, x: float) -> float:
        return float(x - (self._area.get_allocated_width() - self._side) / 2) / self._side

    def _on_scroll(self, _widget: Gtk.Widget, event: Gdk.EventScroll) -> bool:
        return self._zoom_by(1 / _ZOOM_STEP if event.direction == Gdk.ScrollDirection.UP else _ZOOM_STEP)

    def _on_key(self, _widget: Gtk.Widget, event: Gdk.EventKey) -> bool:
        moves = {"Left": self._split - 0.05, "Right": self._split + 0.05, "Home": 0.0, "End": 1.0}
        key = Gdk.keyval_name(event.keyval) or ""
        if key in moves:
            return self._move(moves[key])
        if key == "space":
            return self._move(0.0 if self._split > 0.5 else 1.0)
        if key in ("plus", "equal", "KP_Add"):
            return self._zoom_by(1 / _ZOOM_STEP)
        if key in ("minus", "KP_Subtract"):
            return self._zoom_by(_ZOOM_STEP)
        if key in ("0", "KP_0"):
            return self._zoom_to(1.0)
        if key in ("1", "KP_1"):
            first = self._square[2] / self._zoom
            return self._zoom_to(self._side / first)
        return False


def _caption(text: str, side: Gtk.Align) -> Gtk.Label:
    caption = Gtk.Label(
        label=text, halign=side, valign=Gtk.Align.START, margin=_MARGIN_OF_CAPTION, opacity=0.0
    )
    style = Gtk.CssProvider()
    style.load_from_data(_CAPTION_STYLE)
    caption.get_style_context().add_provider(style, Gtk.STYLE_PROVIDER_PRIORITY_APPLICATION)
    return caption


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


def _to_pixbuf(layer: Gimp.Layer, patch: WirePatch, encoding: Encoding) -> GdkPixbuf.Pixbuf:
    """A patch in 8 bits for the screen, as far as it reaches on the layer; GEGL converts it."""
    box = (0, 0, patch.picture.width, patch.picture.height)
    name = encoding.babl(patch.picture.order)
    buffer = Gegl.Buffer.new(name, *box)
    layer_pixels.put(buffer, box, name, patch.pixels)
    pixels = reach.limited(layer, patch, layer_pixels.get(buffer, box, "R'G'B'A u8"))
    return _new_pixbuf(pixels, box[2], box[3])


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
