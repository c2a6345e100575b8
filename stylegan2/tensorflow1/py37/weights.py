"""Reads the project's own network files: safetensors with the network's description in the header.

The parent has checked the file already; sizes are checked here all the same.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any, Dict, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LONGEST_HEADER = 1 << 20  # bytes; the largest network's has some 100 kB
_LONGEST_FILE = 1 << 32
_METADATA = "__metadata__"

Tensors = Dict[str, "NDArray[np.float32]"]


class Weights(NamedTuple):
    """A generator's weights and what it looks like."""

    mapping: dict[str, Any]  # description
    synthesis: dict[str, Any]  # description
    tensors: Tensors  # by name, those of mapping and synthesis


def read(path: str) -> Weights:
    """The generator in a file. Raises OSError, and ValueError if it is damaged or holds something else."""
    with open(path, "rb") as stream:  # noqa: PTH123 - one call, and no Path anywhere else here
        return parse(stream.read(_LONGEST_FILE + 1))


def parse(content: bytes) -> Weights:
    """As ``read``, for the content of such a file."""
    if len(content) < 8 or len(content) > _LONGEST_FILE:
        raise ValueError("the file is too short or too long")
    (length,) = struct.unpack_from("<Q", content)
    if length > min(_LONGEST_HEADER, len(content) - 8):
        raise ValueError("the header is longer than the file")
    header = json.loads(content[8 : 8 + length].decode("utf-8"))
    if not isinstance(header, dict) or not isinstance(header.get(_METADATA), dict):
        raise ValueError("the header says nothing about the network")  # noqa: TRY004 - it is the file's fault
    metadata = header.pop(_METADATA)
    if metadata.get("architecture") != "stylegan2":
        raise ValueError("the file holds another kind of network")
    description = json.loads(metadata.get("generator", ""))
    body = memoryview(content)[8 + length :]
    tensors = {
        name: _tensor(name, entry, body)
        for name, entry in header.items()
        if name.startswith(("mapping.", "synthesis."))
    }
    return Weights(description["mapping"], description["synthesis"], tensors)


def _tensor(name: str, entry: Any, body: memoryview) -> NDArray[np.float32]:
    try:
        kind, (start, end) = entry["dtype"], entry["data_offsets"]
        shape: tuple[int, ...] = tuple(entry["shape"])
        count = 1
        for side in shape:
            count *= side
        if kind != "F32" or min((0, *shape)) < 0 or not 0 <= start <= end <= len(body):
            raise ValueError(f"{name} has an impossible place or type")
        if end - start != 4 * count:
            raise ValueError(f"{name} is longer or shorter than it says")
        return np.frombuffer(body[start:end], "<f4").reshape(shape)
    except (TypeError, KeyError) as error:
        raise ValueError(f"{name} is not described") from error
