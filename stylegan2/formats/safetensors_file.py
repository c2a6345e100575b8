"""Reads safetensors files into memory of their own: each tensor once, hashed as it is read.

The safetensors library maps the file into memory, so that a file that is written over or cut later changes
the weights in use, or ends the process; and it parses headers of up to 100 MB, which costs gigabytes. Ours
have at most 1 MB. Format: https://huggingface.co/docs/safetensors (a length, a header in JSON, the numbers).
"""

import hashlib
import json
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

from retouchml.errors import ModelCorrupt
from stylegan2.formats.opening import WeightFile, open_file, read_bytes

LONGEST_HEADER = 1 << 20  # bytes; the largest network's has some 100 kB
_METADATA = "__metadata__"
_TYPES = {
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F32": torch.float32,
    "F64": torch.float64,
    "I32": torch.int32,
    "I64": torch.int64,
}


@dataclass(frozen=True)
class Entry:
    """Where a tensor lies, and what it is."""

    dtype: torch.dtype
    shape: tuple[int, ...]
    start: int  # offset among the numbers
    size: int  # bytes


@dataclass(frozen=True)
class Header:
    """What a file says of itself."""

    metadata: dict[str, str]
    entries: dict[str, Entry]  # by name, in the order of the file, without gaps

    @property
    def size(self) -> int:
        """Bytes of all numbers."""
        return sum(entry.size for entry in self.entries.values())


@dataclass(frozen=True)
class Content:
    """A file that was read; its tensors share no memory with anything."""

    metadata: dict[str, str]
    tensors: dict[str, Tensor]


def is_safetensors(head: bytes) -> bool:
    """Whether a file that begins with ``head`` is a safetensors file, which may be a foreign one."""
    return len(head) > 8 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 1 << 32


def read_header(file: WeightFile | Path) -> Header:
    """The header alone. Raises ModelMissing, or ModelCorrupt if it is damaged or too long."""
    path = file if isinstance(file, Path) else file.path
    with open_file(path) as stream:
        return _parse(_header_bytes(stream, path), path)


def read(file: WeightFile | Path, check: Callable[[Header], None] = lambda _: None) -> Content:
    """The whole file, with the hash that it must have.

    check: gets the header before any tensor is allocated, and may raise. Raises ModelMissing, or ModelCorrupt
    if the file is damaged, or is not the one that ``file`` describes.
    """
    wanted = WeightFile(file) if isinstance(file, Path) else file
    path = wanted.path
    with open_file(path) as stream:
        digest = hashlib.sha256()
        try:
            raw = _header_bytes(stream, path)
            digest.update(len(raw).to_bytes(8, "little") + raw)
            header = _parse(raw, path)
            check(header)
            if os.fstat(stream.fileno()).st_size != 8 + len(raw) + header.size:
                raise _damaged(path, "it has another size than it says")
            tensors = {n: _tensor(stream, entry, digest, path) for n, entry in header.entries.items()}
        except ModelCorrupt:
            wanted.check(_digest(stream))  # a changed file may be damaged in any way: that is not the reason
            raise
        wanted.check(digest.hexdigest())
    return Content(header.metadata, tensors)


def _header_bytes(stream: BinaryIO, path: Path) -> bytes:
    head = read_bytes(stream, 8, path)
    length = int.from_bytes(head, "little")
    if len(head) < 8 or length > LONGEST_HEADER:
        raise _damaged(path, f"its header is longer than {LONGEST_HEADER >> 20} MB, more than any of ours")
    raw = read_bytes(stream, length, path)
    if len(raw) < length:
        raise _damaged(path, "it ends too early")
    return raw


def _parse(raw: bytes, path: Path) -> Header:
    try:
        content = json.loads(raw, object_pairs_hook=_without_repetition)
        metadata = content.pop(_METADATA, {})
        if not all(isinstance(text, str) for text in metadata.values()):
            raise TypeError
        entries = {name: _entry(value) for name, value in content.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _damaged(path, "its header makes no sense") from error
    ordered = dict(sorted(entries.items(), key=lambda item: (item[1].start, item[1].size)))
    end = 0
    for entry in ordered.values():
        if entry.start != end:
            raise _damaged(path, "its tensors overlap, or have gaps between them")
        end += entry.size
    return Header(metadata, ordered)


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError
    return content


def _entry(value: dict[str, Any]) -> Entry:
    dtype, shape = _TYPES[value["dtype"]], tuple(value["shape"])
    start, end = value["data_offsets"]
    if not all(type(number) is int and 0 <= number < 1 << 40 for number in (start, end, *shape)):
        raise ValueError
    if len(shape) > 8 or end - start != math.prod(shape) * dtype.itemsize:
        raise ValueError
    return Entry(dtype, shape, start, end - start)


def _tensor(stream: BinaryIO, entry: Entry, digest: Any, path: Path) -> Tensor:
    numbers = torch.empty(entry.size, dtype=torch.uint8)
    view = numbers.numpy().data
    try:
        read = stream.readinto(view)  # type: ignore[attr-defined]  # every file that is open has it
    except OSError as error:
        raise _damaged(path, error.strerror or "it cannot be read") from error
    if read != entry.size:
        raise _damaged(path, "it ends too early")
    digest.update(view)
    return numbers.view(entry.dtype).reshape(entry.shape)


def _digest(stream: BinaryIO) -> str:
    stream.seek(0)
    return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]


def _damaged(path: Path, reason: str) -> ModelCorrupt:
    return ModelCorrupt(f"{path.name} does not load: {reason}.", "Import or fetch it again.")
