"""Workers: how jobs and photos are shared out, how long a worker stays, and what happens when one is lost."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from retouchml.errors import Busy, WorkerLost
from retouchml.look import Look
from tests.daemon.running import PATIENCE, PLAIN, Daemon, is_alive, kill, picture, until, until_heard
from tests.waiting import held, open_gate

LOOK = Look(0.5)
Start = Callable[..., Daemon]
LOOKS = {0: Look(0.5)}
HELD, HELD_LONGER = ({0: Look(0.5, edits={"held": gate})} for gate in (0.1, 0.2))


def workers(daemon: Daemon, field: str) -> list[Any]:
    return [getattr(worker, field) for worker in daemon.status().workers]


def is_busy(daemon: Daemon) -> bool:
    return bool(daemon.status().workers[0].state == "busy")


def test_two_editors_are_served_in_turn(daemon: Daemon) -> None:
    greedy, modest = daemon.client(), daemon.client()
    photos = [daemon.photo(client=greedy) for _ in range(4)]
    other = daemon.photo(client=modest)
    done: list[str] = []
    for photo, looks in zip(photos, (HELD, *3 * [HELD_LONGER]), strict=True):
        photo.render(looks).on_done = lambda call: done.append("greedy")
    assert until(lambda: is_busy(daemon) and daemon.status().queue == 3)
    call = other.render({0: LOOK})
    assert until(lambda: daemon.status().queue == 4)
    open_gate()
    assert call.result(PATIENCE).patches  # while what is left of the other's work waits
    assert until_heard(greedy, lambda: bool(done))
    assert done == ["greedy"]
    open_gate(2)


def test_photos_are_shared_out_and_each_stays_with_its_worker(start: Start) -> None:
    daemon = start("--device", "one,two")
    client = daemon.client()
    photos = [daemon.photo(client=client) for _ in range(4)]
    assert [photo.device for photo in photos] == ["one", "two", "one", "two"]
    for _ in range(3):
        for photo in photos:
            assert photo.render(LOOKS).result(PATIENCE).seconds["prepared"] == 1
    assert workers(daemon, "photos") == [2, 2]
    photos[0].close()
    assert daemon.photo(client=client).device == "one"


def test_a_photo_for_a_device_goes_to_its_worker(start: Start) -> None:
    daemon = start("--device", "one,two")
    for _ in range(3):
        photo = daemon.client().open(PLAIN, picture().tobytes(), device="two").result(PATIENCE)
        assert photo.device == "two"
    assert workers(daemon, "state") == ["absent", "idle"]


def test_workers_work_at_the_same_time(start: Start) -> None:
    daemon = start("--device", "one,two")
    calls = [daemon.photo().render(HELD) for _ in range(2)]
    assert until(lambda: workers(daemon, "state") == ["busy", "busy"])
    for call in calls:
        call.cancel()
    assert until(lambda: workers(daemon, "state") == ["idle", "idle"])


def test_a_worker_that_is_killed_costs_the_others_nothing(start: Start) -> None:
    daemon = start("--device", "one,two")
    mine, other = daemon.photo(), daemon.photo()
    first, second = workers(daemon, "pid")
    kill(first)
    for photo in (mine, other):
        assert photo.render(LOOKS).result(PATIENCE).patches
    assert workers(daemon, "restarts") == [1, 0]
    assert workers(daemon, "pid")[1] == second
    assert workers(daemon, "photos") == [1, 1]


def test_where_several_gpus_turn_out_to_be_there_each_gets_a_worker(start: Start) -> None:
    daemon = start(STAND_IN_GPUS="3")
    first = daemon.photo()
    assert workers(daemon, "device") == ["cuda:0", "cuda:1", "cuda:2"]
    assert [daemon.photo().device for _ in range(2)] == ["cuda:1", "cuda:2"]
    assert first.render(LOOKS).result(PATIENCE).patches
    assert workers(daemon, "photos") == [1, 1, 1]
    assert workers(daemon, "device_memory") == [3003] * 3


def test_with_a_negative_keep_alive_a_worker_never_ends(start: Start) -> None:
    daemon = start("--keep-alive", -1)
    daemon.photo()
    worker = daemon.worker()
    time.sleep(1.5)  # with any other keep_alive of the tests it would have ended
    assert daemon.worker() == worker
    assert is_alive(worker)
    assert daemon.status().keep_alive < 0


def test_every_worker_ends_after_its_own_idle_time(start: Start) -> None:
    daemon = start("--device", "one,two", "--keep-alive", 0.02)
    photos = [daemon.photo() for _ in range(2)]
    photos[1].render(HELD)
    assert until(lambda: workers(daemon, "state") == ["absent", "busy"])
    open_gate()
    assert until(lambda: workers(daemon, "state") == ["absent", "absent"])
    assert photos[0].render(LOOKS).result(PATIENCE).patches


def test_a_job_whose_worker_is_killed_is_done_again(daemon: Daemon) -> None:
    photo = daemon.photo()
    call = photo.render(HELD)
    assert until(lambda: held() == 1)
    kill(daemon.worker())
    open_gate()
    assert len(call.result(PATIENCE).patches) == 1
    status = daemon.status()
    assert (status.pid, status.workers[0].restarts) == (daemon.process.pid, 1)


def test_a_worker_that_kills_itself_once_is_replaced(daemon: Daemon) -> None:
    rendered = daemon.photo().render({0: Look(0.5, edits={"die_once": 1})}).result(PATIENCE)
    assert len(rendered.patches) == 1


def test_a_job_that_kills_every_worker_fails_and_the_next_one_works(daemon: Daemon) -> None:
    photo = daemon.photo()
    with pytest.raises(WorkerLost):
        photo.render({0: Look(0.5, edits={"die": 1})}).result(PATIENCE)
    assert photo.render({0: LOOK}).result(PATIENCE).patches
    assert daemon.status().pid == daemon.process.pid


def test_an_idle_worker_that_is_killed_is_missed_by_nobody(daemon: Daemon) -> None:
    photo = daemon.photo()
    kill(daemon.worker())
    assert photo.render({0: LOOK}).result(PATIENCE).patches


def test_a_worker_is_unloaded_at_once_with_a_keep_alive_of_0(start: Start) -> None:
    daemon = start("--keep-alive", 0)
    photo = daemon.photo()
    assert until(lambda: daemon.status().workers[0].state == "absent")
    assert photo.render({0: LOOK}).result(PATIENCE).patches


def test_a_worker_is_unloaded_after_a_while_and_comes_back(start: Start) -> None:
    daemon = start("--keep-alive", 0.01)
    photo = daemon.photo()
    call = photo.render(HELD)
    assert until(lambda: held() == 1)
    worker = daemon.worker()
    open_gate()
    call.result(PATIENCE)
    assert until(lambda: not is_alive(worker))
    assert photo.render({0: LOOK}).result(PATIENCE).patches


@pytest.mark.parametrize("limit", ["queue=2", "queue_of_client=2"])
def test_a_full_queue_says_busy_and_forgets_nothing(start: Start, limit: str) -> None:
    daemon = start("--limits", limit)
    client = daemon.client()
    photos = [daemon.photo(client=client) for _ in range(4)]
    calls = [photo.render(HELD) for photo in photos]

    assert until_heard(client, lambda: any(call.done for call in calls))
    open_gate()
    assert until_heard(client, lambda: all(call.done for call in calls))
    errors = [type(call.error) for call in calls if call.error]
    assert set(errors) == {Busy}
    assert len(errors) < len(calls)
