"""Reads the learned tensors of dlib's face recognition network out of its ``.dat`` file.

``dlib::serialize`` writes nested C++ templates; each tensor is a version number (2), four sizes and the
float32 values. An integer is one byte with the number of bytes that follow, then these in little-endian
order. The network is known, so the reader only searches for the header of each tensor in turn. Nothing in the
file is executed.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retouchml.errors import ModelCorrupt

_TENSOR_VERSION = 2
_ADVICE = "Fetch it again: retouchml models fetch dlib-faces."


def read_tensors(path: Path, sizes: Iterable[tuple[int, int]]) -> list[NDArray[np.float32]]:
    """Read the tensors [rows, columns] of ``sizes`` from the file, in that order.

    Raises ModelCorrupt if one is missing or has values that are not finite.
    """
    try:
        blob = path.read_bytes()
    except OSError as error:
        raise ModelCorrupt(f"{path.name} cannot be read: {error.strerror}.", _ADVICE) from error
    position = 0
    tensors = []
    for rows, columns in sizes:
        header = b"".join(_encoded(n) for n in (_TENSOR_VERSION, rows, columns, 1, 1))
        offset = blob.find(header, position)
        start = offset + len(header)
        position = start + 4 * rows * columns
        if offset < 0 or position > len(blob):
            raise ModelCorrupt(
                f"{path.name} does not hold the face recognition network that was expected.",
                _ADVICE,
            )
        values = np.frombuffer(blob, "<f4", rows * columns, start).reshape(rows, columns)
        if not np.isfinite(values).all():
            raise ModelCorrupt(f"{path.name} holds weights that are not finite.", _ADVICE)
        tensors.append(values.astype(np.float32))
    return tensors


def _encoded(number: int) -> bytes:
    length = max(1, (number.bit_length() + 7) // 8)
    return bytes([length]) + number.to_bytes(length, "little")
