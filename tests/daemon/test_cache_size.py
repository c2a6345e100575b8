"""The size of the result caches, which ``status`` tells, however long the counting takes."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from daemon import cache_size
from daemon.cache_size import CacheSize
from daemon.options import DaemonOptions
from daemon.sessions import Sessions
from daemon.status import StatusReporter
from retouchml.client.status import Status
from retouchml.paths import RESULT_CACHES, cache_dir
from tests.daemon.running import until


def fill(name: str, size: int) -> None:
    folder = cache_dir() / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{size}").write_bytes(bytes(size))


@pytest.fixture
def slow_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A disk that lists no folder until the event is set."""
    listed = threading.Event()
    scandir = os.scandir

    def wait(folder: Path) -> Any:
        listed.wait()
        return scandir(folder)

    monkeypatch.setattr(cache_size, "os", SimpleNamespace(scandir=wait))
    yield listed
    listed.set()


def reporter() -> StatusReporter:
    options = DaemonOptions()
    scheduler = cast(Any, SimpleNamespace(waiting=0, slots=(), accounts=SimpleNamespace(people=set)))
    refused = cast(Any, SimpleNamespace(refused=0))
    return StatusReporter(options, Sessions(options, scheduler), scheduler, refused, Path("log"))


def test_the_files_of_all_result_caches_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_size, "_SECONDS_TO_WAIT", 30.0)
    counted = CacheSize()
    assert counted.latest() == 0
    for size, name in enumerate(RESULT_CACHES, 1):
        fill(name, 10**size)
    assert counted.latest() == sum(10**size for size in range(1, len(RESULT_CACHES) + 1))


def test_a_disk_that_does_not_answer_does_not_hold_up_a_status(slow_disk: threading.Event) -> None:
    asked = reporter()
    answers: list[Status] = []
    thread = threading.Thread(target=lambda: answers.extend(asked.status() for _ in range(3)), daemon=True)
    thread.start()
    assert until(lambda: len(answers) == 3)
    assert [answer.cache_bytes for answer in answers] == [None] * 3
    assert Status.from_fields(answers[0].fields()) == answers[0]


def test_there_is_one_count_at_a_time_and_its_result_is_told_later(slow_disk: threading.Event) -> None:
    fill(RESULT_CACHES[0], 7)
    counted = CacheSize()
    before = threading.active_count()
    for _ in range(5):
        assert counted.latest() is None
    assert threading.active_count() <= before + 1
    slow_disk.set()
    assert until(lambda: counted.latest() == 7)
    slow_disk.clear()
    assert counted.latest() == 7
