"""Pictures for the screen: of a layer, of patches, and the two beside each other."""

import math
from collections.abc import Sequence

import gi
from gi.repository import Gdk, GdkPixbuf, Gegl, Gimp, GLib, Gtk

from plugin_gimp import layer_pixels, reach
from plugin_gimp.layer_pixels import Encoding
from retouchml.client.answers import WirePatch
from retouchml.results import Box

_SRGB8, _OPAQUE = "R'G'B'A u8", "R'G'B' u8"
_WHITE, _TRANSPARENT = 0xFFFFFFFF, 0
_LARGEST_THUMBNAIL = 1024  # pixels a side, that GIMP makes


def _has_surfaces() -> bool:
    try:
        gi.require_foreign("cairo")
    except ImportError:  # Debian's GIMP does not bring it
        return False
    return True


HAS_SURFACES = _has_surfaces()
"""Whether pictures can have several pixels for one of GTK's, as screens of high density need."""


def screen_height() -> int:
    """Of the smallest screen, in GTK's pixels; large where there is none."""
    display = Gdk.Display.get_default()
    if display is None or not display.get_n_monitors():
        return 1 << 14
    monitors = (display.get_monitor(number) for number in range(display.get_n_monitors()))
    return min(int(monitor.get_workarea().height) for monitor in monitors)


def of_layer(
    layer: Gimp.Layer, origin: "tuple[int, int]", size: "tuple[int, int]", scale: float
) -> GdkPixbuf.Pixbuf:
    """The part of the scaled layer that begins at ``origin``; GEGL shrinks and converts it.

    scale: pixels of the screen for one of the layer
    """
    (x, y), (width, height) = origin, size
    if scale <= 1:
        return _read(layer, (x, y, width, height), scale)
    # GEGL would enlarge without interpolation
    left, top = math.floor(x / scale), math.floor(y / scale)
    right, bottom = math.ceil((x + width) / scale), math.ceil((y + height) / scale)
    box = (left, top, right - left, bottom - top)
    source = _read(layer, box, 1.0)
    result = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, True, 8, width, height)
    offset = left * scale - x, top * scale - y
    source.scale(result, 0, 0, width, height, *offset, scale, scale, GdkPixbuf.InterpType.BILINEAR)
    return result


def at_once(
    layer: Gimp.Layer, origin: "tuple[int, int]", size: "tuple[int, int]", scale: float
) -> GdkPixbuf.Pixbuf:
    """About what ``of_layer`` gives, of GIMP's own thumbnail: no pixel of the layer has to be sent here."""
    width, height = (round(scale * each) for each in (layer.get_width(), layer.get_height()))
    if not (0 < width <= _LARGEST_THUMBNAIL and 0 < height <= _LARGEST_THUMBNAIL):
        return of_layer(layer, origin, size, scale)
    small = layer.get_thumbnail(width, height, Gimp.PixbufTransparency.KEEP_ALPHA)
    if small is None:
        return of_layer(layer, origin, size, scale)
    result = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, True, 8, *size)
    result.fill(_TRANSPARENT)
    compose_over(result, small, (0, 0, layer.get_width(), layer.get_height()), origin, scale)
    return result


def of_square(layer: Gimp.Layer, square: Box, side: int) -> GdkPixbuf.Pixbuf:
    """A square of the layer, ``side`` pixels wide on the screen."""
    scale = side / square[2]
    return of_layer(layer, (round(square[0] * scale), round(square[1] * scale)), (side, side), scale)


def png_of_face(
    layer: Gimp.Layer, square: Box, side: int, patches: "Sequence[WirePatch]", encoding: Encoding
) -> bytes:
    """A square of the layer with the patches on it, as a PNG file ``side`` pixels wide."""
    scale = side / square[2]
    picture = of_square(layer, square, side)
    origin = (round(square[0] * scale), round(square[1] * scale))
    for patch in patches:
        compose_over(picture, of_patch(layer, patch, encoding), patch.box, origin, scale)
    _ok, data = picture.save_to_bufferv("png", [], [])
    return bytes(data)


