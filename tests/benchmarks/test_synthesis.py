"""``benchmarks.synthesis`` ends in time: slow cases are measured once or left out."""

import time

import pytest
import torch

from benchmarks import synthesis
from benchmarks.synthesis import Machine, least, row

CPU = torch.device("cpu")


@pytest.mark.parametrize(("patience", "rounds"), [(60.0, 4), (0.0, 1)])
def test_rounds_are_as_many_as_patience_allows_and_never_none(patience: float, rounds: int) -> None:
    ran: list[str] = []
    times = least([lambda: ran.append("fast"), lambda: ran.append("plain")], 3, patience, CPU)
    assert ran == ["fast", "plain"] * rounds
    assert len(times) == 2


def test_the_first_round_does_not_count_where_there_are_others() -> None:
    pauses = iter([0.3, 0.0, 0.02])
    (seconds,) = least([lambda: time.sleep(next(pauses))], 2, 60.0, CPU)
    assert seconds < 0.02


@pytest.mark.parametrize(
    ("patience", "memory", "shown"),
    [(1e9, 1e12, [True] * 4), (0.0, 1e12, [False] * 4), (1e9, 1.0, [True, True, False, False])],
    ids=["all", "none in time", "no room for gradients"],
)
def test_what_would_take_too_much_is_left_out(
    patience: float, memory: float, shown: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synthesis, "measured_machine", lambda device, dtype: Machine(1e6, 1e6))
    monkeypatch.setattr(synthesis, "free_memory", lambda device: memory)
    monkeypatch.setattr(synthesis, "_MOST", 8)
    resolution, batch, name, *cells = row(16, 1, torch.float32, CPU, 1, patience).split()
    assert (resolution, batch, name) == ("16", "1", "float32")
    assert [cell != "-" for cell in cells[:4]] == shown
    assert all(float(cell) > 0.0 for cell in cells[4:])
