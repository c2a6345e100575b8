"""The tasks from a layer to its result, with stand-ins for Krita and for the daemon."""

import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from plugin_krita.color_space import SRGB, ColorSpace
from plugin_krita.face_selection import FaceSelection
from plugin_krita.photo_store import OpenPhoto, PhotoStore
from plugin_krita.tasks import Task, TaskGenerator
from plugin_krita.view_box import Viewpoint
from plugin_krita.view_state import UserSettings
from retouchml import sentences
from retouchml.client.answers import Rendered, WirePatch
from retouchml.client.pixel_format import PixelFormat
from retouchml.errors import NoFaceError, PhotoUnknown, UsageError
from retouchml.look import Look
from retouchml.picture_looks import PictureLooks
from retouchml.progress import silent
from retouchml.results import Box, Face, FaceReport
from tests.fake_client import FakeCall, FakeClient, FakePhoto

from .test_layer_pixels import Layer
from .test_tasks import Answer, ListLoop

LEFT, RIGHT = (10, 20, 40, 40), (110, 20, 40, 40)
LOOK = UserSettings().look
_NEED_KRITA = ("layers", "results", "retouch_tasks", "followed_layer")


class Node(Layer):
    """A paint layer."""

    def __init__(self, document: "Document", key: str) -> None:
        super().__init__(np.zeros((120, 200, 4), "u1"))
        self.document, self.key = document, key

    def name(self) -> str:
        return self.key.partition("#")[0]

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

    def clone(self) -> "Node":
        copy = self.document.createNode(self.name(), "paintlayer")
        copy.rows[:] = self.rows
        return copy

    def visible(self) -> bool:
        return True

    def bounds(self) -> Any:
        return SimpleNamespace(x=lambda: 0, y=lambda: 0, width=lambda: 200, height=lambda: 120)

    def pixelData(self, x: int, y: int, width: int, height: int) -> bytes:  # noqa: N802
        return self.pixels(x, y, width, height)

    def parentNode(self) -> "Document":  # noqa: N802
        return self.document

    def childNodes(self) -> "list[Node]":  # noqa: N802
        return []

    def remove(self) -> None:
        self.document.nodes.remove(self)


class Selected:
    """A selection of one rectangle."""

    def __init__(self, box: Box) -> None:
        self.rows = np.zeros((120, 200), "u1")
        x, y, width, height = box
        self.rows[y : y + height, x : x + width] = 255

    def pixelData(self, x: int, y: int, width: int, height: int) -> bytes:  # noqa: N802
        return bytes(self.rows[y : y + height, x : x + width].tobytes())

    def x(self) -> int:
        return int(self.rows.any(0).argmax())

    def y(self) -> int:
        return int(self.rows.any(1).argmax())

    def width(self) -> int:
        return int(self.rows.any(0).sum())

    def height(self) -> int:
        return int(self.rows.any(1).sum())


class Document:
    """A picture with one layer, which is also the root of its layers; ``nodes`` from below to the top.

    covered: whether what is added can be seen
    """

    def __init__(self) -> None:
        self.node = Node(self, "source")
        self.nodes = [self.node]
        self.selected: Selected | None = None
        self.covered = False
        self._created = 0
        self._annotations: dict[str, bytes] = {}

    @property
    def added(self) -> list[Node]:
        return self.nodes[1:]

    def nodeByUniqueID(self, _key: Any) -> Node:  # noqa: N802
        return self.node

    def selection(self) -> Selected | None:
        return self.selected

    def setSelection(self, selected: Selected | None) -> None:  # noqa: N802
        self.selected = selected

    def createNode(self, name: str, _type: str) -> Node:  # noqa: N802
        self._created += 1
        return Node(self, f"{name}#{self._created}")

    def rootNode(self) -> "Document":  # noqa: N802
        return self

    def childNodes(self) -> list[Node]:  # noqa: N802
        return list(self.nodes)

    def addChildNode(self, node: Node, above: Node) -> None:  # noqa: N802
        self.nodes.insert(self.nodes.index(above) + 1, node)

    def pixelData(self, x: int, y: int, width: int, height: int) -> bytes:  # noqa: N802
        shown = [self.node] if self.covered else self.nodes
        return b"".join(node.pixelData(x, y, width, height) for node in shown)

    def annotationTypes(self) -> list[str]:  # noqa: N802
        return list(self._annotations)

    def annotation(self, type_: str) -> bytes:
        return self._annotations[type_]

    def setAnnotation(self, type_: str, _description: str, value: bytes) -> None:  # noqa: N802
        self._annotations[type_] = value


