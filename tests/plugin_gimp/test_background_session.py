"""The photo behind GIMP's dialog: which faces the dialog is told. GIMP and the client are stand-ins."""

import importlib
import sys
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from retouchml.errors import RetouchError, UsageError
from retouchml.results import Face
from tests.daemon.running import PLAIN
from tests.fake_client import FACE, FakeClient, FakePhoto

MODULE = "plugin_gimp.background_session"
PLACE = (1, 2, 3, 4)


class Told:
    """What the dialog was told, of a session whose thread does nothing: a test does the thread's work."""

    def __init__(self, module: Any, client: FakeClient) -> None:
        self.faces: list[tuple[Face, ...]] = []
        self.errors: list[RetouchError] = []
        events = module.Events(lambda *_: None, self.faces.append, lambda *_: None, self.errors.append)
        self.background = module.BackgroundSession(PLAIN, bytes(4), events)
        self.client, self.session = client, self.background._new_session(client)
        self.work()

    def work(self) -> None:
        """Start the newest request and answer it."""
        self.background._start_newest_request(self.session)
        for _ in range(4):
            self.client.process()


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    def at_once(call: Callable[[], bool]) -> None:
        call()

    repository = ModuleType("gi.repository")
    vars(repository).update(Gimp=SimpleNamespace(), GLib=SimpleNamespace(idle_add=at_once))
    monkeypatch.setitem(sys.modules, "gi", ModuleType("gi"))
    monkeypatch.setitem(sys.modules, "gi.repository", repository)
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    module = importlib.import_module(MODULE)
    monkeypatch.setattr(module.BackgroundSession, "_run", lambda _self: None)
    yield module
    sys.modules.pop(MODULE, None)


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
