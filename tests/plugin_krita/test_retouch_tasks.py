"""The tasks from a layer to its result, with stand-ins for Krita and for the daemon."""

import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from plugin_krita import texts
from plugin_krita.color_space import SRGB, ColorSpace
from plugin_krita.photo_store import OpenPhoto, PhotoStore
from plugin_krita.tasks import Task, TaskGenerator
from plugin_krita.view_state import Settings
from retouchml.client.answers import EditList, WirePatch
from retouchml.client.pixel_format import PixelFormat
from retouchml.errors import PhotoUnknown, UsageError
from retouchml.look import Look
from retouchml.progress import silent
from retouchml.results import Box, Edit

from .test_layer_pixels import Layer
from .test_tasks import Answer, ListLoop

LEFT, RIGHT = (10, 20, 40, 40), (110, 20, 40, 40)
LOOK = Settings().look
_NEED_KRITA = ("layers", "retouch_tasks")


def answer(value: Any = None, error: Exception | None = None) -> Any:
    """An answer that has arrived already."""
    arrived = Answer()
    arrived.finish(error)
    arrived.result = lambda: value  # type: ignore[method-assign]
    return arrived


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
    """A picture with one layer; the layers that were created for it and those that were added."""

    def __init__(self) -> None:
        self.node = Node(self, "source")
        self.created: list[Node] = []
        self.added: list[Node] = []

    def nodeByUniqueID(self, _key: Any) -> Node:  # noqa: N802
        return self.node

    def selection(self) -> None:
        return None

    def createNode(self, name: str, _type: str) -> Node:  # noqa: N802
        self.created.append(Node(self, name))
        return self.created[-1]

    def addChildNode(self, node: Node, _above: Node) -> None:  # noqa: N802
        self.added.append(node)


class Daemon:
    """A daemon that finds these faces and records its requests; also the connection to it."""

    def __init__(self, *faces: Box) -> None:
        self.faces = faces
        self.client: Any = self
        self.sent = 0
        self.rendered: list[set[int]] = []
        self.without_patch: set[int] = set()
        self.error: Exception | None = None
        self.while_listing_edits: Callable[[], None] = lambda: None

    def restart(self) -> None:
        """Connect another client from now on."""
        self.client = SimpleNamespace(open=self._open, edits=self.edits)

    def open(self, *picture: Any, start: bool = False) -> Any:
        return answer(self.client) if start else self._open(*picture)

    def nudge(self) -> None:
        pass

    def edits(self, _model: str) -> Any:
        self.while_listing_edits()
        return answer(EditList("", "cpu", (Edit("smile", -1.0, 1.0, ""),)))

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
        editor.layers, editor.tasks = (import_module(f"plugin_krita.{name}") for name in _NEED_KRITA)
        yield editor
    for name in _NEED_KRITA:
        del sys.modules[f"plugin_krita.{name}"]


class Scene:
    """A layer with two faces, the daemon, and the tasks."""

    def __init__(self, krita: Any) -> None:
        self.document = Document()
        krita.open = [self.document]
        self.krita = krita
        node = self.document.node
        self.source = krita.layers.SourceLayer(
            self.document, node, "source", "Photo", 200, 120, ColorSpace("RGBA", "U8", SRGB)
        )
        self.daemon = Daemon(LEFT, RIGHT)
        self.photos = PhotoStore()
        self.tasks = krita.tasks.RetouchTasks(self.daemon, self.photos, silent)

    def run(self, generator: TaskGenerator[None]) -> None:
        """Run a task to its end. Raises its error."""
        loop, ends = ListLoop(), []
        Task(generator, loop.later, ends.append)
        loop.run()
        (error,) = ends
        if error is not None:
            raise error

    def find(self) -> OpenPhoto:
        self.run(self.tasks.find_faces(self.source, LOOK))
        return self.photo

    def beautify(self) -> None:
        self.run(self.tasks.beautify(self.source, LOOK, with_mask=False))

    @property
    def photo(self) -> OpenPhoto:
        photo = self.photos.get("source")
        assert photo is not None
        return photo

    def paint(self) -> None:
        """Paint a stroke of the brush."""
        self.document.node.rows[0, 0] += 1


