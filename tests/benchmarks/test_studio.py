"""The verdict of the benchmark of several people."""

import pytest

from benchmarks.studio import _verdict

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