def of_patch(layer: Gimp.Layer, patch: WirePatch, encoding: Encoding) -> GdkPixbuf.Pixbuf:
    """A patch in 8 bits for the screen, as far as it reaches on the layer; GEGL converts it."""
    box = (0, 0, patch.picture.width, patch.picture.height)
    name = encoding.babl(patch.picture.order)
    buffer = Gegl.Buffer.new(name, *box)
    layer_pixels.put(buffer, box, name, patch.pixels)
    return _new(reach.limited(layer, patch, layer_pixels.get(buffer, box, _SRGB8)), box[2], box[3])


def compose_over(
    target: GdkPixbuf.Pixbuf,
    patch: GdkPixbuf.Pixbuf,
    box: Box,
    origin: "tuple[int, int]",
    scale: float,
) -> None:
    """Compose a patch, which belongs to ``box`` of the layer, over the screen's pixels.

    origin, scale: the target's, as in ``of_layer``
    """
    x, y = box[0] * scale - origin[0], box[1] * scale - origin[1]
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


def split(before: GdkPixbuf.Pixbuf, after: GdkPixbuf.Pixbuf, share: float, *, line: bool) -> GdkPixbuf.Pixbuf:
    """``before`` up to that share of the width, ``after`` on the right of it, perhaps a line between."""
    shown = before.copy()
    width, height = shown.get_width(), shown.get_height()
    first = round(share * width)
    if first < width:
        after.copy_area(first, 0, width - first, height, shown, first, 0)
    if line and 0 < first < width - 1:
        shown.new_subpixbuf(first, 0, 1, height).fill(_WHITE)
    return shown


def beside(before: GdkPixbuf.Pixbuf, after: GdkPixbuf.Pixbuf) -> GdkPixbuf.Pixbuf:
    """Both, with a line between."""
    width, height = before.get_width(), before.get_height()
    shown = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, True, 8, 2 * width + 1, height)
    shown.fill(_WHITE)
    before.copy_area(0, 0, width, height, shown, 0, 0)
    after.copy_area(0, 0, width, height, shown, width + 1, 0)
    return shown


def show(image: Gtk.Image, pixbuf: GdkPixbuf.Pixbuf, factor: int) -> None:
    """Show a picture with ``factor`` pixels for one of GTK's; above 1 only if ``HAS_SURFACES``."""
    if factor > 1:
        image.set_from_surface(Gdk.cairo_surface_create_from_pixbuf(pixbuf, factor, image.get_window()))
    else:
        image.set_from_pixbuf(pixbuf)


def _read(layer: Gimp.Layer, box: Box, scale: float) -> GdkPixbuf.Pixbuf:
    """A rectangle of the scaled layer, transparent beside it."""
    whole = math.floor(scale * layer.get_width()), math.floor(scale * layer.get_height())
    is_inside = all(box[axis] >= 0 and box[axis] + box[axis + 2] <= whole[axis] for axis in (0, 1))
    if layer.has_alpha() or not is_inside:
        return _new(layer_pixels.get(layer.get_buffer(), box, _SRGB8, scale), box[2], box[3])
    # babl looks for a way to add the alpha for 0.3 s, in each process anew
    data = layer_pixels.get(layer.get_buffer(), box, _OPAQUE, scale)
    return _opaque(data, box[2], box[3]).add_alpha(False, 0, 0, 0)


def _opaque(data: bytes, width: int, height: int) -> GdkPixbuf.Pixbuf:
    return GdkPixbuf.Pixbuf.new_from_bytes(
        GLib.Bytes.new(data), GdkPixbuf.Colorspace.RGB, False, 8, width, height, 3 * width
    )


def _new(data: bytes, width: int, height: int) -> GdkPixbuf.Pixbuf:
    return GdkPixbuf.Pixbuf.new_from_bytes(
        GLib.Bytes.new(data), GdkPixbuf.Colorspace.RGB, True, 8, width, height, 4 * width
    )
