"""Reads the learned tensors of dlib's face recognition network out of its ``.dat`` file.

The file is a nest of C++ templates written by ``dlib::serialize``; each tensor in it is a version number (2),
four sizes and the float32 values. An integer is one byte that tells how many follow, then these in
little-endian order. Knowing the network, we look for each tensor's header in turn, so nothing else of the
file needs to be understood and nothing in it is executed.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retouchml.errors import ModelCorrupt

_TENSOR_VERSION = 2
_REFETCH = "Fetch it again: retouchml models fetch dlib-faces."


def read_tensors(path: Path, sizes: Iterable[tuple[int, int]]) -> list[NDArray[np.float32]]:
    """The tensors of ``sizes`` (rows, columns) from the file, in that order, each [rows, columns].

    Raises ModelCorrupt where one is not there or holds numbers that are not finite.
    """
    try:
        blob = path.read_bytes()
    except OSError as error:
        raise ModelCorrupt(f"{path.name} cannot be read: {error.strerror}.", _REFETCH) from error
    position = 0
    tensors = []
    for rows, columns in sizes:
        header = b"".join(_encoded(n) for n in (_TENSOR_VERSION, rows, columns, 1, 1))
        found = blob.find(header, position)
        start = found + len(header)
        position = start + 4 * rows * columns
        if found < 0 or position > len(blob):
            raise ModelCorrupt(
                f"{path.name} does not hold the face recognition network that was expected.",
                _REFETCH,
            )
        values = np.frombuffer(blob, "<f4", rows * columns, start).reshape(rows, columns)
        if not np.isfinite(values).all():
            raise ModelCorrupt(f"{path.name} holds weights that are not finite.", _REFETCH)
        tensors.append(values.astype(np.float32))
    return tensors


def _encoded(number: int) -> bytes:
    length = max(1, (number.bit_length() + 7) // 8)
    return bytes([length]) + number.to_bytes(length, "little")
