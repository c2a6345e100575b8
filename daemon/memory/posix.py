"""Anonymous memory behind a descriptor: memfd_create(2) on Linux, elsewhere an unlinked temporary file."""

import mmap
import os
import tempfile
from collections.abc import Sequence


def holding(parts: Sequence[memoryview]) -> int:
    """A descriptor of new memory with ``parts`` one after the other. Raises OSError where there is none."""
    descriptor = _create()
    try:
        for part in parts:
            _write(descriptor, part)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def mapped(descriptor: int, size: int) -> memoryview:
    """Its bytes, read only; they stay mapped for as long as anything refers to them."""
    return memoryview(mmap.mmap(descriptor, size, access=mmap.ACCESS_READ))


def close(descriptor: int) -> None:
    """Let go of it; mapped bytes stay."""
    os.close(descriptor)


def _create() -> int:
    create = getattr(os, "memfd_create", None)
    if create is not None:
        return int(create("retouchml"))
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _write(descriptor: int, data: memoryview) -> None:
    # write(2) lets other threads run, and needs no zeroed and mapped pages first, as copying into a mapping
    # does
    written = 0
    while written < len(data):
        written += os.write(descriptor, data[written : written + (64 << 20)])
