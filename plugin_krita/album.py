"""Layers that the daemon holds: their pixels, faces, and what was rendered of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from retouchml.client.answers import WirePatch
from retouchml.client.pixel_format import PixelFormat
from retouchml.look import Look

from .choice import Choice
from .state import Image, Preview

if TYPE_CHECKING:
    from .layers import Source

_BYTES_KEPT = 1 << 30


@dataclass(frozen=True)
class Held:
    """An open photo.

    remote: ``RemotePhoto``; client: the connection it belongs to; thumbnails: one a face; chosen: faces that
    are to be retouched; shown: the face in the preview; patches: the newest of each face, with its look
    """

    source: "Source"
    format: PixelFormat
    pixels: bytearray = field(repr=False)
    remote: Any = field(repr=False)
    client: Any = field(repr=False)
    thumbnails: tuple[Image, ...] = ()
    chosen: frozenset[int] = frozenset()
    shown: int = 0
    patches: dict[int, tuple[Look, WirePatch | None]] = field(default_factory=dict)
    preview: Preview | None = None

    @property
    def choice(self) -> Choice:
        """What is ticked and shown, with the faces' boxes."""
        return Choice(tuple(face.box for face in self.remote.faces), self.chosen, self.shown)


class Album:
    """Held photos by the key of their layer, the newest last; the oldest go where it gets too much.

    The choice among a layer's faces stays for as long as the layer is there.
    """

    def __init__(self) -> None:
        self._held: dict[str, Held] = {}
        self._dropped: dict[str, tuple[Source, Choice]] = {}

    def __iter__(self) -> Iterator[Held]:
        return iter(list(self._held.values()))

    def get(self, key: str) -> Held | None:
        """What is held of a layer."""
        return self._held.get(key)

    def choice(self, key: str) -> Choice:
        """What was last chosen among a layer's faces, also where it is not held any more."""
        held = self._held.get(key)
        if held is not None:
            return held.choice
        return self._dropped[key][1] if key in self._dropped else Choice()

    def put(self, held: Held) -> Held:
        """Hold it, in place of what was held of that layer."""
        old = self._held.pop(held.source.key, None)
        if old is not None and old.remote is not held.remote:
            old.remote.close()
        self._dropped.pop(held.source.key, None)
        self._held[held.source.key] = held
        while len(self._held) > 1 and sum(len(each.pixels) for each in self) > _BYTES_KEPT:
            self.drop(next(iter(self._held)))
        return held

    def change(self, key: str, **changes: Any) -> None:
        """Replace some of it, where it is held."""
        held = self._held.get(key)
        if held is not None:
            self._held[key] = replace(held, **changes)

    def drop(self, key: str) -> None:
        """Let go of it, here and in the daemon; what was chosen stays."""
        held = self._held.pop(key, None)
        if held is not None:
            self._dropped[key] = held.source, held.choice
            held.remote.close()

    def sweep(self) -> None:
        """Let go of layers that are gone."""
        for held in self:
            if not held.source.is_there:
                self.drop(held.source.key)
        for key, (source, _) in list(self._dropped.items()):
            if not source.is_there:
                del self._dropped[key]
