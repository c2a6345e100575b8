"""The layer that is retouched, and the new layer for the result."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from krita import Krita

from retouchml import sentences
from retouchml.client.answers import WirePatch
from retouchml.errors import RetouchError, UsageError
from retouchml.result_record import ResultRecord
from retouchml.results import Box

from . import layer_pixels, results, texts
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
    """A layer of an open document.

    key: unique; color_space: of its pixels in Krita; result: the layer's result that is the active layer
    """

    document: Any = field(repr=False)
    node: Any = field(repr=False)
    key: str
    name: str
    width: int
    height: int
    color_space: ColorSpace
    result: Any = field(default=None, repr=False)

    @property
    def title(self) -> str:
        """The layer with its document, for people."""
        document = Path(self.document.fileName()).name or self.document.name()
        return texts.text(texts.LAYER).format(document=document, layer=self.name) if document else self.name

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in pixels."""
        return self.width, self.height

    @property
    def record(self) -> ResultRecord | None:
        """How the active result was made; None if a result is not the active layer."""
        return results.records(self.document).get(results.key_of(self.result)) if self.result else None

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

    @property
    def selected(self) -> Box | None:
        """Where the document's selection lies; None if there is none."""
        selection = self.document.selection()
        if selection is None:
            return None
        return selection.x(), selection.y(), selection.width(), selection.height()

    def selection(self, x: int, y: int, width: int, height: int) -> bytes:
        """The document's selection in a rectangle, a byte a pixel; full if there is none."""
        selection = self.document.selection()
        if selection is None:
            return bytes([255]) * (width * height)
        return bytes(selection.pixelData(x, y, width, height))


@dataclass(frozen=True)
class Added:
    """A result that was added.

    is_in_place: whether it took the place of an earlier one; is_seen: whether the canvas shows a change
    """

    key: str
    name: str
    is_in_place: bool
    is_seen: bool


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
    if node is None or node.parentNode() is None:
        raise LayerUnusable(texts.text(texts.NO_LAYER))
    node, result = _source_of(document, node)
    colored = node if node.type() == "paintlayer" else document
    return SourceLayer(
        document,
        node,
        results.key_of(node),
        node.name(),
        document.width(),
        document.height(),
        ColorSpace(colored.colorModel(), colored.colorDepth(), colored.colorProfile()),
        result,
    )


def _source_of(document: Any, node: Any) -> "tuple[Any, Any]":
    """The layer from which a result was made, and the result; any other layer, and None."""
    records, result = results.records(document), None
    seen: set[str] = set()
    while (key := results.key_of(node)) in records and key not in seen:
        seen.add(key)
        source = results.find(document.rootNode(), records[key].source)
        if source is None:  # it was deleted: the result is a layer like any other
            break
        node, result = source, result or node
    return node, result


def add_result(
    source: SourceLayer,
    patches: tuple[WirePatch, ...],
    record: ResultRecord,
    *,
    with_mask: bool,
    keep_earlier: bool,
    on_adding: Callable[[], None],
) -> TaskGenerator[Added]:
    """Add a paint layer with these patches, as one step of undo.

    It takes the place of the active result, else of the source's topmost result, or goes above that one if
    ``keep_earlier``. It is filled before it is added, as pixels written later could not be undone. The
    selection limits it: by a mask, or else by its alpha. on_adding: called right before the document changes

    Raises LayerDeleted, or UsageError if the selection leaves nothing, and then nothing was added.
    """
    document = source.document
    is_reached = document.selection() is None
    for patch in patches:
        is_reached = is_reached or (yield from layer_pixels.is_reached(patch, source.selection))
    if not is_reached:
        raise UsageError(texts.text(sentences.SELECTION_AWAY), texts.text(sentences.SELECTION_AWAY_ADVICE))
    earlier = results.of_source(document, source.key)
    replaced = None if keep_earlier or not earlier else source.result or earlier[-1]
    below = replaced or (earlier[-1] if earlier else source.node)
    layer = yield from (_new_layer(source) if replaced is None else _emptied_copy(source, replaced))
    with_mask = with_mask and not layer.childNodes()
    selection = None if with_mask or document.selection() is None else source.selection
    for patch in patches:
        source.check()
        yield from _write(source, layer, patch, selection)
    boxes = [patch.box for patch in patches]
    before = yield from _shown(source, boxes)
    source.check()
    on_adding()
    mask = _create_mask(document, patches) if with_mask else None
    if mask is not None:
        layer.addChildNode(mask, None)
    key, name = results.key_of(layer), layer.name()
    results.remember(document, key, record)
    below.parentNode().addChildNode(layer, below)
    if replaced is not None:
        results.follow_undo(key, results.key_of(replaced))
        replaced.remove()
    yield None
    after = yield from _shown(source, boxes)
    if with_mask and mask is None:
        yield from _add_mask_by_action(document, layer)
    return Added(key, name, replaced is not None, before != after)


def _new_layer(source: SourceLayer) -> TaskGenerator[Any]:
    layer = source.document.createNode(
        texts.text(sentences.RESULT_NAME).format(layer=source.name), "paintlayer"
    )
    _convert(layer, source)
    yield None
    return layer


def _emptied_copy(source: SourceLayer, replaced: Any) -> TaskGenerator[Any]:
    """An empty layer with the name, the opacity, the masks and all else of a result.

    To set these one by one would each be a step of undo.
    """
    layer = replaced.clone()
    bounds = layer.bounds()
    x, y, width, height = bounds.x(), bounds.y(), bounds.width(), bounds.height()
    row_bytes = len(layer.pixelData(x, y, width, 1)) if width and height else 1
    for first, rows in layer_pixels.strips(height, row_bytes):
        layer.setPixelData(bytes(rows * row_bytes), x, y + first, width, rows)
        yield None
    _convert(layer, source)
    if not layer.visible():
        layer.setVisible(True)
    return layer


def _convert(layer: Any, source: SourceLayer) -> None:
    """Give a layer the colour space of the source."""
    now = ColorSpace(layer.colorModel(), layer.colorDepth(), layer.colorProfile())
    target = source.color_space
    if now != target and source.node.type() == "paintlayer":
        layer.setColorSpace(target.model, target.depth, target.profile)


def _shown(source: SourceLayer, boxes: "list[Box]") -> TaskGenerator[bytes]:
    """A digest of what the canvas shows in these rectangles."""
    digest = hashlib.blake2b()
    for x, y, width, height in boxes:
        row_bytes = width * max(1, len(source.document.pixelData(x, y, 1, 1)))
        for first, rows in layer_pixels.strips(height, row_bytes):
            source.check()
            digest.update(bytes(source.document.pixelData(x, y + first, width, rows)))
            yield None
    return digest.digest()


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
