"""The dialog's picture: a face before and after, split by a line, side by side, or one of the two."""

from collections.abc import Callable, Sequence
from enum import Enum

from gi.repository import Gdk, GdkPixbuf, Gimp, GLib, Gtk

from plugin_gimp import pixbufs
from plugin_gimp.layer_pixels import Encoding
from plugin_gimp.texts import _
from plugin_gimp.viewport import MARGIN, Viewport, square_around
from retouchml import sentences
from retouchml.client.answers import WirePatch
from retouchml.results import Face

SIDE = 480
_SMALL_SIDE, _SMALL_SCREEN = 400, 800  # pixels; on a screen of less height the window would be cut
_LEAST_SIDE = 240
_MARGIN_OF_CAPTION = 6
_RESIZE_MS = 60  # after which the picture follows the window
_CAPTION_STYLE = b"""
label { background: rgba(0, 0, 0, 0.5); color: white; padding: 1px 6px; border: 1px solid transparent; }
label.focused { border-color: white; }
"""
_ZOOM_STEP, _SPLIT_STEP, _PAN_STEP = 1.25, 0.05, 0.1


class Mode(Enum):
    """How before and after are shown."""

    SPLIT = "split"
    SIDE_BY_SIDE = "side by side"
    ONE = "one"


class Preview(Gtk.Overlay):
    """The part of the layer around a face, as large as its place allows.

    Dragging moves the line between before and after; with Shift or the middle button, or where there is no
    line, it moves the picture. The wheel zooms. Keys: Left and Right move the line, Home and End show one
    picture alone, Space changes between them; the arrows with Shift move the picture; plus and minus zoom, 1
    shows the photograph's own pixels, 0 the whole face.
    """

    def __init__(self, layer: Gimp.Layer, encoding: Encoding) -> None:
        super().__init__()
        self._layer = layer
        self._encoding = encoding
        self._patches: Sequence[WirePatch] = ()
        self._before: GdkPixbuf.Pixbuf | None = None
        self._after: GdkPixbuf.Pixbuf | None = None
        self._mode = Mode.SPLIT
        self._split = 0.5
        self._shows_before = False  # in Mode.ONE
        self._dragged: tuple[float, float] | None = None
        self._resizing = 0
        self._factor = 1  # pixels of the screen for one of GTK's
        self.on_view: Callable[[], None] = lambda: None
        size = layer.get_width(), layer.get_height()
        side = SIDE if pixbufs.screen_height() >= _SMALL_SCREEN else _SMALL_SIDE
        self._size = side, side
        self._view = Viewport(size, self._size, square_around((0, 0, *size), 1.0, *size))
        self._build(side)
        view = self._view
        self._before = pixbufs.at_once(layer, view.origin, view.size, view.scale)
        self._compose()

    def _build(self, side: int) -> None:
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
        scroll.set_max_content_width(side)
        scroll.add(self._area)
        scroll.connect("size-allocate", self._on_size)
        self.add(scroll)
        self._captions = [_caption(Gtk.Align.START), _caption(Gtk.Align.END)]
        for caption in self._captions:
            self.add_overlay(caption)
            self.set_overlay_pass_through(caption, True)
        self._area.add_events(
            Gdk.EventMask.BUTTON_PRESS_MASK
            | Gdk.EventMask.BUTTON_MOTION_MASK
            | Gdk.EventMask.SCROLL_MASK
            | Gdk.EventMask.KEY_PRESS_MASK
        )
        for signal, handler in (
            ("button-press-event", self._on_press),
            ("motion-notify-event", self._on_motion),
            ("scroll-event", self._on_scroll),
            ("key-press-event", self._on_key),
            ("focus-in-event", self._on_focus),
            ("focus-out-event", self._on_focus),
        ):
            self._area.connect(signal, handler)

    @property
    def mode(self) -> Mode:
        """How before and after are shown."""
        return self._mode

    @property
    def hundredths(self) -> int:
        """The scale: 100 shows the photograph's own pixels."""
        return round(100 * self._view.scale)

    def show_face(self, face: Face) -> None:
        """Show another face."""
        width, height = self._view.layer
        home = square_around(face.box, 1 + 2 * MARGIN, width, height)
        self._change(Viewport(self._view.layer, self._view.size, home))

    def show_patches(self, patches: "Sequence[WirePatch]") -> None:
        """Show these patches over the photograph."""
        self._patches = patches
        self._compose()

    def set_mode(self, mode: Mode) -> None:
        """Show before and after in another way."""
        if mode is not self._mode:
            self._mode = mode
            self._change(self._view.sized(*self._pane))

    def zoom(self, factor: float) -> None:
        """Enlarge by a factor."""
        self._change(self._view.zoomed(factor))

    def zoom_in(self) -> None:
        """Enlarge by a step."""
        self.zoom(_ZOOM_STEP)

    def zoom_out(self) -> None:
        """Reduce by a step."""
        self.zoom(1 / _ZOOM_STEP)

    def show_own_pixels(self) -> None:
        """Show a pixel of the photograph as one of the screen."""
        self._change(self._view.at_scale(1.0))

    def show_whole(self) -> None:
        """Show the whole face."""
        self._change(self._view.whole())

    def close(self) -> None:
        """Let nothing happen any more."""
        if self._resizing:
            GLib.source_remove(self._resizing)
            self._resizing = 0

    @property
    def _pane(self) -> "tuple[int, int]":
        """The size of one of the pictures."""
        width, height = self._size
        return ((width - 1) // 2 if self._mode is Mode.SIDE_BY_SIDE else width), height

    def _change(self, view: Viewport) -> None:
        self._view = view
        self._read()
        self.on_view()

    def _read(self) -> None:
        """Read the visible part of the photograph."""
        view = self._view
        self._before = pixbufs.of_layer(self._layer, view.origin, view.size, view.scale)
        self._compose()

    def _compose(self) -> None:
        """Compose the patches over it; dragging the line then only copies."""
        if self._before is None:
            return
        self._after = self._before.copy()
        for patch in self._patches:
            pixels = pixbufs.of_patch(self._layer, patch, self._encoding)
            pixbufs.compose_over(self._after, pixels, patch.box, self._view.origin, self._view.scale)
        self._draw()

    def _draw(self) -> None:
        before, after = self._before, self._after
        if before is None or after is None:
            return
        if self._mode is Mode.SIDE_BY_SIDE:
            shown = pixbufs.beside(before, after)
        elif self._mode is Mode.ONE:
            shown = before if self._shows_before else after
        else:
            shown = pixbufs.split(before, after, self._split, line=bool(self._patches))
        pixbufs.show(self._image, shown, self._factor)
        self._show_captions()

    def _show_captions(self) -> None:
        before, after = _(sentences.BEFORE), _(sentences.AFTER)
        texts = [before, after]
        if self._mode is Mode.ONE:
            texts = [before if self._shows_before else after, ""]
        elif self._mode is Mode.SPLIT:
            texts = [before if self._split > 0 else "", after if self._split < 1 else ""]
        for caption, text in zip(self._captions, texts, strict=True):
            caption.set_text(text)
            caption.set_opacity(float(bool(self._patches and text)))

    def _on_size(self, _widget: Gtk.Widget, allocation: Gdk.Rectangle) -> None:
        if self._in_pixels(allocation) != self._size and not self._resizing:
            self._resizing = GLib.timeout_add(_RESIZE_MS, self._resize)

    def _in_pixels(self, allocation: Gdk.Rectangle) -> "tuple[int, int]":
        factor = self.get_scale_factor() if pixbufs.HAS_SURFACES else 1
        return tuple(factor * max(_LEAST_SIDE, side) for side in (allocation.width, allocation.height))

    def _resize(self) -> bool:
        """Take the size that the window has by now."""
        self._resizing = 0
        self._factor = self.get_scale_factor() if pixbufs.HAS_SURFACES else 1
        self._size = self._in_pixels(self._area.get_parent().get_allocation())
        self._change(self._view.sized(*self._pane))
        return False

    def _move_line(self, split: float) -> bool:
        self._split = min(max(split, 0.0), 1.0)
        self._draw()
        return True

    def _pan(self, x: float, y: float) -> bool:
        self._change(self._view.panned(x, y))
        return True

    def _on_press(self, _widget: Gtk.Widget, event: Gdk.EventButton) -> bool:
        self._area.grab_focus()
        self._dragged = event.x, event.y
        if self._moves_line(event.button == 1, event.state):
            self._move_line(event.x / self._area.get_allocated_width())
        return bool(event.button in (1, 2))

    def _on_motion(self, _widget: Gtk.Widget, event: Gdk.EventMotion) -> bool:
        # other parts of GTK may ask for events without a button, too
        first = bool(event.state & Gdk.ModifierType.BUTTON1_MASK)
        if self._dragged is None or not (first or event.state & Gdk.ModifierType.BUTTON2_MASK):
            return False
        if self._moves_line(first, event.state):
            return self._move_line(event.x / self._area.get_allocated_width())
        before, self._dragged = self._dragged, (event.x, event.y)
        return self._pan(
            self._factor * (before[0] - event.x),
            self._factor * (before[1] - event.y),
        )

    def _moves_line(self, first_button: bool, state: Gdk.ModifierType) -> bool:
        return self._mode is Mode.SPLIT and first_button and not state & Gdk.ModifierType.SHIFT_MASK

    def _on_scroll(self, _widget: Gtk.Widget, event: Gdk.EventScroll) -> bool:
        if event.direction == Gdk.ScrollDirection.UP:
            self.zoom_in()
        else:
            self.zoom_out()
        return True

    def _on_focus(self, _widget: Gtk.Widget, event: Gdk.EventFocus) -> bool:
        for caption in self._captions:
            context = caption.get_style_context()
            (context.add_class if event.in_ else context.remove_class)("focused")
        return False

    def _on_key(self, _widget: Gtk.Widget, event: Gdk.EventKey) -> bool:
        key = (Gdk.keyval_name(event.keyval) or "").removeprefix("KP_")
        steps = {"Left": (-1, 0), "Right": (1, 0), "Up": (0, -1), "Down": (0, 1)}
        if key in steps:
            x, y = steps[key]
            if self._mode is Mode.SPLIT and x and not event.state & Gdk.ModifierType.SHIFT_MASK:
                return self._move_line(self._split + x * _SPLIT_STEP)
            return self._pan(x * _PAN_STEP * self._view.size[0], y * _PAN_STEP * self._view.size[1])
        if key == "space":
            self._shows_before = not self._shows_before if self._mode is Mode.ONE else True
            self.set_mode(Mode.ONE)
            self._draw()
            return True
        if key in ("Home", "End") and self._mode is Mode.SPLIT:
            return self._move_line(0.0 if key == "Home" else 1.0)
        actions = {
            **dict.fromkeys(("plus", "equal", "Add"), self.zoom_in),
            **dict.fromkeys(("minus", "Subtract"), self.zoom_out),
            "0": self.show_whole,
            "1": self.show_own_pixels,
        }
        if key in actions:
            actions[key]()
        return key in actions


def _caption(side: Gtk.Align) -> Gtk.Label:
    caption = Gtk.Label(halign=side, valign=Gtk.Align.START, margin=_MARGIN_OF_CAPTION, opacity=0.0)
    style = Gtk.CssProvider()
    style.load_from_data(_CAPTION_STYLE)
    caption.get_style_context().add_provider(style, Gtk.STYLE_PROVIDER_PRIORITY_APPLICATION)
    return caption
