"""``benchmarks.busy`` shows each way of waiting, quiet and busy, side by side."""

import subprocess
from collections.abc import Iterator

import psutil
import pytest

from benchmarks import busy


def test_its_table_compares_medians_of_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    class Fake:
        def __init__(self, variables: dict[str, str]) -> None:
            self.name = "one" if "OMP_NUM_THREADS" in variables else "own" if variables else "ours"
            self.process = subprocess.Popen(["sleep", "60"], text=True)
            quiet = {"ours": 1.0, "own": 2.0, "one": 4.0}[self.name]
            self.values: Iterator[float] = iter([quiet, 9.0, quiet, 3 * quiet, 0.0, 3 * quiet])

        def seconds(self) -> float:
            order.append(self.name)
            return next(self.values)

    monkeypatch.setattr(busy, "Inverting", Fake)
    quiet, loaded, times = busy.measure(3, 0)
    assert quiet.seconds == (1.0, 2.0, 4.0)
    assert loaded.seconds == (3.0, 6.0, 12.0)
    assert times.seconds == (3.0, 3.0, 3.0)
    assert order == ["ours", "own", "one"] * 6


def test_its_busy_processes_end_with_the_block() -> None:
    before = set(psutil.Process().children())
    with busy.load(2):
        assert len(set(psutil.Process().children()) - before) == 2
    assert set(psutil.Process().children()) - before == set()