@pytest.fixture
def scene(krita: Any) -> Scene:
    """A layer whose faces were not searched for yet."""
    return Scene(krita)


def test_every_face_is_ticked_at_first(scene: Scene) -> None:
    assert scene.find().ticked == {0, 1}
    assert len(scene.photo.thumbnails) == 2


def test_an_unticked_face_is_left_alone_after_a_stroke_of_the_brush(scene: Scene) -> None:
    scene.find()
    scene.photos.update("source", ticked=frozenset({1}), shown=1)
    scene.paint()
    scene.daemon.rendered.clear()
    scene.beautify()
    assert scene.daemon.sent == 2
    assert scene.daemon.rendered == [{1}]
    assert (scene.photo.ticked, scene.photo.shown) == ({1}, 1)


def test_ticks_follow_faces_that_come_back_in_another_order(scene: Scene) -> None:
    scene.find()
    scene.photos.update("source", ticked=frozenset({1}), shown=1)
    scene.paint()
    scene.daemon.faces = (112, 21, 40, 40), LEFT
    assert (scene.find().ticked, scene.photo.shown) == ({0}, 0)


def test_ticks_stay_where_another_daemon_is_sent_the_same_pixels(scene: Scene) -> None:
    scene.find()
    scene.photos.update("source", ticked=frozenset({1}), shown=1)
    scene.daemon.restart()
    assert (scene.find().ticked, scene.photo.shown) == ({1}, 1)
    assert scene.daemon.sent == 2


def test_ticks_stay_where_the_daemon_does_not_know_the_layer_any_more(scene: Scene) -> None:
    scene.find()
    scene.photos.update("source", ticked=frozenset({0}), shown=1)
    scene.photo.patches.clear()
    scene.daemon.error = PhotoUnknown("It is not here.")
    with pytest.raises(PhotoUnknown):
        scene.beautify()
    assert scene.photos.get("source") is None
    scene.daemon.error = None
    scene.daemon.rendered.clear()
    scene.beautify()
    assert scene.daemon.rendered == [{0}]
    assert (scene.photo.ticked, scene.photo.shown) == ({0}, 1)


def test_a_tick_that_is_taken_away_while_the_layer_is_sent_counts(scene: Scene) -> None:
    scene.daemon.while_listing_edits = lambda: scene.photos.update("source", ticked=frozenset({1}))
    scene.beautify()
    assert scene.daemon.rendered == [{1}]


def test_a_selection_is_forgotten_with_its_layer(scene: Scene) -> None:
    scene.find()
    scene.photos.update("source", ticked=frozenset({1}))
    scene.photos.close("source")
    scene.photos.close_deleted()
    assert scene.photos.selection("source").ticked == {1}
    scene.krita.open = []
    scene.photos.close_deleted()
    assert scene.photos.selection("source").boxes == ()


def test_patches_go_onto_one_new_layer(scene: Scene) -> None:
    scene.daemon.without_patch = {0}
    scene.beautify()
    (added,) = scene.document.added
    assert np.argwhere(added.rows[..., 3]).min(axis=0).tolist() == [3, 5]
    assert (added.rows[..., 3] == 255).sum() == 8


def test_no_layer_is_added_where_no_face_would_change(scene: Scene) -> None:
    scene.daemon.without_patch = {0, 1}
    with pytest.raises(UsageError) as raised:
        scene.beautify()
    assert (raised.value.message, raised.value.advice) == (texts.UNCHANGED, texts.UNCHANGED_ADVICE)
    assert scene.daemon.rendered == [{0, 1}]
    assert scene.document.created == scene.document.added == []
