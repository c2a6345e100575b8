"""Which process of a cluster gets which picture, and when a second one."""

import threading
import time
from concurrent.futures import Future
from pathlib import Path

import pytest

from retouchml.cli.batch.cluster_tasks import Task, Tasks
from retouchml.cli.batch.ride import Ride
from retouchml.cli.output_files import OutputFiles
from retouchml.errors import Cancelled

PATIENCE = 60.0


def add(tasks: Tasks, count: int, *, read: bool = True) -> "list[Ride]":
    rides = [Ride() for _ in range(count)]
    for number, ride in enumerate(rides):
        content: Future[bytes] = Future()
        if read:
            content.set_result(b"")
        path = Path(f"{number}.png")
        tasks.add(OutputFiles(path, path), content, ride)
    return rides


def first(tasks: Tasks) -> Task:
    task = tasks.first()
    assert task is not None
    return task


def test_a_process_has_two_pictures_at_most_and_in_order() -> None:
    tasks = Tasks()
    add(tasks, 3)
    held = [first(tasks)]
    second = tasks.further(held)
    assert second is not None
    assert [held[0].number, second.number] == [0, 1]
    assert tasks.further([*held, second]) is None


def test_a_process_that_has_none_comes_before_the_second_of_another() -> None:
    tasks = Tasks()
    add(tasks, 1)
    held = [first(tasks)]
    got: list[Task] = []
    idle = threading.Thread(target=lambda: got.append(first(tasks)))
    idle.start()
    end = time.monotonic() + PATIENCE
    while not tasks._idle and time.monotonic() < end:
        time.sleep(0.001)
    assert tasks._idle
    with tasks._changed:  # the idle one cannot wake up before the busy one asks
        add(tasks, 1)
        assert tasks.further(held) is None
    idle.join(PATIENCE)
    assert len(got) == 1


def test_a_second_picture_is_not_waited_for() -> None:
    tasks = Tasks()
    add(tasks, 1)
    held = [first(tasks)]
    assert tasks.further(held) is None
    add(tasks, 1, read=False)
    assert tasks.further(held) is None


def test_a_picture_that_lost_a_process_shares_none() -> None:
    tasks = Tasks()
    add(tasks, 3)
    lost, held = first(tasks), first(tasks)
    lost.losses = 1
    tasks.again(lost)
    assert tasks.further([held]) is None  # it is the next one, and waits for a process of its own
    assert first(tasks) is lost
    assert tasks.further([lost]) is None
    assert tasks.further([held]) is not None


def test_what_waits_is_cancelled_when_all_ends() -> None:
    tasks = Tasks()
    rides = add(tasks, 2)
    lost = first(tasks)
    tasks.close()
    tasks.again(lost)
    assert tasks.first() is None
    for ride in rides:
        with pytest.raises(Cancelled):
            ride.done.result(0)


def test_the_next_one_can_be_refused() -> None:
    tasks = Tasks()
    tasks.refuse(ValueError())  # none waits
    rides = add(tasks, 2)
    tasks.refuse(ValueError())
    assert isinstance(rides[0].done.exception(0), ValueError)
    assert not rides[1].done.done()