class Client(FakeClient):
    """A connection to the daemon below."""

    def __init__(self, daemon: "Daemon") -> None:
        super().__init__()
        self.is_connected = True
        self._daemon = daemon

    def after(self, _seconds: float, callback: Callable[[], None]) -> None:
        super().after(0.0, callback)
        self._daemon.loop.later(self.process)

    def reply(self, call: FakeCall) -> Any:
        daemon = self._daemon
        if call.kind == "open":
            daemon.sent += 1
            daemon.while_sending()
            new = [box for box in call.details["at"] if box not in daemon.faces]
            return FakePhoto(self, [Face(box, (), 3.0) for box in (*daemon.faces, *new)])
        if daemon.errors:
            return daemon.errors.pop(0)
        looks = call.details["looks"]
        daemon.rendered.append(set(looks))
        changed = {*looks} - daemon.without_patch
        reports = tuple(_report(face) for face in changed) if call.details.get("report") else ()
        answer = Rendered(tuple(_patch(face) for face in changed), reports)
        if not call.details["refine"]:
            return answer

        def preview_first() -> None:
            faces = (call.details["shown"],)
            call.on_preview(Rendered((_patch(*faces, 7),), refinement="local", faces=faces))
            answer_after(20)

        def answer_after(turns: int) -> None:
            if turns:
                daemon.loop.later(lambda: answer_after(turns - 1))
            else:
                call.answer(answer)

        self.after(0.0, preview_first)
        return None


class Daemon:
    """A daemon that finds these faces and records its requests; also the connection to it.

    errors: of the next renders
    """

    def __init__(self, loop: ListLoop, *faces: Box) -> None:
        self.loop = loop
        self.faces = faces
        self.client = Client(self)
        self.sent = 0
        self.rendered: list[set[int]] = []
        self.without_patch: set[int] = set()
        self.errors: list[Exception] = []
        self.while_sending: Callable[[], None] = lambda: None

    def restart(self) -> None:
        """Connect another client from now on."""
        self.client.is_connected = False
        self.client = Client(self)

    def open(self, start: bool) -> Answer:
        answer = Answer()
        answer.result = lambda: self.client  # type: ignore[method-assign]
        answer.finish()
        return answer

    def reconnect(self, on_connected: Callable[[Any], None]) -> None:
        self.loop.later(lambda: on_connected(self.client))

    def nudge(self) -> None:
        self.loop.later(self.client.process)


def _patch(face: int, value: int = 255) -> WirePatch:
    box = (10 + 100 * face, 23, 4, 2)
    return WirePatch(face, box, PixelFormat(4, 2, "u8", "BGRA"), bytes([value]) * 32)


def _report(face: int) -> FaceReport:
    box = (10 + 100 * face, 23, 4, 2)
    return FaceReport(face, box, 3.0, 3.25, 0.125, box, 0.25)


