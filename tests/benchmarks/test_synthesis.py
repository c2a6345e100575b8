"""``benchmarks.synthesis`` ends in time: slow cases are measured once or left out."""

from types import SimpleNamespace

import pytest
import torch

from benchmarks import synthesis
from benchmarks.synthesis import Rates, least, row

CPU = torch.device("cpu")


@pytest.mark.parametrize(("patience", "rounds"), [(60.0, 4), (0.0, 1)])
def test_rounds_are_as_many_as_patience_allows_and_never_none(patience: float, rounds: int) -> None:
    ran: list[str] = []
    times = least([lambda: ran.append("fast"), lambda: ran.append("plain")], 3, patience, CPU)
    assert ran == ["fast", "plain"] * rounds
    assert len(times) == 2


def test_the_first_round_does_not_count_where_there_are_others(monkeypatch: pytest.MonkeyPatch) -> None:
    now, lengths = [0.0], iter([1.0, 2.0, 3.0])

    def work() -> None:
        now[0] += next(lengths)

    monkeypatch.setattr(synthesis, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    assert least([work], 2, 60.0, CPU) == [2.0]


@pytest.mark.parametrize(
    ("patience", "memory", "shown"),
    [
        (1e9, 1e12, [True, False, True, True, True]),
        (0.0, 1e12, [False] * 5),
        (1e9, 1.0, [True, False, True, False, False]),
    ],
    ids=["all", "none in time", "no room for gradients"],
)
def test_what_would_take_too_much_is_left_out_as_is_a_graph_on_a_cpu(
    patience: float, memory: float, shown: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synthesis, "measure_rates", lambda device, dtype: Rates(1e6, 1e6))
    monkeypatch.setattr(synthesis, "free_memory", lambda device: memory)
    monkeypatch.setattr(synthesis, "_MOST", 8)
    resolution, batch, name, *cells = row(16, 1, torch.float32, CPU, 1, patience).split()
    assert (resolution, batch, name) == ("16", "1", "float32")
    assert [cell != "-" for cell in cells[:5]] == shown
    assert all(float(cell) > 0.0 for cell in cells[5:])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_on_a_gpu_a_graph_is_measured_beside(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthesis, "measure_rates", lambda device, dtype: Rates(1e12, 1e12))
    monkeypatch.setattr(synthesis, "_MOST", 8)
    cells = row(32, 1, dtype, torch.device("cuda"), 3, 60.0).split()[3:]
    assert all(float(cell) >= 0.0 for cell in cells)
