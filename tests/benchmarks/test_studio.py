"""The verdict of the benchmark of several people."""

import pytest

from benchmarks.studio import _verdict, ideal_factor

ALONE = [0.2] * 20
MEMORY = [100 << 20] * 3


def test_promises_that_are_kept_are_no_failure() -> None:
    assert _verdict(ALONE, [[0.3] * 10] * 8, MEMORY) == 0


@pytest.mark.parametrize(
    ("together", "memory"),
    [
        ([[0.7] * 10] * 8, MEMORY),
        ([[0.3] * 10] * 7 + [[0.3] * 2], MEMORY),
        ([[0.3] * 10] * 8, [100 << 20, 100 << 20, 300 << 20]),
    ],
)
def test_slow_answers_starved_people_and_growing_memory_are(
    together: "list[list[float]]", memory: "list[int]"
) -> None:
    assert _verdict(ALONE, together, memory) == 1


def test_the_ideal_queue_is_that_of_the_theory() -> None:
    assert ideal_factor(1, 0.2, 2.0, batch=False) == pytest.approx(1.0)
    # a render of the batch is under way, and ends at any moment within its time
    assert ideal_factor(1, 0.2, 2.0, batch=True) == pytest.approx(1.95, abs=0.02)
    assert ideal_factor(8, 0.2, 0.0001, batch=False) == pytest.approx(8.0, abs=0.01)
