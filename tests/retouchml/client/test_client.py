"""The client as an editor uses it: its descriptor in an event loop, callbacks, the end of connections."""

import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from retouchml import paths
from retouchml.client import discovery, protocol
from retouchml.client.answers import Rendered
from retouchml.client.call import Call
from retouchml.client.client import Client
from retouchml.client.pixel_format import PixelFormat
from retouchml.client.status import Status
from retouchml.errors import DaemonAbsent, DaemonLost
from retouchml.look import Look
from tests.daemon.running import (
    PATIENCE,
    PLAIN,
    Daemon,
    environment,
    holds_lock,
    pause,
    picture,
    rendered_in_a_loop,
    resume,
    until,
)
from tests.waiting import held

HELD_LOOKS = {0: Look(0.5, edits={"held": 0.1})}

Start = Callable[..., Daemon]


def test_an_event_loop_hears_of_everything_by_the_descriptor(daemon: Daemon) -> None:
    heard = rendered_in_a_loop(daemon.client())
    assert heard[0] == "RemotePhoto"
    assert "invert" in heard
    assert heard[-2:] == ["preview", "Rendered"]


def test_requests_of_two_photos_are_answered_by_callbacks_alone(daemon: Daemon) -> None:
    client = daemon.client()
    done: list[int] = []
    for index in range(2):
        photo = daemon.photo(client=client)
        photo.render({0: Look(0.5)}).on_done = lambda _, index=index: done.append(index)  # type: ignore[misc]
    client.process()
    while len(done) < 2:
        assert select.select([client.fileno()], [], [], PATIENCE)[0]
        client.process()
    assert sorted(done) == [0, 1]


def test_a_loop_that_looks_now_and_then_hears_that_the_daemon_died_and_finds_the_next(start: Start) -> None:
    first = start()
    client = first.client()
    assert client.fileno() == -1
    ends: list[Call[Rendered]] = []
    call = first.photo(client=client).render(HELD_LOOKS)
    call.on_done = ends.append
    first.kill()

    def has_ended() -> bool:
        select.select([client.fileno()], [], [], 0.1)
        client.process()
        return bool(ends)

    assert until(has_ended)
    assert isinstance(ends[0].error, DaemonLost)
    assert client.fileno() == -1
    start()
    assert rendered_in_a_loop(client)[-1] == "Rendered"


def test_a_request_that_begins_when_another_is_lost_is_answered(start: Start) -> None:
    first = start()
    client = first.client()
    begun: list[Call[Status]] = []

    def begin(_: object) -> None:
        start()
        begun.append(client.status())

    first.photo(client=client).render(HELD_LOOKS).on_done = begin
    first.kill()

    def has_begun() -> bool:
        select.select([client.fileno()], [], [], 0.1)
        client.process()
        return bool(begun)

    assert until(has_begun)
    assert begun[0].result(PATIENCE).pid != first.process.pid


def test_an_error_in_a_callback_is_the_callers_own_and_costs_no_other_answer(daemon: Daemon) -> None:
    client = daemon.client()
    photo = daemon.photo(client=client)
    first, second = photo.prepare(), photo.render({0: Look(0.5)})

    def trip(_: object) -> None:
        raise ZeroDivisionError

    first.on_done = trip
    raised = 0
    while not second.done:
        try:
            client.process(PATIENCE)
        except ZeroDivisionError:
            raised += 1
    assert raised == 1
    assert len(second.result().patches) == 1


def test_progress_comes_at_most_ten_times_a_second(daemon: Daemon) -> None:
    import time

    photo = daemon.photo(faces=5, tenths=1)
    told: list[float] = []
    begun = time.monotonic()
    call = photo.prepare()
    call.on_progress = lambda stage, fraction, _: told.append(fraction)
    call.result(PATIENCE)
    assert 1 <= len(told) <= 1 + 10 * (time.monotonic() - begun)


_LEAVING = """
from retouchml.client.client import Client
from retouchml.client.pixel_format import PixelFormat
from tests.daemon.running import pause
import sys
client = Client()
client.connect()
pause(int(sys.argv[1]))
client.open(PixelFormat(4000, 3000), bytes(4000 * 3000 * 4))
if sys.argv[2] == "close":
    client.close()
print("leaves", flush=True)
"""


def test_a_client_with_an_unsent_upload_to_a_stuck_daemon_can_leave(daemon: Daemon) -> None:
    for way in ("close", "forget"):
        try:
            ran = subprocess.run(
                [sys.executable, "-c", _LEAVING, str(daemon.process.pid), way],
                env=environment(),
                stdout=subprocess.PIPE,
                text=True,
                timeout=PATIENCE,
                check=True,
            )
        finally:
            resume(daemon.process.pid)
        assert ran.stdout == "leaves\n"
    with Client() as client:
        assert client.open(PLAIN, picture().tobytes()).result(PATIENCE).faces


def test_a_client_hears_at_once_that_its_daemon_was_killed(daemon: Daemon) -> None:
    call = daemon.photo().render(HELD_LOOKS)
    assert until(lambda: held() == 1)
    daemon.kill()
    with pytest.raises(DaemonLost):
        call.result(PATIENCE)


def test_a_daemon_that_fell_silent_is_given_up_but_a_large_upload_has_its_time(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "SILENCE_SECONDS", 3.0)
    silent = "does not answer" if paths.IPC else "does not answer|was lost"  # TCP has heartbeats
    small, large = daemon.client(), daemon.client()
    for client in (small, large):
        client.connect()
    pause(daemon.process.pid)
    try:
        with pytest.raises(DaemonLost, match=silent):
            small.open(PLAIN, picture().tobytes()).result(PATIENCE)
        begun = time.monotonic()
        call = large.open(PixelFormat(2500, 1000), bytes(10_000_000))
        with pytest.raises(DaemonLost, match=silent):
            call.result(PATIENCE)
        assert time.monotonic() - begun > 4.5
    finally:
        resume(daemon.process.pid)


def test_a_daemon_that_has_its_lock_and_does_not_listen_is_not_said_to_be_absent(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "_LISTEN_SECONDS", 0.5)
    with holds_lock() as pid, Client() as client:
        with pytest.raises(DaemonLost, match=rf"runs \(process {pid}\), but it does not answer") as caught:
            client.status()
        assert "started just now" in caught.value.advice
        assert "`retouchml daemon restart`" in caught.value.advice


def test_a_daemon_that_is_about_to_listen_is_waited_for(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([False, False, False])
    listens = discovery.listens
    monkeypatch.setattr(discovery, "listens", lambda path: next(answers, True) and listens(path))
    assert daemon.status().pid == daemon.process.pid


def test_without_a_daemon_that_is_said(home: Path) -> None:
    with Client() as client, pytest.raises(DaemonAbsent, match="No daemon runs"):
        client.status()
