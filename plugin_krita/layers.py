"""The layer that is retouched, and the new layer that the result goes on."""

import time
from dataclasses import dataclass, field
from typing import Any

from krita import Krita

from retouchml.client.answers import WirePatch
from retouchml.errors import RetouchError

from . import conversion, messages, pixels
from .colors import Color
from .pixels import Box
from .steps import Steps

_ACTIVE_SECONDS = 2.0  # for a layer to become the active one


class LayerGone(RetouchError):
    """The document was closed, or the layer deleted, while it was being worked on."""

    code = "layer_gone"


class LayerUnusable(RetouchError):
    """There is no layer that can be retouched."""

    code = "layer_unusable"


@dataclass(frozen=True)
class Source:
    """A layer of an open document. key: tells layers apart; color: of its pixels as Krita holds them."""

    document: Any = field(repr=False)
    node: Any = field(repr=False)
    key: str
    name: str
    width: int
    height: int
    color: Color

    @property
    def is_there(self) -> bool:
        """Whether the document is open and still has the layer."""
        return any(each == self.document for each in Krita.instance().documents()) and bool(
            self.document.nodeByUniqueID(self.node.uniqueId())
        )

    def check(self) -> None:
        """Raise LayerGone."""
        if not self.is_there:
            raise LayerGone(messages.text(messages.GONE), messages.text(messages.GONE_ADVICE))

    def pixels(self, x: int, y: int, width: int, height: int) -> Any:
        """Bytes of a rectangle, in ``color.sent_as``."""
        is_paint = self.node.type() == "paintlayer"
        read = self.node.pixelData if is_paint else self.node.projectionPixelData
        raw = read(x, y, width, height)
        if self.color.sent_as == self.color:
            return raw
        return conversion.converted(raw, (x, y, width, height), self.color, self.color.sent_as)

    def selected(self, x: int, y: int, width: int, height: int) -> bytes:
        """The selection in a rectangle, a byte a pixel."""
        selection = self.document.selection()
        if selection is None:
            return bytes([255]) * (width * height)
        return bytes(selection.pixelData(x, y, width, height))


_made_from: dict[str, str] = {}  # unique ids of results to those of their sources


def active() -> Source:
    """The layer that the user is on. Raises LayerUnusable.

    A mask stands for its layer, and a result of ours for the layer that it was made from: Krita activates it.
    """
    document = Krita.instance().activeDocument()
    if document is None:
        raise LayerUnusable(messages.text(messages.NO_DOCUMENT))
    node = document.activeNode()
    while node is not None and node.type().endswith("mask"):
        node = node.parentNode()
    while node is not None and node.uniqueId().toString() in _made_from:
        node = _child(document.rootNode(), _made_from[node.uniqueId().toString()])
    if node is None or node.parentNode() is None:
        raise LayerUnusable(messages.text(messages.NO_LAYER))
    of = node if node.type() == "paintlayer" else document
    return Source(
        document,
        node,
        node.uniqueId().toString(),
        node.name(),
        document.width(),
        document.height(),
        Color(of.colorModel(), of.colorDepth(), of.colorProfile()),
    )


def add_result(source: Source, patches: tuple[WirePatch, ...], with_mask: bool) -> Steps[None]:
    """A new paint layer above the source with these patches; one step of undo.

    It is filled before it is added: pixels written later could not be undone. A selection limits it, as its
    mask or else as its alpha. Raises LayerGone, and then nothing was added.
    """
    document = source.document
    layer = document.createNode(messages.text(messages.RESULT_NAME).format(source.name), "paintlayer")
    color = Color(layer.colorModel(), layer.colorDepth(), layer.colorProfile())
    if color != source.color and source.node.type() == "paintlayer":
        layer.setColorSpace(source.color.model, source.color.depth, source.color.profile)
    selected = None if with_mask or document.selection() is None else source.selected
    for patch in patches:
        source.check()
        yield from _put(source, layer, patch, selected)
    source.check()
    mask = _mask(document, patches) if with_mask else None
    if mask is not None:
        layer.addChildNode(mask, None)
    _made_from[layer.uniqueId().toString()] = source.key
    source.node.parentNode().addChildNode(layer, source.node)
    yield None
    if with_mask and mask is None:
        yield from _mask_by_hand(document, layer)


def _child(parent: Any, key: str) -> Any:
    """The layer below ``parent`` with this unique id, or None; nodeByUniqueID's is of a type of no use."""
    for node in parent.childNodes():
        found = node if node.uniqueId().toString() == key else _child(node, key)
        if found is not None:
            return found
    return None


def _put(source: Source, layer: Any, patch: WirePatch, selected: Any) -> Steps[None]:
    if source.color.sent_as == source.color:
        yield from pixels.write(layer, patch, selected)
        return
    draft = conversion.draft(source.color.sent_as)
    yield from pixels.write(draft, patch, selected)
    conversion.convert(draft, source.color)
    x, y, width, height = patch.box
    row_bytes = len(draft.pixelData(x, y, 1, 1)) * width
    for first, rows in pixels.strips(height, row_bytes):
        box: Box = (x, y + first, width, rows)
        layer.setPixelData(draft.pixelData(*box), *box)
        yield None


def _mask(document: Any, patches: tuple[WirePatch, ...]) -> Any:
    """A transparency mask: the selection, else the patches' rectangles. None before Krita 5.2."""
    if not hasattr(document, "createTransparencyMask"):
        return None
    from krita import Selection

    selection = document.selection()
    if selection is None:
        selection = Selection()
        for patch in patches:
            part = Selection()
            part.select(*patch.box, 255)
            selection.add(part)
    mask = document.createTransparencyMask(messages.text(messages.MASK_NAME))
    mask.setSelection(selection)
    return mask


def _mask_by_hand(document: Any, layer: Any) -> Steps[None]:
    """By the user's own action, which takes the active layer and the selection.

    Raises LayerUnusable where that would be another layer.
    """
    document.waitForDone()
    document.setActiveNode(layer)
    end = time.monotonic() + _ACTIVE_SECONDS
    while not _is_active(document, layer):  # it becomes that in some later turn of the event loop
        if time.monotonic() > end:
            raise LayerUnusable(messages.text(messages.NO_MASK), messages.text(messages.NO_MASK_ADVICE))
        yield None
    Krita.instance().action("add_new_transparency_mask").trigger()


def _is_active(document: Any, layer: Any) -> bool:
    node = document.activeNode()
    return (
        Krita.instance().activeDocument() == document
        and node is not None
        and node.uniqueId() == layer.uniqueId()
    )
