"""Anonymous memory behind a descriptor: memfd_create(2) on Linux, elsewhere an unlinked temporary file."""

import mmap
import os
import tempfile
from collections.abc import Sequence


def create(parts: Sequence[memoryview]) -> int:
    """A descriptor of new memory with ``parts`` one after the other. Raises OSError if it is used up."""
    descriptor = _open_memory()
    try:
        for part in parts:
            _write(descriptor, part)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def map_bytes(descriptor: int, size: int) -> memoryview:
    """The bytes behind a descriptor, read only; they stay mapped for as long as anything refers to them."""
    return memoryview(mmap.mmap(descriptor, size, access=mmap.ACCESS_READ))


def close(descriptor: int) -> None:
    """Close a descriptor; mapped bytes stay."""
    os.close(descriptor)


def _open_memory() -> int:
    create = getattr(os, "memfd_create", None)
    if create is not None:
        return int(create("retouchml"))
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _write(descriptor: int, data: memoryview) -> None:
    # write(2) lets other threads run and, unlike copying into a mapping, needs no zeroed and mapped pages
    written = 0
    while written < len(data):
        written += os.write(descriptor, data[written : written + (64 << 20)])
