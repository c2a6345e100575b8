"""Puts patches onto a new layer or into the layer itself, as one step of undo."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from gi.repository import Gegl, Gimp

from plugin_gimp import layer_pixels, reach, results
from plugin_gimp.arguments import REPLACE, WITH_MASK
from plugin_gimp.layer_pixels import Encoding
from plugin_gimp.results import Chosen
from plugin_gimp.texts import _
from retouchml import sentences
from retouchml.client.answers import WirePatch
from retouchml.errors import PictureUnsupported, RetouchError, UsageError
from retouchml.result_record import ResultRecord
from retouchml.results import Box

Edges = tuple[int, int, int, int]
"""Left, top, right, bottom."""


def check(layer: Gimp.Drawable, output: str) -> None:
    """Raise PictureUnsupported for a layer that cannot be retouched, or cannot be replaced."""
    if not isinstance(layer, Gimp.Layer):
        raise PictureUnsupported(
            _("A layer mask or a channel is chosen, which has no faces."), _("Choose the layer itself.")
        )
    if layer.is_floating_sel():
        raise PictureUnsupported(
            _("A floating selection cannot be retouched."), _("Anchor it, or make it a layer, first.")
        )
    if output == REPLACE and layer.is_group():
        raise PictureUnsupported(
            _("A group of layers cannot be replaced."), _("Choose a new layer as output.")
        )
    if output == REPLACE and layer.get_lock_content():
        raise PictureUnsupported(
            _("The layer's pixels are locked."), _("Unlock them, or choose a new layer as output.")
        )


def check_reach(layer: Gimp.Layer, patches: Sequence[WirePatch], encoding: Encoding) -> None:
    """Raise UsageError if these patches would change nothing that is seen."""
    if not patches:
        raise UsageError(_(sentences.UNCHANGED), _(sentences.UNCHANGED_ADVICE))
    if reach.reaches(layer, patches, encoding):
        return
    if Gimp.Selection.is_empty(layer.get_image()):
        raise UsageError(
            _("The layer is transparent where the faces are, so nothing would change."),
            _("Choose another layer, or change its mask."),
        )
    raise UsageError(_(sentences.SELECTION_AWAY), _(sentences.SELECTION_AWAY_ADVICE))


def apply(
    chosen: Chosen,
    patches: Sequence[WirePatch],
    encoding: Encoding,
    output: str,
    record: ResultRecord,
    *,
    keep_earlier: bool,
) -> None:
    """Put patches over the chosen layer or into it. Raises RetouchError, and then nothing changed.

    A new layer takes the place of the chosen result, else of the layer's topmost result, or goes above that
    one if ``keep_earlier``. An indexed image becomes RGB with it.
    """
    layer = chosen.source
    if not layer.is_valid():
        raise RetouchError(_("The layer was deleted meanwhile, so nothing was done."))
    check_reach(layer, patches, encoding)
    image = layer.get_image()
    earlier = results.of_source(layer)
    chosen_result = chosen.result if chosen.result in earlier else None
    replaced = None if keep_earlier or not earlier else chosen_result or earlier[0]
    with _one_undo_step(image):
        if layer_pixels.is_indexed(image):
            image.convert_rgb()
        if output == REPLACE:
            _replace(layer, _stack(image, layer, layer, patches, encoding))
        else:
            below = replaced or (earlier[0] if earlier else layer)
            result = _stack(image, layer, below, patches, encoding)
            _restrict(image, layer, result)
            if output == WITH_MASK:
                result.add_mask(result.create_mask(Gimp.AddMaskType.ALPHA_TRANSFER))
            results.remember(result, record)
            image.set_selected_layers([result])
        if replaced is not None:
            _remove_replaced(image, replaced, None if output == REPLACE else result)
    Gimp.displays_flush()


def _remove_replaced(image: Gimp.Image, replaced: Gimp.Layer, result: "Gimp.Layer | None") -> None:
    """Remove a result; the one that takes its place looks and is called like it."""
    name = replaced.get_name()
    if result is not None:
        result.set_opacity(replaced.get_opacity())
        result.set_mode(replaced.get_mode())
    image.remove_layer(replaced)
    if result is not None:
        result.set_name(name)


@contextmanager
def _one_undo_step(image: Gimp.Image) -> Iterator[None]:
    image.undo_group_start()
    before = results.layers_of(image)
    try:
        yield
    except BaseException:
        for layer in results.layers_of(image):
            if layer not in before:
                image.remove_layer(layer)
        raise
    finally:
        image.undo_group_end()


def _stack(
    image: Gimp.Image,
    layer: Gimp.Layer,
    below: Gimp.Layer,
    patches: Sequence[WirePatch],
    encoding: Encoding,
) -> Gimp.Layer:
    """A new layer right above ``below`` with all patches of ``layer``."""
    lefts, tops, rights, bottoms = zip(*(_edges(patch.box) for patch in patches), strict=True)
    left, top = min(lefts), min(tops)
    whole = (left, top, max(rights) - left, max(bottoms) - top)
    result = _insert(image, layer, below, whole, encoding)
    written: list[Edges] = []
    for patch in patches:
        edges = _edges(patch.box)
        if not any(_overlap(edges, other) for other in written):
            _write(result, patch, (left, top), encoding)
        else:  # as the daemon composes them: the later one on top
            name = result.get_name()
            above = _insert(image, layer, result, patch.box, encoding)
            _write(above, patch, patch.box[:2], encoding)
            result = image.merge_down(above, Gimp.MergeType.EXPAND_AS_NECESSARY)
            result.set_name(name)
        written.append(edges)
    result.update(0, 0, result.get_width(), result.get_height())
    return result


def _insert(
    image: Gimp.Image,
    layer: Gimp.Layer,
    below: Gimp.Layer,
    box: Box,
    encoding: Encoding,
) -> Gimp.Layer:
    kind = Gimp.ImageType.RGBA_IMAGE if layer.is_rgb() else Gimp.ImageType.GRAYA_IMAGE
    name = _(sentences.RESULT_NAME).format(layer=layer.get_name())
    new = Gimp.Layer.new(image, name, box[2], box[3], kind, 100.0, Gimp.LayerMode.NORMAL)
    # blended in the encoding in which the patches were made
    linear = encoding.wire == "linear"
    new.set_blend_space(Gimp.LayerColorSpace.RGB_LINEAR if linear else Gimp.LayerColorSpace.RGB_PERCEPTUAL)
    _ok, x, y = layer.get_offsets()
    image.insert_layer(new, below.get_parent(), image.get_item_position(below))
    new.set_offsets(x + box[0], y + box[1])
    return new


def _write(target: Gimp.Layer, patch: WirePatch, origin: "tuple[int, ...]", encoding: Encoding) -> None:
    x, y, width, height = patch.box
    buffer = target.get_buffer()
    box = (x - origin[0], y - origin[1], width, height)
    layer_pixels.put(buffer, box, encoding.babl(patch.picture.order), patch.pixels)
    buffer.flush()


def _restrict(image: Gimp.Image, layer: Gimp.Layer, result: Gimp.Layer) -> None:
    """Limit ``result`` to where ``layer`` is visible, by its alpha and its mask, and to the selection."""
    if layer.has_alpha():
        _apply_mask(result, lambda: _mask_from(layer.get_buffer(), "A float", layer, result))
    if not Gimp.Selection.is_empty(image):
        _apply_mask(result, lambda: result.create_mask(Gimp.AddMaskType.SELECTION))
    mask = layer.get_mask()
    if mask is not None and layer.get_apply_mask():
        _apply_mask(result, lambda: _mask_from(mask.get_buffer(), "Y float", layer, result))


def _apply_mask(result: Gimp.Layer, make: "Callable[[], Gimp.LayerMask]") -> None:
    result.add_mask(make())
    result.remove_mask(Gimp.MaskApplyMode.APPLY)


def _mask_from(source: Gegl.Buffer, babl_name: str, layer: Gimp.Layer, result: Gimp.Layer) -> Gimp.LayerMask:
    """A mask for ``result`` with the values of one of ``layer``'s buffers."""
    _ok, x, y = layer.get_offsets()
    _ok, left, top = result.get_offsets()
    width, height = result.get_width(), result.get_height()
    mask = result.create_mask(Gimp.AddMaskType.WHITE)
    values = layer_pixels.get(source, (left - x, top - y, width, height), babl_name)
    buffer = mask.get_buffer()
    layer_pixels.put(buffer, (0, 0, width, height), "Y float", values)
    buffer.flush()
    return mask


