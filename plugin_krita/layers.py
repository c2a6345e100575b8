"""The layer that is retouched, and the new layer for the result."""

import time
from dataclasses import dataclass, field
from typing import Any

from krita import Krita

from retouchml.client.answers import WirePatch
from retouchml.errors import RetouchError
from retouchml.results import Box

from . import layer_pixels, texts
from .color_space import ColorSpace, convert_layer, convert_pixels, new_hidden_layer
from .layer_pixels import ReadSelection
from .tasks import TaskGenerator

_ACTIVATION_SECONDS = 2.0  # how long Krita may take to make a layer the active one


class LayerDeleted(RetouchError):
    """The layer was deleted, or its document closed, while a task worked on it."""

    code = "layer_deleted"


class LayerUnusable(RetouchError):
    """There is no layer that can be retouched."""

    code = "layer_unusable"


@dataclass(frozen=True)
class SourceLayer:
    """A layer of an open document. key: unique; color_space: of its pixels in Krita."""

    document: Any = field(repr=False)
    node: Any = field(repr=False)
    key: str
    name: str
    width: int
    height: int
    color_space: ColorSpace

    @property
    def exists(self) -> bool:
        """Whether the document is open and still has the layer."""
        return any(each == self.document for each in Krita.instance().documents()) and bool(
            self.document.nodeByUniqueID(self.node.uniqueId())
        )

    def check(self) -> None:
        """Raise LayerDeleted if the layer does not exist any more."""
        if not self.exists:
            raise LayerDeleted(texts.text(texts.LAYER_DELETED), texts.text(texts.LAYER_DELETED_ADVICE))

    def pixels(self, x: int, y: int, width: int, height: int) -> Any:
        """Bytes of a rectangle in ``color_space.on_wire``."""
        is_paint_layer = self.node.type() == "paintlayer"
        read = self.node.pixelData if is_paint_layer else self.node.projectionPixelData
        pixels = read(x, y, width, height)
        if self.color_space.on_wire == self.color_space:
            return pixels
        return convert_pixels(pixels, (x, y, width, height), self.color_space, self.color_space.on_wire)

    def selection(self, x: int, y: int, width: int, height: int) -> bytes:
        """The document's selection in a rectangle, a byte a pixel; full if there is none."""
        selection = self.document.selection()
        if selection is None:
            return bytes([255]) * (width * height)
        return bytes(selection.pixelData(x, y, width, height))


_sources: dict[str, str] = {}  # unique ids of results to those of the layers that they were made from


def active_layer() -> SourceLayer:
    """The layer to retouch. Raises LayerUnusable.

    For a mask, that is its layer. For a result, which Krita activates, it is the layer that it was made from.
    """
    document = Krita.instance().activeDocument()
    if document is None:
        raise LayerUnusable(texts.text(texts.NO_DOCUMENT))
    node = document.activeNode()
    while node is not None and node.type().endswith("mask"):
        node = node.parentNode()
    while node is not None and node.uniqueId().toString() in _sources:
        node = _find_child(document.rootNode(), _sources[node.uniqueId().toString()])
    if node is None or node.parentNode() is None:
        raise LayerUnusable(texts.text(texts.NO_LAYER))
    colored = node if node.type() == "paintlayer" else document
    return SourceLayer(
        document,
        node,
        node.uniqueId().toString(),
        node.name(),
        document.width(),
        document.height(),
        ColorSpace(colored.colorModel(), colored.colorDepth(), colored.colorProfile()),
    )


def add_result(source: SourceLayer, patches: tuple[WirePatch, ...], with_mask: bool) -> TaskGenerator[None]:
    """Add a paint layer with these patches above the source, as one step of undo.

    The layer is filled before it is added, as pixels written later could not be undone. The selection limits
    it: by a mask, or else by its alpha. Raises LayerDeleted, and then nothing was added.
    """
    document = source.document
    layer = document.createNode(texts.text(texts.RESULT_NAME).format(source.name), "paintlayer")
    created_in = ColorSpace(layer.colorModel(), layer.colorDepth(), layer.colorProfile())
    target = source.color_space
    if created_in != target and source.node.type() == "paintlayer":
        layer.setColorSpace(target.model, target.depth, target.profile)
    selection = None if with_mask or document.selection() is None else source.selection
    for patch in patches:
        source.check()
        yield from _write(source, layer, patch, selection)
    source.check()
    mask = _create_mask(document, patches) if with_mask else None
    if mask is not None:
        layer.addChildNode(mask, None)
    _sources[layer.uniqueId().toString()] = source.key
    source.node.parentNode().addChildNode(layer, source.node)
    yield None
    if with_mask and mask is None:
        yield from _add_mask_by_action(document, layer)


def _find_child(parent: Any, key: str) -> Any:
    """The layer below ``parent`` with this unique id, or None.

    ``nodeByUniqueID`` returns a type that lacks a layer's methods.
    """
    for node in parent.childNodes():
        match = node if node.uniqueId().toString() == key else _find_child(node, key)
        if match is not None:
            return match
    return None


def _write(
    source: SourceLayer, layer: Any, patch: WirePatch, selection: "ReadSelection | None"
) -> TaskGenerator[None]:
    on_wire = source.color_space.on_wire
    if on_wire == source.color_space:
        yield from layer_pixels.write(layer, patch, selection)
        return
    hidden = new_hidden_layer(on_wire)
    yield from layer_pixels.write(hidden, patch, selection)
    convert_layer(hidden, source.color_space)
    x, y, width, height = patch.box
    row_bytes = len(hidden.pixelData(x, y, 1, 1)) * width
    for first, rows in layer_pixels.strips(height, row_bytes):
        box: Box = (x, y + first, width, rows)
        layer.setPixelData(hidden.pixelData(*box), *box)
        yield None


def _create_mask(document: Any, patches: tuple[WirePatch, ...]) -> Any:
    """A transparency mask: the selection, or else the patches' rectangles. None before Krita 5.2."""
    if not hasattr(document, "createTransparencyMask"):
        return None
    from krita import Selection

    selection = document.selection()
    if selection is None:
        selection = Selection()
        for patch in patches:
            rectangle = Selection()
            rectangle.select(*patch.box, 255)
            selection.add(rectangle)
    mask = document.createTransparencyMask(texts.text(texts.MASK_NAME))
    mask.setSelection(selection)
    return mask


def _add_mask_by_action(document: Any, layer: Any) -> TaskGenerator[None]:
    """Add a mask by the user's own action, which applies to the active layer and uses the selection.

    Raises LayerUnusable if another layer is the active one.
    """
    document.waitForDone()
    document.setActiveNode(layer)
    end = time.monotonic() + _ACTIVATION_SECONDS
    while not _is_active(document, layer):  # Krita activates it in a later turn of the event loop
        if time.monotonic() > end:
            raise LayerUnusable(texts.text(texts.NO_MASK), texts.text(texts.NO_MASK_ADVICE))
        yield None
    Krita.instance().action("add_new_transparency_mask").trigger()


def _is_active(document: Any, layer: Any) -> bool:
    node = document.activeNode()
    return (
        Krita.instance().activeDocument() == document
        and node is not None
        and node.uniqueId() == layer.uniqueId()
    )
