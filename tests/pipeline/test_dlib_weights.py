"""Reading tensors out of dlib's serialised networks."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.dlib_weights import read_tensors
from retouchml.errors import ModelCorrupt


def integer(number: int) -> bytes:
    """How dlib writes a number: the count of its bytes, then these, the lowest first."""
    digits = number.to_bytes(max(1, (number.bit_length() + 7) // 8), "little")
    return bytes([len(digits)]) + digits


def serialised(values: NDArray[np.float32]) -> bytes:
    """A tensor as dlib writes it."""
    rows, columns = values.shape
    return b"".join(map(integer, (2, rows, columns, 1, 1))) + values.astype("<f4").tobytes()


@pytest.fixture
def tensors() -> list[NDArray[np.float32]]:
    random = np.random.default_rng(0)
    return [
        random.standard_normal(shape).astype(np.float32) for shape in ((300, 1), (64, 1), (70_000, 1), (5, 7))
    ]


def test_tensors_are_found_in_order_among_other_bytes(
    tensors: list[NDArray[np.float32]], tmp_path: Path
) -> None:
    path = tmp_path / "network.dat"
    path.write_bytes(b"header" + b"\x01\x05between".join(serialised(value) for value in tensors) + b"end")
    result = read_tensors(path, [value.shape for value in tensors])  # type: ignore[misc]
    assert all(np.array_equal(a, b) for a, b in zip(result, tensors, strict=True))
    assert {value.dtype for value in result} == {np.dtype(np.float32)}


def test_of_two_tensors_of_one_size_the_first_comes_first(tmp_path: Path) -> None:
    path = tmp_path / "network.dat"
    first, second = np.full((9, 1), 1.0, np.float32), np.full((9, 1), 2.0, np.float32)
    path.write_bytes(serialised(first) + serialised(second))
    assert [float(value[0, 0]) for value in read_tensors(path, [(9, 1), (9, 1)])] == [1.0, 2.0]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x01\x02",
        serialised(np.zeros((8, 1), np.float32)),
        serialised(np.zeros((9, 1), np.float32))[:-1],
        serialised(np.full((9, 1), np.nan, np.float32)),
        serialised(np.full((9, 1), np.inf, np.float32)),
    ],
    ids=["empty", "few bytes", "another size", "cut", "no number", "infinite"],
)
def test_a_file_that_does_not_hold_the_tensors_is_corrupt(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "network.dat"
    path.write_bytes(content)
    with pytest.raises(ModelCorrupt, match=r"network\.dat"):
        read_tensors(path, [(9, 1)])


def test_a_file_that_cannot_be_read_is_corrupt(tmp_path: Path) -> None:
    for path in (tmp_path / "none.dat", tmp_path):
        with pytest.raises(ModelCorrupt, match=path.name):
            read_tensors(path, [(9, 1)])
