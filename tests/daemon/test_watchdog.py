"""Workers that hang: noticed within the limits, replaced, and their jobs done again or failed."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.activity import Activity
from daemon.options import DaemonOptions
from daemon.watchdog import Watchdog
from retouchml.errors import Cancelled, WorkerLost
from retouchml.look import Look
from tests.daemon.running import PATIENCE, Daemon, is_alive, needs_posix, pause, until

Start = Callable[..., Daemon]
LOOKS = {0: Look(0.5)}
HELD = {0: Look(0.5, edits={"held": 0.1})}
SILENCE = ("--limits", "silence_seconds=4")
_NEVER = 10**6


class Process:
    """A process that says what it has done."""

    def __init__(self) -> None:
        self.done = Activity()

    def activity(self, _pid: int) -> Activity:
        return self.done


def watchdog(process: Process, **limits: int) -> Watchdog:
    names = ("start_seconds", "silence_seconds", "stall_seconds", "cancel_seconds", "job_seconds")
    return Watchdog(DaemonOptions(**{**dict.fromkeys(names, _NEVER), **limits}), 1, 0.0, process.activity)


def first_verdict(watched: Watchdog, until_second: int, each: Callable[[float], None]) -> tuple[int, str]:
    """The second in which the watchdog gives its verdict, and the verdict."""
    for second in range(1, until_second):
        each(float(second))
        if reason := watched.verdict(float(second)):
            return second, reason
    return until_second, ""


@needs_posix
def test_a_job_whose_worker_is_stopped_is_done_by_another(start: Start) -> None:
    daemon = start(*SILENCE)
    photo = daemon.photo()
    first = daemon.worker()
    pause(first)
    assert photo.render(LOOKS).result().patches  # without a time-out
    assert daemon.worker() != first
    assert until(lambda: not is_alive(first))
    assert daemon.status().workers[0].restarts == 1


@needs_posix
def test_a_job_that_stops_every_worker_fails_and_the_daemon_goes_on(start: Start) -> None:
    daemon = start(*SILENCE)
    photo = daemon.photo()
    call = photo.render(HELD)
    stopped: set[int] = set()
    while len(stopped) < 2:
        assert until(lambda: is_busy_again(daemon, stopped))
        stopped.add(daemon.worker())
        pause(daemon.worker())
    with pytest.raises(WorkerLost, match="stopped answering, twice"):
        call.result(PATIENCE)
    assert photo.render(LOOKS).result(PATIENCE).patches


def is_busy_again(daemon: Daemon, earlier: set[int]) -> bool:
    worker = daemon.status().workers[0]
    return worker.state == "busy" and worker.pid not in earlier


@needs_posix
def test_other_workers_go_on_while_one_is_stopped(start: Start) -> None:
    daemon = start("--device", "one,two", "--limits", "silence_seconds=600")
    stopped, other = daemon.photo(), daemon.photo()
    pid = daemon.status().workers[0].pid or 0
    pause(pid)
    stopped.render(LOOKS)
    assert other.render(LOOKS).result(PATIENCE).patches
    assert until(lambda: daemon.status().workers[0].state == "silent")
    assert daemon.status().workers[0].pid == pid


@needs_posix
def test_a_worker_that_is_stopped_while_it_starts_is_replaced(start: Start, tmp_path: Path) -> None:
    stopped = tmp_path / "stopped"
    (tmp_path / "sitecustomize.py").write_text(
        "import os, pathlib, signal, sys\n"
        f"stopped = pathlib.Path({str(stopped)!r})\n"
        "if 'daemon.worker' in ' '.join(sys.orig_argv) and not stopped.exists():\n"
        "    stopped.touch()\n"
        "    os.kill(os.getpid(), signal.SIGSTOP)\n"
    )
    daemon = start("--limits", "start_seconds=4", PYTHONPATH=str(tmp_path))
    call = daemon.client().edits()
    first = daemon.worker()
    assert daemon.status().workers[0].state == "starting"
    assert call.result(PATIENCE).edits
    assert stopped.exists()
    assert until(lambda: not is_alive(first))


def test_a_job_that_waits_for_ever_is_ended_though_its_worker_is_heard(start: Start) -> None:
    daemon = start("--limits", "stall_seconds=4,silence_seconds=600")
    photo = daemon.photo()
    with pytest.raises(WorkerLost, match="waits for something that never comes, twice"):
        photo.render({0: Look(0.5, edits={"deaf": 1.0})}).result(PATIENCE)
    assert photo.render(LOOKS).result(PATIENCE).patches


def test_a_cancelled_job_that_does_not_end_makes_room_for_the_next(start: Start) -> None:
    daemon = start("--limits", "cancel_seconds=1")
    photo = daemon.photo()
    call = photo.render({0: Look(0.5, edits={"deaf": 1.0})})
    assert until(lambda: daemon.status().workers[0].state == "busy")
    first = daemon.worker()
    call.cancel()
    with pytest.raises(Cancelled):
        call.result(PATIENCE)
    assert photo.render(LOOKS).result(PATIENCE).patches
    assert until(lambda: not is_alive(first))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody ends a process that cannot run")
def test_a_stopped_worker_does_not_outlive_a_killed_daemon(daemon: Daemon) -> None:
    daemon.photo()
    worker = daemon.worker()
    pause(worker)
    daemon.kill()
    assert until(lambda: not is_alive(worker))


def test_a_worker_that_computes_is_not_taken_for_dead() -> None:
    process = Process()
    watched = watchdog(process, silence_seconds=10, stall_seconds=10)
    watched.ready(0.0)
    watched.begin(0.0)

    def compute(second: float) -> None:  # with Python's lock held, so that no heartbeat is sent
        process.done = Activity(cpu=0.5 * second)

    assert first_verdict(watched, 100, compute) == (100, "")


def test_a_worker_that_reads_a_large_file_is_not_taken_for_dead() -> None:
    process = Process()
    watched = watchdog(process, stall_seconds=10)
    watched.ready(0.0)
    watched.begin(0.0)

    def read(second: float) -> None:
        process.done = Activity(read=int(second) << 20)

    assert first_verdict(watched, 100, read) == (100, "")


def test_a_cancel_before_the_worker_has_started_leaves_it_its_time_to_stop() -> None:
    watched = watchdog(Process(), cancel_seconds=20)
    watched.begin(0.0)
    watched.cancel(2.0)
    watched.ready(25.0)
    assert watched.verdict(25.0) == ""
    watched.verdict(35.0)
    assert watched.verdict(46.0) == "did not stop when it was asked to"


def test_a_driver_that_spins_for_ever_is_ended_too() -> None:
    process = Process()
    watched = watchdog(process, silence_seconds=10, stall_seconds=10, job_seconds=50)
    watched.ready(0.0)
    watched.begin(0.0)

    def spin(second: float) -> None:
        process.done = Activity(cpu=second)

    assert first_verdict(watched, 100, spin) == (50, "got no further with its work")


def test_a_model_that_is_loaded_is_not_interrupted_by_a_cancel_but_what_follows_is() -> None:
    watched = watchdog(Process(), cancel_seconds=5)
    watched.ready(0.0)
    watched.begin(0.0)
    watched.progress(1.0, "load", 0.0)
    watched.cancel(2.0)

    def load(second: float) -> None:
        watched.hear(second)
        if second == 30.0:
            watched.progress(second, "load", 1.0)

    assert first_verdict(watched, 100, load) == (35, "did not stop when it was asked to")


def test_a_suspended_machine_does_not_end_its_workers() -> None:
    watched = watchdog(Process(), silence_seconds=10, stall_seconds=10, job_seconds=50)
    watched.ready(0.0)
    watched.begin(0.0)
    assert watched.verdict(1.0) == ""
    assert watched.verdict(40_000.0) == ""
    assert watched.verdict(40_004.0) == ""


def test_an_idle_worker_is_not_watched() -> None:
    watched = watchdog(Process(), silence_seconds=1, stall_seconds=1, job_seconds=1)
    watched.ready(0.0)
    assert first_verdict(watched, 100, lambda _: None) == (100, "")
    assert watched.next_check() is None
