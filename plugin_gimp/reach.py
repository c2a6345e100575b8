"""How far a result reaches: the selection, the layer's mask and its alpha, as bytes without NumPy.

The selection also says which faces are meant.
"""

from collections.abc import Sequence

from gi.repository import Gegl, Gimp

from plugin_gimp import layer_pixels
from plugin_gimp.layer_pixels import Encoding
from retouchml import coverage
from retouchml.client.answers import WirePatch
from retouchml.results import Box

_FULL = bytes([255])


def selected_faces(layer: Gimp.Drawable, boxes: "Sequence[Box]") -> "tuple[int, ...] | None":
    """The numbers of the faces that the selection means; None if nothing is selected."""
    image = layer.get_image()
    if Gimp.Selection.is_empty(image):
        return None
    return coverage.meant([coverage.share(_selection(layer, box, box[2:])) for box in boxes])


def is_bounded(layer: Gimp.Layer) -> bool:
    """Whether anything can keep a result from reaching all of the layer."""
    has_mask = layer.get_mask() is not None and layer.get_apply_mask()
    return layer.has_alpha() or has_mask or not Gimp.Selection.is_empty(layer.get_image())


def mask_of(layer: Gimp.Layer, box: Box, size: "tuple[int, ...]") -> bytes:
    """What reaches a rectangle of the layer: 0 to 255 for each pixel of ``size``, its width and height."""
    mask = _FULL * (size[0] * size[1])
    if not Gimp.Selection.is_empty(layer.get_image()):
        mask = _both(mask, _selection(layer, box, size))
    if layer.has_alpha():
        mask = _both(mask, _read(layer.get_buffer(), "A u8", box, size))
    own = layer.get_mask()
    if own is not None and layer.get_apply_mask():
        mask = _both(mask, _read(own.get_buffer(), "Y u8", box, size))
    return mask


def reaches(layer: Gimp.Layer, patches: "Sequence[WirePatch]", encoding: Encoding) -> bool:
    """Whether any pixel of these patches would be seen on the layer."""
    if not is_bounded(layer):
        return True
    return any(
        coverage.reaches(coverage.covered(_alpha(patch, encoding)), mask_of(layer, patch.box, patch.box[2:]))
        for patch in patches
    )


def limited(layer: Gimp.Layer, patch: WirePatch, pixels: bytes) -> bytes:
    """A patch's pixels in ``R'G'B'A u8``, transparent where it does not reach."""
    if not is_bounded(layer):
        return pixels
    mask = mask_of(layer, patch.box, (patch.picture.width, patch.picture.height))
    result = bytearray(pixels)
    result[3::4] = coverage.limited(coverage.covered(pixels[3::4]), mask)
    return bytes(result)


def _alpha(patch: WirePatch, encoding: Encoding) -> bytes:
    box = (0, 0, patch.picture.width, patch.picture.height)
    name = encoding.babl(patch.picture.order)
    buffer = Gegl.Buffer.new(name, *box)
    layer_pixels.put(buffer, box, name, patch.pixels)
    return layer_pixels.get(buffer, box, "A u8")


def _selection(layer: Gimp.Drawable, box: Box, size: "tuple[int, ...]") -> bytes:
    _ok, x, y = layer.get_offsets()
    whole = (box[0] + x, box[1] + y, box[2], box[3])
    return _read(layer.get_image().get_selection().get_buffer(), "Y u8", whole, size)


def _read(buffer: Gegl.Buffer, name: str, box: Box, size: "tuple[int, ...]") -> bytes:
    scale = size[0] / box[2]
    place = (round(box[0] * scale), round(box[1] * scale), size[0], size[1])
    return layer_pixels.get(buffer, place, name, scale)


def _both(one: bytes, other: bytes) -> bytes:
    """The product of two masks."""
    for mask, rest in ((one, other), (other, one)):
        if mask.count(0) + mask.count(255) == len(mask):
            return coverage.limited(mask, rest)
    return bytes(a * b // 255 for a, b in zip(one, other, strict=True))