@pytest.fixture(scope="module")
def krita() -> Iterator[Any]:
    """What the plug-in's modules import as ``krita``; they are unloaded afterwards."""
    editor = SimpleNamespace(open=[])
    module: Any = ModuleType("krita")
    application = SimpleNamespace(documents=lambda: editor.open, action=lambda _name: None)
    module.Krita = SimpleNamespace(instance=lambda: application)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "krita", module)
        editor.layers, editor.results, editor.tasks, editor.followed = (
            import_module(f"plugin_krita.{name}") for name in _NEED_KRITA
        )
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
        self.loop = ListLoop()
        self.daemon = Daemon(self.loop, LEFT, RIGHT)
        self.photos = PhotoStore()
        self.tasks = krita.tasks.RetouchTasks(self.daemon, self.photos, silent)
        self.tasks.resize_preview((60, 60))  # less than a face has

    def run(self, generator: TaskGenerator[None]) -> None:
        """Run a task to its end. Raises its error."""
        ends: list[Exception | None] = []
        Task(generator, self.loop.later, ends.append)
        self.loop.run()
        (error,) = ends
        if error is not None:
            raise error

    def find(self) -> OpenPhoto:
        self.run(self.tasks.find_faces(self.source, LOOK))
        return self.photo

    def beautify(self, look: Look = LOOK, *, keep_earlier: bool = False, result: Node | None = None) -> None:
        source = replace(self.source, result=result)
        self.run(self.tasks.beautify(source, look, with_mask=False, keep_earlier=keep_earlier))

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


def test_of_more_than_three_faces_only_the_largest_is_ticked(scene: Scene) -> None:
    scene.daemon.faces = tuple((45 * place, 20, 40, 40) for place in range(4))
    assert (scene.find().ticked, scene.photo.shown) == ({0}, 0)
    scene.paint()
    scene.photos.update("source", ticked=frozenset(range(4)))
    assert scene.find().ticked == {0, 1, 2, 3}


