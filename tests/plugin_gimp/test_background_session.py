"""The photo behind GIMP's dialog: which faces the dialog is told. GIMP and the client are stand-ins."""

import importlib
import sys
import threading
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from retouchml.client.answers import Rendered
from retouchml.client.machines_page import Said
from retouchml.errors import RetouchError, UsageError
from retouchml.look import Look
from retouchml.results import Box, Face, FaceReport
from tests.daemon.running import PLAIN
from tests.fake_client import FACE, FakeClient, FakePhoto

MODULES = "plugin_gimp.background_session", "plugin_gimp.editor"
PLACE, OTHER = (1, 2, 3, 4), (9, 9, 3, 4)


class Told:
    """What the dialog was told, of a session whose thread does nothing: a test does the thread's work."""

    def __init__(self, module: Any, client: FakeClient) -> None:
        self.faces: list[tuple[Face, ...]] = []
        self.marks: list[tuple[Box, ...]] = []  # that each of them answers
        self.errors: list[RetouchError] = []
        self.machines: list[Said] = []
        self.reports: list[tuple[FaceReport, ...]] = []
        nothing = lambda *_: None  # noqa: E731
        patches = lambda _looks, _is_full, _patches, reports: self.reports.append(reports)  # noqa: E731
        events = module.Events(nothing, self._tell, patches, self.errors.append, self.machines.append)
        self.background = module.BackgroundSession(PLAIN, events)
        self.client, self.session = client, self.background._new_session(client)
        self.work()

    def _tell(self, faces: tuple[Face, ...], marks: tuple[Box, ...]) -> None:
        self.faces.append(faces)
        self.marks.append(marks)

    def work(self) -> None:
        """Start the newest request and answer it."""
        self.background._start_newest_request(self.session)
        for _ in range(4):
            self.client.process()


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    def at_once(call: Callable[..., bool], *arguments: Any, priority: int = 0) -> int:
        while call(*arguments):
            pass
        return 0

    repository = ModuleType("gi.repository")
    glib = SimpleNamespace(
        idle_add=at_once, timeout_add=lambda _ms, *called: at_once(*called), PRIORITY_HIGH_IDLE=100
    )
    gimp = SimpleNamespace(version=lambda: f"3.0 asked by {threading.current_thread().name}")
    vars(repository).update(Gimp=gimp, GLib=glib)
    monkeypatch.setitem(sys.modules, "gi", ModuleType("gi"))
    monkeypatch.setitem(sys.modules, "gi.repository", repository)
    for name in MODULES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    module = importlib.import_module(MODULES[0])
    monkeypatch.setattr(module.BackgroundSession, "_run", lambda _self: None)
    yield module
    for name in MODULES:
        sys.modules.pop(name, None)


def test_after_a_mark_that_failed_a_photo_that_is_opened_again_tells_no_faces(module: Any) -> None:
    told = Told(module, FakeClient("photo", UsageError("no room"), "photo"))
    assert told.faces == [(FACE,)]
    told.background.mark(PLACE)
    told.work()
    assert [error.message for error in told.errors] == ["no room"]
    told.background.open()
    told.work()
    assert told.client.calls[-1].details["at"] == ()
    assert told.faces == [(FACE,)], "the dialog knows them, and would take them for a mark's answer"


def test_a_mark_is_answered_also_if_its_face_is_known(module: Any) -> None:
    told = Told(module, FakeClient("photo", "photo"))
    told.background.mark(PLACE)
    told.work()
    assert told.faces == [(FACE,), (FACE,)]
    assert told.marks == [(), (PLACE,)]


def test_faces_that_are_known_again_are_no_answer_to_a_mark(module: Any) -> None:
    """The dialog may hear of them only after its user has marked a face."""
    client = FakeClient("photo")
    told = Told(module, client)
    client.is_connected = False
    client.script += [FakePhoto(client, (FACE, FACE)), FakePhoto(client, (FACE, FACE, FACE))]
    told.background.open()
    told.work()
    told.background.mark(PLACE)
    told.background.mark(OTHER)
    told.background._start_newest_request(told.session)  # which has no answer when the next one comes
    told.work()
    assert [len(faces) for faces in told.faces] == [1, 2, 3]
    assert told.marks == [(), (), (PLACE, OTHER)]


