"""``benchmarks.busy`` shows each way of waiting, quiet and busy, side by side."""

import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager

import psutil
import pytest

from benchmarks import busy


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ways in the order of their turns; each takes as long as its title, and its pictures half of it."""
    turns: list[str] = []

    class Fake:
        def __init__(self, way: busy.Way) -> None:
            self.title = way.title
            self.process = subprocess.Popen(["sleep", "60"], text=True)
            length = float(len(way.title))
            late = [3 * length, 0.0, 3 * length]
            later = [4 * length, 5 * length, 0.0]
            self.values: Iterator[float] = iter([length, 99.0, length, *late, *later])

        def seconds(self) -> tuple[float, float]:
            turns.append(self.title)
            value = next(self.values)
            return value, value / 2

    monkeypatch.setattr(busy, "Working", Fake)
    return turns


def test_its_table_compares_medians_of_turns(order: list[str]) -> None:
    titles = [way.title for way in busy.WAYS]
    lengths = tuple(float(len(title)) for title in titles)
    rows = list(busy.measure(3, (0, 1), 10.0))
    assert [row.title.split(", ", 1)[1] for row in rows[:5]] == [
        "no other process, s",
        "0 busy processes, s",
        "times as long",
        "1 busy processes, s",
        "times as long",
    ]
    quiet, loaded, times, more, more_times, quiet_picture, *_ = rows
    assert quiet.values == lengths
    assert loaded.values == tuple(3 * length for length in lengths)
    assert times.values == (3.0,) * len(lengths)
    assert more.values == tuple(4 * length for length in lengths)
    assert more_times.values == (4.0,) * len(lengths)
    assert quiet_picture.values == tuple(length / 2 for length in lengths)
    assert order == titles * 9


def test_each_load_is_there_while_it_is_measured(order: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []
    inner = busy.load

    def noted(count: int) -> AbstractContextManager[None]:
        begun.append(count)
        return inner(count)

    monkeypatch.setattr(busy, "load", noted)
    list(busy.measure(1, (2, 4), 10.0))
    assert begun == [2, 4]


def test_it_ends_in_time_with_fewer_rounds_and_at_least_one(order: list[str]) -> None:
    assert len(list(busy.measure(3, (0,), 0.0))) == 6
    assert len(order) == 2 * len(busy.WAYS)


def test_its_busy_processes_end_with_the_block() -> None:
    before = set(psutil.Process().children())
    with busy.load(2):
        assert len(set(psutil.Process().children()) - before) == 2
    assert set(psutil.Process().children()) - before == set()
