"""The connection to the daemon on an event loop, with clients that need no daemon."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from plugin_krita.connection import Connection
from plugin_krita.view_state import OFF, READY, STARTING
from retouchml.errors import Cancelled, DaemonAbsent, RetouchError
from tests.fake_client import FakeClient


class Handle:
    def __init__(self) -> None:
        self.is_stopped = False

    def stop(self) -> None:
        self.is_stopped = True


class Loop:
    """An event loop whose timers and watches fire in every turn."""

    def __init__(self) -> None:
        self._calls: list[Callable[[], None]] = []
        self._repeated: list[tuple[Handle, Callable[[], None]]] = []

    def later(self, function: Callable[[], None]) -> None:
        self._calls.append(function)

    def after(self, _milliseconds: int, function: Callable[[], None]) -> Handle:
        self._calls.append(function)
        return Handle()

    def every(self, _milliseconds: int, function: Callable[[], None]) -> Handle:
        self._repeated.append((Handle(), function))
        return self._repeated[-1][0]

    def watch(self, _descriptor: int, function: Callable[[], None]) -> Handle:
        return self.every(0, function)

    @property
    def handles(self) -> int:
        return sum(not handle.is_stopped for handle, _ in self._repeated)

    def turn(self) -> None:
        calls, self._calls = self._calls, []
        for function in calls:
            function()
        for handle, function in list(self._repeated):
            if not handle.is_stopped:
                function()

    def run_until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + 120
        while not condition():
            assert time.monotonic() < end
            self.turn()
            time.sleep(0.001)


class LateClient(FakeClient):
    """Connects once a test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.is_asked, self.may_connect = threading.Event(), threading.Event()

    def connect(self) -> None:
        self.is_asked.set()
        assert self.may_connect.wait(120)
        super().connect()


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The machine that the settings name, the last of the list."""
    names = [""]
    monkeypatch.setattr("plugin_krita.connection.chosen_remote", lambda: names[-1])
    return names


class Editor:
    """A connection, its loop, and the clients that it makes."""

    def __init__(self, *errors: Exception | None) -> None:
        self.loop = Loop()
        self.clients: list[Any] = [FakeClient(error=error) for error in errors]
        self.starts: list[bool] = []
        self.changes = 0
        self.connection = Connection(self.loop, self._make, self._count)

    def _make(self, start: bool) -> Any:
        self.starts.append(start)
        return self.clients[len(self.starts) - 1]

    def _count(self) -> None:
        self.changes += 1


def test_all_that_wait_for_a_connection_get_the_same_one() -> None:
    editor = Editor(None)
    one, other = editor.connection.open(start=False), editor.connection.open(start=True)
    before = editor.connection.state
    editor.loop.run_until(lambda: one.done and other.done)
    assert (before, editor.starts) == (STARTING, [False])
    assert editor.connection.state == READY
    assert one.result() is other.result() is editor.clients[0]
    assert editor.connection.open(start=True).result() is editor.clients[0]


def test_a_failure_is_told_to_all_that_wait_and_the_next_try_may_succeed() -> None:
    error = DaemonAbsent("There is none.")
    editor = Editor(error, None)
    both = editor.connection.open(start=True), editor.connection.open(start=True)
    editor.loop.run_until(lambda: both[1].done)
    assert [each.error for each in both] == [error, error]
    assert editor.connection.state == OFF
    again = editor.connection.open(start=True)
    editor.loop.run_until(lambda: again.done)
    assert again.result() is editor.clients[1]


def test_a_lost_connection_is_noticed_and_watched_no_more() -> None:
    editor = Editor(None)
    connecting = editor.connection.open(start=True)
    editor.loop.run_until(lambda: connecting.done)
    assert editor.loop.handles == 2
    editor.clients[0].is_connected = False
    editor.loop.turn()
    assert editor.connection.state == OFF
    assert editor.loop.handles == 0


def test_a_session_gets_a_new_client_in_place_of_a_lost_one() -> None:
    editor = Editor(None, None)
    connecting = editor.connection.open(start=True)
    editor.loop.run_until(lambda: connecting.done)
    editor.clients[0].is_connected = False
    outcome: list[Any] = []
    editor.connection.reconnect(outcome.append)
    editor.loop.run_until(lambda: bool(outcome))
    assert outcome == [editor.clients[1]]
    assert editor.starts == [True, True]


def test_a_session_gets_an_error_that_it_understands() -> None:
    error = DaemonAbsent("There is none.")
    editor = Editor(error, ImportError("zmq"))
    outcome: list[Any] = []
    for _ in range(2):
        count = len(outcome)
        editor.connection.reconnect(outcome.append)
        editor.loop.run_until(lambda count=count: len(outcome) > count)  # type: ignore[misc]
    assert outcome[0] is error
    assert isinstance(outcome[1], RetouchError)
    assert "zmq" in outcome[1].message


def test_a_closed_connection_forgets_the_attempt_under_way() -> None:
    editor = Editor(None, None)
    late = editor.clients[0] = LateClient()
    outcome: list[Any] = []
    waiting = editor.connection.open(start=True)
    editor.connection.reconnect(outcome.append)
    assert late.is_asked.wait(120)
    editor.connection.close()
    assert editor.connection.state == OFF
    assert waiting.done
    assert [type(each) for each in (waiting.error, *outcome)] == [Cancelled, Cancelled]
    again = editor.connection.open(start=True)
    late.may_connect.set()
    editor.loop.run_until(lambda: again.done and late.connections == 1 and not late.is_connected)
    assert again.result() is editor.connection.client is editor.clients[1]
    assert editor.clients[1].is_connected
    assert editor.loop.handles == 2


def test_a_client_that_arrives_after_the_close_is_closed() -> None:
    editor = Editor(None)
    editor.connection.open(start=True)
    editor.connection.close()
    editor.loop.run_until(lambda: editor.loop.handles == 0)
    assert editor.clients[0].connections == 1
    assert not editor.clients[0].is_connected
    assert (editor.connection.state, editor.connection.client) == (OFF, None)


def test_another_machine_is_tried_once_without_being_asked_for(chosen: list[str]) -> None:
    chosen.append("studio")
    editor = Editor(DaemonAbsent("Nobody answers."))
    assert editor.connection.remote == "studio"
    for _ in range(2):
        editor.connection.look_for_daemon(here=True)
        editor.loop.run_until(lambda: editor.connection.state == OFF)
    assert editor.starts == [False]
    assert editor.connection.remote == "studio"


def test_the_machine_that_the_settings_name_now_takes_the_other_one_s_place(chosen: list[str]) -> None:
    editor = Editor(None, None)
    editor.clients[1].remote = "studio"
    here = editor.connection.start()
    editor.loop.run_until(lambda: here.done)
    assert (editor.connection.remote, editor.connection.instead) == ("", "")
    chosen.append("studio")
    editor.connection.change_machine()
    assert (editor.connection.state, editor.connection.remote) == (OFF, "studio")
    editor.connection.look_for_daemon(here=False)
    editor.loop.run_until(lambda: editor.connection.state == READY)
    assert editor.connection.client is editor.clients[1]
    assert editor.starts == [True, False]


def test_nothing_is_connected_to_on_this_machine_where_no_daemon_listens() -> None:
    editor = Editor()
    editor.connection.look_for_daemon(here=True)
    assert (editor.connection.state, editor.starts) == (OFF, [])


def test_it_says_why_this_machine_works_in_place_of_the_chosen_one(chosen: list[str]) -> None:
    chosen.append("studio")
    editor = Editor(None)
    editor.clients[0].fallback_reason = DaemonAbsent("Nobody answers.")
    connecting = editor.connection.start()
    editor.loop.run_until(lambda: connecting.done)
    assert editor.connection.instead == "Nobody answers. This machine does the work meanwhile."