def test_the_preview_shows_what_is_there_sooner_and_then_the_answer(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[int] = []
    update = scene.photos.update

    def note(key: str, **changes: Any) -> None:
        preview = changes.get("preview")
        if preview is not None and preview.after is not None:
            shown.append(preview.after.image.pixels[0])
        update(key, **changes)

    monkeypatch.setattr(scene.photos, "update", note)
    scene.find()
    assert shown == [7, 255]
    assert scene.photo.previews[0][::2] == (LOOK, _patch(0))
    scene.daemon.without_patch = {0}
    scene.photo.previews.clear()
    scene.run(scene.tasks.preview(scene.photo, LOOK))
    assert scene.photo.preview is not None
    assert scene.photo.preview.after is None


def test_a_moved_slider_shows_the_same_picture_before_without_reading_it_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes: list[Any] = []
    module = sys.modules["plugin_krita.retouch_tasks"]
    read = module.screen_image  # type: ignore[attr-defined]

    def count(pixels: Any, format_: Any, box: Any, stride: int = 1) -> Any:
        if pixels is scene.photo.pixels:
            boxes.append(box)
        return read(pixels, format_, box, stride)

    first = scene.find().preview
    monkeypatch.setattr(module, "screen_image", count)
    scene.run(scene.tasks.preview(scene.photo, Look(0.9)))
    assert boxes == []
    assert first is not None
    assert scene.photo.preview is not None
    assert scene.photo.preview.before is first.before
    scene.tasks.resize_preview((60, 60))  # less than a face has
    scene.photos.update("source", view=Viewpoint(1.0))
    scene.run(scene.tasks.preview(scene.photo, Look(0.9)))
    assert len(boxes) == 1
    assert scene.photo.preview.before != first.before


def test_a_preview_that_is_given_up_leaves_the_next_one_alone(scene: Scene) -> None:
    scene.find()
    scene.photo.previews.clear()
    ends: list[Exception | None] = []
    first = Task(scene.tasks.preview(scene.photo, LOOK), scene.loop.later, ends.append)
    while scene.daemon.rendered != [{0}, {0}]:
        scene.loop.waiting.pop(0)()
    first.abandon()
    scene.run(scene.tasks.preview(scene.photo, Look(0.9)))
    assert ends == []
    assert scene.photo.previews[0][::2] == (Look(0.9), _patch(0))


def test_a_preview_asks_for_as_many_pixels_as_it_shows_and_for_all_of_an_enlarged_face(scene: Scene) -> None:
    asked: list[Any] = []
    original = scene.daemon.client.reply

    def reply(call: FakeCall) -> Any:
        if call.kind == "render":
            asked.append((call.details["size"], call.details["preview_side"]))
        return original(call)

    scene.daemon.client.reply = reply  # type: ignore[method-assign]
    scene.find()
    scene.photos.update("source", view=Viewpoint(1.0))
    scene.run(scene.tasks.preview(scene.photo, LOOK))
    scene.run(scene.tasks.preview(scene.photo, LOOK))
    scene.beautify()
    assert asked == [("preview", 128), ("full", 2048), ("full", 512)]
    assert scene.daemon.rendered[-1] == {1}  # the shown face is there already


def test_scores_are_measured_after_the_preview_and_once_for_each_look(scene: Scene) -> None:
    scene.find()
    assert scene.photo.reports == {}, "nobody asked"
    assert scene.photo.score(LOOK, is_awaited=False) == "Score 3.00"
    scene.tasks.with_scores = True
    for look in (Look(0.9), Look(0.9), Look(0.0)):
        assert scene.photo.score(look, is_awaited=True) == "Score 3.00 to … · identity distance …"
        scene.daemon.without_patch = {0} if look.untouched else set()
        scene.run(scene.tasks.preview(scene.photo, look))
        measured = "Score 3.00" if look.untouched else "Score 3.00 to 3.25 ± 0.25 · identity distance 0.12"
        assert scene.photo.score(look, is_awaited=True) == measured
        scene.photo.reports.update({} if look.untouched else {0: (Look(0.1), None)})
    renders = [call for call in scene.daemon.client.calls if call.kind == "render"]
    assert [call.details["report"] for call in renders] == [False, False, True, True, False, True]


def test_each_face_is_retouched_with_its_own_look(scene: Scene) -> None:
    scene.find()
    scene.photos.update("source", looks=PictureLooks(Look(0.2), {1: Look(0.9)}))
    scene.beautify(Look(0.2))
    made = scene.krita.results.records(scene.document)[scene.document.added[0].key]
    assert [face.look for face in made.faces] == [Look(0.2), Look(0.9)]


def test_a_job_keeps_the_faces_and_looks_that_it_was_given(scene: Scene) -> None:
    scene.find()
    chosen = replace(scene.photo.selection, ticked=frozenset({1}), looks=PictureLooks(Look(0.9)))
    scene.photos.update("source", looks=PictureLooks(Look(0.1)))
    job = scene.tasks.beautify(scene.source, Look(0.2), chosen, with_mask=False, keep_earlier=False)
    scene.run(job)
    made = scene.krita.results.records(scene.document)[scene.document.added[0].key]
    assert [(face.box, face.look) for face in made.faces] == [(RIGHT, Look(0.9))]


def test_a_result_comes_into_the_history_with_a_picture_of_it(scene: Scene) -> None:
    for look in (Look(0.2), Look(0.9)):
        scene.beautify(look)
    history = scene.krita.results.history(scene.document)
    assert [each.record.look for each in history.results] == [Look(0.9), Look(0.2)]
    with Image.open(io.BytesIO(history.results[0].picture)) as picture:
        pixels = np.asarray(picture)
    assert (pixels == 255).all(-1).sum() == 8  # the patch of the daemon, over the layer's black
    assert (pixels == 0).all(-1).sum() == pixels.shape[0] * pixels.shape[1] - 8


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


def test_a_layer_that_the_daemon_does_not_know_any_more_is_sent_again_with_its_ticks(scene: Scene) -> None:
    scene.find()
    scene.photos.update("source", ticked=frozenset({0}), shown=1)
    scene.photo.patches.clear()
    scene.daemon.rendered.clear()
    scene.daemon.errors = [PhotoUnknown("It is not here.")]
    scene.beautify()
    assert (scene.daemon.sent, scene.daemon.rendered) == (2, [{0}])
    assert (scene.photo.ticked, scene.photo.shown) == ({0}, 1)


def test_ticks_stay_where_the_daemon_loses_the_layer_twice(scene: Scene) -> None:
    scene.find()
    scene.photos.update("source", ticked=frozenset({0}), shown=1)
    scene.photo.patches.clear()
    scene.daemon.rendered.clear()
    scene.daemon.errors = [PhotoUnknown("It is not here."), PhotoUnknown("It is not here.")]
    with pytest.raises(PhotoUnknown):
        scene.beautify()
    assert not scene.photo.session.is_open
    scene.beautify()
    assert scene.daemon.rendered == [{0}]
    assert (scene.photo.ticked, scene.photo.shown) == ({0}, 1)


def test_a_tick_that_is_taken_away_while_the_layer_is_sent_counts(scene: Scene) -> None:
    scene.find()
    scene.paint()
    scene.daemon.rendered.clear()
    scene.daemon.while_sending = lambda: scene.photos.update("source", ticked=frozenset({1}))
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
    assert np.argwhere(added.rows[..., 3]).min(axis=0).tolist() == [23, 110]
    assert (added.rows[..., 3] == 255).sum() == 8


def test_no_layer_is_added_where_no_face_would_change(scene: Scene) -> None:
    scene.daemon.without_patch = {0, 1}
    with pytest.raises(UsageError) as raised:
        scene.beautify()
    assert (raised.value.message, raised.value.advice) == (sentences.UNCHANGED, sentences.UNCHANGED_ADVICE)
    assert scene.daemon.rendered == [{0, 1}]
    assert scene.document.added == []


def test_a_result_takes_the_place_of_the_one_before(scene: Scene) -> None:
    scene.beautify()
    (first,) = scene.document.added
    scene.beautify(Look(0.9))
    (second,) = scene.document.added
    assert second is not first
    assert scene.krita.results.records(scene.document)[second.key].look == Look(0.9)


def test_a_result_goes_above_all_earlier_ones_that_stay(scene: Scene) -> None:
    for strength in (0.3, 0.6, 0.9):
        scene.beautify(Look(strength), keep_earlier=True)
    made = scene.krita.results.records(scene.document)
    assert [made[node.key].look.strength for node in scene.document.added] == [0.3, 0.6, 0.9]


def test_the_active_one_of_several_results_is_replaced_where_it_is(scene: Scene) -> None:
    for strength in (0.3, 0.6):
        scene.beautify(Look(strength), keep_earlier=True)
    scene.beautify(Look(0.9), result=scene.document.added[0])
    made = scene.krita.results.records(scene.document)
    assert [made[node.key].look.strength for node in scene.document.added] == [0.9, 0.6]


def test_a_result_that_nothing_shows_is_no_success(scene: Scene) -> None:
    scene.beautify()
    assert scene.tasks.added.is_seen
    scene.document.covered = True
    scene.beautify(Look(0.9))
    assert not scene.tasks.added.is_seen


def test_a_selection_means_the_face_that_it_covers(scene: Scene) -> None:
    scene.document.selected = Selected((100, 0, 60, 120))
    assert (scene.find().ticked, scene.photo.shown) == ({1}, 1)


def test_a_selection_away_from_the_faces_adds_no_layer(scene: Scene) -> None:
    scene.document.selected = Selected((0, 100, 200, 20))
    with pytest.raises(UsageError, match=sentences.SELECTION_AWAY):
        scene.beautify()
    assert scene.document.added == []


def test_a_selection_of_a_face_s_unchanged_part_adds_no_layer(scene: Scene) -> None:
    scene.document.selected = Selected((10, 40, 40, 20))  # below what the daemon changes
    with pytest.raises(UsageError, match=sentences.SELECTION_AWAY):
        scene.beautify()
    assert scene.document.added == []


def test_a_marked_face_is_shown_and_ticked_and_the_selection_is_taken_away(scene: Scene) -> None:
    scene.find()
    scene.photos.update("source", ticked=frozenset({1}))
    place = (60, 70, 30, 30)
    scene.document.selected = Selected(place)
    scene.run(scene.tasks.mark_face(scene.source, place, LOOK))
    assert [face.box for face in scene.photo.session.faces] == [LEFT, RIGHT, place]
    assert (scene.photo.ticked, scene.photo.shown, len(scene.photo.thumbnails)) == ({1, 2}, 2, 3)
    assert scene.document.selected is None


def test_a_face_that_is_found_together_with_the_marked_one_is_not_taken_for_it(scene: Scene) -> None:
    scene.find()
    scene.photos.update("source", ticked=frozenset({1}))
    place, late = (60, 70, 30, 30), (150, 80, 30, 30)
    for order in ((LEFT, RIGHT, late, place), (LEFT, RIGHT, place, late)):
        scene.photos.update("source", marked=())
        scene.daemon.faces = order  # as of a search in all pixels
        scene.photo.session.faces = scene.photo.session.faces[:2]
        scene.run(scene.tasks.mark_face(scene.source, place, LOOK))
        assert scene.photo.session.faces[scene.photo.shown].box == place
        assert scene.photo.shown in scene.photo.ticked
        assert scene.photo.marked == (place,)


def test_a_marked_face_stays_where_the_layer_is_painted_on(scene: Scene) -> None:
    place = (60, 70, 30, 30)
    scene.run(scene.tasks.mark_face(scene.source, place, LOOK))
    scene.paint()
    assert [face.box for face in scene.find().session.faces] == [LEFT, RIGHT, place]


def test_a_layer_without_a_face_can_be_marked(scene: Scene) -> None:
    scene.daemon.faces = ()
    with pytest.raises(NoFaceError) as caught:
        scene.find()
    assert caught.value.advice == sentences.MARK_ADVICE
    scene.run(scene.tasks.mark_face(scene.source, LEFT, LOOK))
    assert (scene.photo.ticked, scene.photo.shown, scene.photo.marked) == ({0}, 0, (LEFT,))


def test_a_face_that_is_known_is_shown_and_marked_no_second_time(scene: Scene) -> None:
    scene.find()
    scene.photos.update("source", ticked=frozenset())
    with pytest.raises(UsageError, match="among them already"):
        scene.run(scene.tasks.mark_face(scene.source, RIGHT, LOOK))
    assert (scene.photo.ticked, scene.photo.shown, scene.photo.marked) == ({1}, 1, ())


def test_a_marked_face_comes_back_with_the_record_of_a_result(scene: Scene) -> None:
    place = (60, 70, 30, 30)
    chosen = FaceSelection((place,), frozenset({0}), 0, others_ticked=False, marked=(place,))
    scene.find()  # without it
    scene.photos.select(scene.source, chosen)
    assert [face.box for face in scene.find().session.faces] == [LEFT, RIGHT, place]
    assert (scene.photo.ticked, scene.photo.shown) == ({2}, 2)


def test_a_result_that_is_being_added_is_known_to_be(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """From then on, "nothing was changed" would be false."""
    seen: list[bool] = []
    add = scene.document.addChildNode

    def note(node: Node, above: Node) -> None:
        seen.append(scene.tasks.is_adding)
        add(node, above)

    monkeypatch.setattr(scene.document, "addChildNode", note)
    scene.daemon.while_sending = lambda: seen.append(scene.tasks.is_adding)
    scene.beautify()
    assert [*seen, scene.tasks.is_adding] == [False, True, False]
    scene.daemon.faces = ()
    scene.paint()
    with pytest.raises(NoFaceError):
        scene.beautify()
    assert not scene.tasks.is_adding


@pytest.mark.parametrize("without_between", [True, False])
def test_values_of_one_picture_wait_for_it_also_where_there_is_none_between(
    scene: Scene, without_between: bool
) -> None:
    layer = scene.krita.followed.FollowedLayer(scene.photos)
    look, other = Look().with_values({"smile": 0.3, "teeth": 0.1}), replace(scene.source, key="other")
    assert layer.follow(scene.source, look) == Look().with_values({"teeth": 0.1})
    seen = layer.follow(scene.source, look)
    for source in (other, scene.source):
        if without_between:
            seen = layer.follow(None, seen)
        seen = layer.follow(source, seen)
        assert dict(seen.edits) == ({"teeth": 0.1} if source is other else {"teeth": 0.1, "smile": 0.3})