def test_a_marked_face_is_told_if_it_is_found_after_an_error_only(module: Any) -> None:
    client = FakeClient("photo", RetouchError("too busy"))
    told = Told(module, client)
    told.background.mark(PLACE)
    told.work()
    assert len(told.errors) == 1
    client.script.append(FakePhoto(client, (FACE, FACE)))
    told.background.open()
    told.work()
    assert client.calls[-1].details["at"] == (PLACE,)
    assert told.faces == [(FACE,), (FACE, FACE)]
    assert told.marks == [(), (PLACE,)]


def test_after_a_move_the_photo_is_opened_at_the_other_machine_with_its_marks(
    module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Told(module, FakeClient("photo", "photo"))
    told.background.mark(PLACE)
    told.work()
    other = FakeClient("photo", Rendered(()))
    other.remote = "studio"
    monkeypatch.setattr(told.background, "_new_client", lambda: other)
    told.background.render({0: Look(0.1)}, 0)  # for the old machine, and so dropped
    told.background.move()
    told.background.render({0: Look(0.5)}, 0)
    before = told.client
    told.client = other
    told.work()
    assert before.kinds == ["open", "open"]
    assert before.photos[-1].closed
    assert not before.is_connected
    assert other.kinds == ["open", "render"]
    assert other.calls[0].details["at"] == (PLACE,)
    assert other.calls[1].details["looks"] == {0: Look(0.5)}
    assert told.faces == [(FACE,), (FACE,)], "the dialog knows them"
    assert told.machines[-1].sentence == "studio does the work."


def test_gimp_is_asked_in_the_main_thread_alone(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []
    monkeypatch.setattr(module.machines_page, "new_client", names.append)
    told = Told(module, FakeClient("photo"))
    thread = threading.Thread(target=told.background._new_client, name="retouchml-session")
    thread.start()
    thread.join()
    assert names == [f"GIMP 3.0 asked by {threading.main_thread().name}"]


def test_what_a_retouch_does_is_measured_for_who_asks(module: Any) -> None:
    report = FaceReport(0, (0, 0, 1, 1), 3.0, 3.25, 0.125, (0, 0, 1, 1), 0.25)
    told = Told(module, FakeClient("photo", Rendered((), (report,)), Rendered(())))
    for wanted in (True, False):
        told.background.render({0: Look(0.5)}, 0, reports=wanted)
        told.work()
    assert [call.details["report"] for call in told.client.calls[1:]] == [True, False]
    assert told.reports == [(report,), ()]


def test_the_layer_is_read_in_parts_before_the_photo_is_opened(module: Any) -> None:
    told = Told(module, FakeClient("photo"))
    background, rows = told.background, PLAIN.row_bytes
    parts = [(0, b"a" * (2 * rows)), (2 * rows, b"b" * (PLAIN.size - 2 * rows))]
    background.start(iter(parts))
    assert background._has_pixels.is_set()
    assert bytes(background._pixels) == b"".join(pixels for _, pixels in parts)


def test_a_layer_that_cannot_be_read_is_said_and_no_photo_is_opened(module: Any) -> None:
    def parts() -> Iterator[tuple[int, bytes]]:
        yield 0, b"a"
        raise MemoryError

    told = Told(module, FakeClient("photo"))
    told.background.start(parts())
    assert len(told.errors) == 1
    assert not told.background._has_pixels.is_set()


def test_a_dialog_that_is_closed_starts_no_daemon_that_has_ended(module: Any) -> None:
    client = FakeClient("photo")
    told = Told(module, client)
    client.is_connected = False
    told.background.close()
    told.work()
    assert client.kinds == ["open"]
    assert not client.is_connected
