"""Pixels in anonymous memory that another process can be given.

A block has a descriptor and no name: when the last process that holds it is gone, however it went, the memory
is free. Linux has memfd_create(2) for it; elsewhere an unlinked temporary file does.
"""

import mmap
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field

from retouchml.errors import Busy


@dataclass
class Block:
    """``size`` bytes behind ``descriptor``, which this object owns."""

    descriptor: int = field(repr=False)
    size: int

    @classmethod
    def of(cls, parts: Sequence[bytes | memoryview]) -> "Block":
        """A block with ``parts`` one after the other. Raises Busy where there is no memory for it."""
        descriptor = _create()
        size = 0
        try:
            for part in parts:
                size += _write(descriptor, memoryview(part).cast("B"))
        except OSError as error:
            os.close(descriptor)
            raise Busy(
                "There is not enough memory for this picture.", "Close other pictures or programs."
            ) from error
        return cls(descriptor, size)

    def map(self) -> memoryview:
        """The bytes, read only; they stay mapped for as long as anything refers to them."""
        if not self.size:
            return memoryview(b"")
        return memoryview(mmap.mmap(self.descriptor, self.size, access=mmap.ACCESS_READ))

    def close(self) -> None:
        """Let go of the descriptor; mapped bytes stay."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def _create() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("retouchml")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _write(descriptor: int, data: memoryview) -> int:
    # write(2) lets other threads run, and needs no zeroed and mapped pages first, as copying into a mapping
    # does
    written = 0
    while written < len(data):
        written += os.write(descriptor, data[written : written + (64 << 20)])
    return written
