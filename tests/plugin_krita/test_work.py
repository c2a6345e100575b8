"""The jobs from a layer to its result, with stand-ins for Krita and for the daemon."""

import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from plugin_krita import messages
from plugin_krita.album import Album, Held
from plugin_krita.colors import SRGB, Color
from plugin_krita.pixels import Box
from plugin_krita.state import Settings
from plugin_krita.steps import Steps, Task
from retouchml.client.answers import WirePatch
from retouchml.client.pixel_format import PixelFormat
from retouchml.errors import PhotoUnknown, UsageError
from retouchml.look import Look

from .test_pixels import Layer
from .test_steps import Answer, Turns

LEFT, RIGHT = (10, 20, 40, 40), (110, 20, 40, 40)
LOOK = Look(Settings().strength, Settings().texture)


def answer(value: Any = None, error: Exception | None = None) -> Any:
    """One that has come already."""
    made = Answer()
    made.come(error)
    made.result = lambda: value  # type: ignore[method-assign]
    return made


class Node(Layer):
    """A paint layer."""

    def __init__(self, document: "Document", key: str) -> None:
        super().__init__(np.zeros((120, 200, 4), "u1"))
        self.document, self.key = document, key

    def type(self) -> str:
        return "paintlayer"

    def uniqueId(self) -> Any:  # noqa: N802
        return SimpleNamespace(toString=lambda: self.key)

    def colorModel(self) -> str:  # noqa: N802
        return "RGBA"

    def colorDepth(self) -> str:  # noqa: N802
        return "U8"

    def colorProfile(self) -> str:  # noqa: N802
        return SRGB

    def pixelData(self, x: int, y: int, width: int, height: int) -> bytes:  # noqa: N802
        return self.pixels(x, y, width, height)

    def parentNode(self) -> "Document":  # noqa: N802
        return self.document


class Document:
    """A picture with one layer; what was made for it and what was added."""

    def __init__(self) -> None:
        self.node = Node(self, "source")
        self.made: list[Node] = []
        self.added: list[Node] = []

    def nodeByUniqueID(self, _key: Any) -> Node:  # noqa: N802
        return self.node

    def selection(self) -> None:
        return None

    def createNode(self, name: str, _type: str) -> Node:  # noqa: N802
        self.made.append(Node(self, name))
        return self.made[-1]

    def addChildNode(self, node: Node, _above: Node) -> None:  # noqa: N802
        self.added.append(node)


class Daemon:
    """Finds the faces it is told of, and remembers what it was asked; stands for the connection, too."""

    def __init__(self, *faces: Box) -> None:
        self.faces = faces
        self.client: Any = self
        self.sent = 0
        self.rendered: list[set[int]] = []
        self.without_patch: set[int] = set()
        self.error: Exception | None = None
        self.while_learning: Callable[[], None] = lambda: None

    def restart(self) -> None:
        """Another client is connected from now on."""
        self.client = SimpleNamespace(open=self._open, edits=self.edits)

    def open(self, *picture: Any, start: bool = False) -> Any:
        return answer(self.client) if start else self._open(*picture)

    def nudge(self) -> None:
        pass

    def edits(self, _model: str) -> Any:
        self.while_learning()
        return answer([{"name": "smile"}])

    def _open(self, *_picture: Any) -> Any:
        self.sent += 1
        faces = tuple(SimpleNamespace(box=box) for box in self.faces)
        photo = SimpleNamespace(faces=faces, model="", device="cpu", render=self._render, close=lambda: None)
        return answer(photo)

    def _render(self, looks: Mapping[int, Look]) -> Any:
        if self.error is not None:
            return answer(error=self.error)
        self.rendered.append(set(looks))
        return answer(SimpleNamespace(patches=[_patch(each) for each in {*looks} - self.without_patch]))


def _patch(face: int) -> WirePatch:
    return WirePatch(face, (5 * face, 3, 4, 2), PixelFormat(4, 2, "u8", "BGRA"), bytes([255]) * 32)


@pytest.fixture(scope="module")
def krita() -> Iterator[Any]:
    """What the plug-in's modules import as ``krita``; they are unloaded afterwards."""
    editor = SimpleNamespace(open=[])
    module: Any = ModuleType("krita")
    module.Krita = SimpleNamespace(instance=lambda: SimpleNamespace(documents=lambda: editor.open))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "krita", module)
        editor.layers, editor.work = (import_module(f"plugin_krita.{name}") for name in ("layers", "work"))
        yield editor
    for name in ("conversion", "layers", "work"):
        del sys.modules[f"plugin_krita.{name}"]