def _replace(layer: Gimp.Layer, result: Gimp.Layer) -> None:
    """Change ``layer`` itself. GIMP composes on a copy; the shadow buffer respects the selection."""
    image = layer.get_image()
    _ok, x, y = layer.get_offsets()
    _ok, left, top = result.get_offsets()
    box = (left - x, top - y, result.get_width(), result.get_height())
    copy = Gimp.Layer.new_from_drawable(layer, image)
    if copy.get_mask() is not None:
        copy.remove_mask(Gimp.MaskApplyMode.DISCARD)
    for set_plain, value in (
        (copy.set_opacity, 100.0),
        (copy.set_mode, Gimp.LayerMode.NORMAL),
        (copy.set_visible, True),
    ):
        set_plain(value)
    image.insert_layer(copy, layer.get_parent(), image.get_item_position(layer))
    result.set_composite_mode(Gimp.LayerCompositeMode.CLIP_TO_BACKDROP)  # transparent pixels stay transparent
    merged = image.merge_down(result, Gimp.MergeType.CLIP_TO_BOTTOM_LAYER)
    whole = (0, 0, layer.get_width(), layer.get_height())
    babl_name = layer_pixels.babl_of(layer)
    shadow = layer.get_shadow_buffer()
    # outside the patch, not a bit may change
    layer.get_buffer().copy(
        Gegl.Rectangle.new(*whole), Gegl.AbyssPolicy.NONE, shadow, Gegl.Rectangle.new(*whole)
    )
    layer_pixels.put(shadow, box, babl_name, layer_pixels.get(merged.get_buffer(), box, babl_name))
    shadow.flush()
    image.remove_layer(merged)
    layer.merge_shadow(True)
    layer.update(*box)


def _edges(box: Box) -> Edges:
    x, y, width, height = box
    return x, y, x + width, y + height


def _overlap(one: Edges, other: Edges) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
