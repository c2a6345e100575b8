"""Krita converts colours for us: in a hidden document, so that the user's own history stays clean.

Converting a layer's colour space is a step of undo of its document, also for a layer that was not added yet.
The hidden document is made once, when a colour model other than RGB or grey is first met.
"""

import functools
from typing import Any

from krita import Krita

from .colors import SRGB, Color
from .pixels import Box


def converted(raw: Any, box: Box, before: Color, after: Color) -> Any:
    """The bytes of a rectangle in another colour space."""
    node = draft(before)
    node.setPixelData(raw, *box)
    convert(node, after)
    return node.pixelData(*box)


def draft(color: Color) -> Any:
    """An empty paint layer of this colour space that belongs to no picture of the user's."""
    node = _workshop().createNode("", "paintlayer")
    convert(node, color)
    return node


def convert(node: Any, color: Color) -> None:
    """Convert a layer that ``draft`` made."""
    node.setColorSpace(color.model, color.depth, color.profile)
    _workshop().setModified(False)


@functools.cache
def _workshop() -> Any:
    return Krita.instance().createDocument(1, 1, "RetouchML", "RGBA", "U8", SRGB, 72.0)