class Room:
    """A layer with two faces, the daemon, and the work between them."""

    def __init__(self, krita: Any) -> None:
        self.document = Document()
        krita.open = [self.document]
        self.krita = krita
        node = self.document.node
        self.source = krita.layers.Source(
            self.document, node, "source", "Photo", 200, 120, Color("RGBA", "U8", SRGB)
        )
        self.daemon = Daemon(LEFT, RIGHT)
        self.album = Album()
        self.work = krita.work.Work(self.daemon, self.album, lambda *_: None)

    def run(self, steps: Steps[None]) -> None:
        """To their end; raises what they do."""
        turns, ends = Turns(), []
        Task(steps, turns.later, ends.append)
        turns.run()
        (error,) = ends
        if error is not None:
            raise error

    def find(self) -> Held:
        self.run(self.work.find(self.source, LOOK))
        return self.held

    def beautify(self) -> None:
        self.run(self.work.beautify(self.source, LOOK, with_mask=False))

    @property
    def held(self) -> Held:
        held = self.album.get("source")
        assert held is not None
        return held

    def paint(self) -> None:
        """A stroke of the brush."""
        self.document.node.rows[0, 0] += 1


@pytest.fixture
def room(krita: Any) -> Room:
    """Before anybody has looked at the layer."""
    return Room(krita)


def test_every_face_is_ticked_where_nothing_was_chosen(room: Room) -> None:
    assert room.find().chosen == {0, 1}
    assert len(room.held.thumbnails) == 2


def test_an_unticked_face_is_left_alone_after_a_stroke_of_the_brush(room: Room) -> None:
    room.find()
    room.album.change("source", chosen=frozenset({1}), shown=1)
    room.paint()
    room.daemon.rendered.clear()
    room.beautify()
    assert room.daemon.sent == 2
    assert room.daemon.rendered == [{1}]
    assert (room.held.chosen, room.held.shown) == ({1}, 1)


def test_ticks_follow_faces_that_come_back_in_another_order(room: Room) -> None:
    room.find()
    room.album.change("source", chosen=frozenset({1}), shown=1)
    room.paint()
    room.daemon.faces = (112, 21, 40, 40), LEFT
    assert (room.find().chosen, room.held.shown) == ({0}, 0)


def test_ticks_stay_where_another_daemon_is_sent_the_same_pixels(room: Room) -> None:
    room.find()
    room.album.change("source", chosen=frozenset({1}), shown=1)
    room.daemon.restart()
    assert (room.find().chosen, room.held.shown) == ({1}, 1)
    assert room.daemon.sent == 2


def test_ticks_stay_where_the_daemon_does_not_know_the_layer_any_more(room: Room) -> None:
    room.find()
    room.album.change("source", chosen=frozenset({0}), shown=1)
    room.held.patches.clear()
    room.daemon.error = PhotoUnknown("It is not here.")
    with pytest.raises(PhotoUnknown):
        room.beautify()
    assert room.album.get("source") is None
    room.daemon.error = None
    room.daemon.rendered.clear()
    room.beautify()
    assert room.daemon.rendered == [{0}]
    assert (room.held.chosen, room.held.shown) == ({0}, 1)


def test_a_tick_that_is_taken_away_while_the_layer_is_sent_counts(room: Room) -> None:
    room.daemon.while_learning = lambda: room.album.change("source", chosen=frozenset({1}))
    room.beautify()
    assert room.daemon.rendered == [{1}]


def test_a_choice_is_forgotten_with_its_layer(room: Room) -> None:
    room.find()
    room.album.change("source", chosen=frozenset({1}))
    room.album.drop("source")
    room.album.sweep()
    assert room.album.choice("source").chosen == {1}
    room.krita.open = []
    room.album.sweep()
    assert room.album.choice("source").boxes == ()


def test_patches_go_onto_one_new_layer(room: Room) -> None:
    room.daemon.without_patch = {0}
    room.beautify()
    (added,) = room.document.added
    assert np.argwhere(added.rows[..., 3]).min(axis=0).tolist() == [3, 5]
    assert (added.rows[..., 3] == 255).sum() == 8


def test_no_layer_is_added_where_no_face_would_change(room: Room) -> None:
    room.daemon.without_patch = {0, 1}
    with pytest.raises(UsageError) as raised:
        room.beautify()
    assert (raised.value.message, raised.value.advice) == (messages.UNCHANGED, messages.UNCHANGED_ADVICE)
    assert room.daemon.rendered == [{0, 1}]
    assert room.document.made == room.document.added == []
