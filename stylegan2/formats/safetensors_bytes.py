"""Writes safetensors files whose bytes depend on nothing but their content.

The safetensors library writes the metadata in another order each time, so that the same network would get
another SHA-256 with each conversion. Here they are sorted. Format: see ``safetensors_file``.
"""

import json
import struct
from collections.abc import Mapping

from safetensors.torch import save
from torch import Tensor

_LENGTH = struct.Struct("<Q")
_ALIGNMENT = 8  # bytes; the numbers begin at a multiple


def to_bytes(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> bytes:
    """The content of a file with these tensors, which are contiguous."""
    content = save(dict(tensors))
    (length,) = _LENGTH.unpack_from(content)
    entries = json.loads(content[_LENGTH.size : _LENGTH.size + length])
    header = json.dumps({"__metadata__": dict(sorted(metadata.items())), **entries}, separators=(",", ":"))
    encoded = header.encode()
    encoded += b" " * (-len(encoded) % _ALIGNMENT)
    return _LENGTH.pack(len(encoded)) + encoded + content[_LENGTH.size + length :]
