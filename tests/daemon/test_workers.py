"""Several workers and their photos, how long a worker stays, and what it does without memory."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from retouchml.errors import DeviceError, UsageError
from retouchml.look import Look
from tests.daemon.running import PATIENCE, PLAIN, Daemon, is_alive, kill, picture, until

Start = Callable[..., Daemon]
LOOKS = {0: Look(0.5)}
SLOW = {0: Look(0.5, edits={"slow": 1.0})}


def workers(daemon: Daemon, field: str) -> list[Any]:
    return [getattr(worker, field) for worker in daemon.status().workers]


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
    calls = [daemon.photo().render(SLOW) for _ in range(2)]
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


# ---- how long it stays


def test_where_that_is_wished_a_worker_never_leaves(start: Start) -> None:
    daemon = start("--keep-alive", -1)
    daemon.photo()
    worker = daemon.worker()
    time.sleep(1.5)  # of any other keep_alive that the tests use, it would be gone
    assert daemon.worker() == worker
    assert is_alive(worker)
    assert daemon.status().keep_alive < 0


def test_every_worker_leaves_after_its_own_idle_time(start: Start) -> None:
    daemon = start("--device", "one,two", "--keep-alive", 0.02)
    photos = [daemon.photo() for _ in range(2)]
    photos[1].render(SLOW)
    assert until(lambda: workers(daemon, "state") == ["absent", "busy"])
    assert until(lambda: workers(daemon, "state") == ["absent", "absent"])
    assert photos[0].render(LOOKS).result(PATIENCE).patches


@pytest.mark.parametrize("minutes", ["nan", "inf"])
@pytest.mark.parametrize("option", ["--keep-alive", "--idle-exit"])
def test_minutes_that_are_no_number_are_refused(option: str, minutes: str) -> None:
    import argparse

    from daemon import options

    parser = argparse.ArgumentParser()
    options.add_arguments(parser)
    with pytest.raises(UsageError, match=option):
        options.from_arguments(parser.parse_args([option, minutes]))


# ---- out of memory


def test_out_of_memory_what_was_prepared_for_others_goes_first(daemon: Daemon) -> None:
    client = daemon.client()
    mine = daemon.photo(client=client)
    other = client.open(PLAIN, picture().tobytes(), model="another").result(PATIENCE)
    for photo in (mine, other):
        photo.prepare().result(PATIENCE)
    assert workers(daemon, "models") == [("ffhq-mobile", "another")]
    rendered = mine.render({0: Look(0.5, edits={"crowded": 1})}).result(PATIENCE)
    assert len(rendered.patches) == 1
    assert (rendered.seconds["on_cpu"], rendered.seconds["prepared"]) == (0, 1)
    assert workers(daemon, "models") == [("ffhq-mobile",)]
    assert other.render(LOOKS).result(PATIENCE).seconds["on_cpu"] == 0


def test_out_of_memory_on_the_device_the_work_goes_on_on_the_cpu_and_others_stay(daemon: Daemon) -> None:
    client = daemon.client()
    mine, other = (daemon.photo(client=client) for _ in range(2))
    rendered = mine.render({0: Look(0.5, edits={"memory": 1})}).result(PATIENCE)
    assert (len(rendered.patches), rendered.seconds["on_cpu"]) == (1, 1)
    assert other.render(LOOKS).result(PATIENCE).seconds["on_cpu"] == 0


def test_out_of_all_memory_that_is_said_and_the_next_request_works(daemon: Daemon) -> None:
    photo = daemon.photo()
    with pytest.raises(DeviceError, match="Neither the accelerator nor the machine has enough memory"):
        photo.render({0: Look(0.5, edits={"huge": 1})}).result(PATIENCE)
    assert photo.render(LOOKS).result(PATIENCE).patches
    assert workers(daemon, "restarts") == [0]
