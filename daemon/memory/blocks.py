"""Blocks of anonymous memory that can be handed to another process.

A block has a descriptor and no name: the system frees the memory when the last process that has it open ends.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from retouchml.errors import Busy

if sys.platform == "win32":
    from daemon.memory import windows as memory
else:
    from daemon.memory import posix as memory

__all__ = ["Block", "memory", "no_memory"]


def no_memory() -> Busy:
    """The error for a picture that does not fit into memory."""
    return Busy("There is not enough memory for this picture.", "Close other pictures or programs.")


@dataclass
class Block:
    """``size`` bytes of shared memory behind ``descriptor``, which this object owns; on Windows a handle."""

    descriptor: int = field(repr=False)
    size: int

    @classmethod
    def of(cls, parts: Sequence[bytes | memoryview]) -> "Block":
        """A new block with ``parts`` one after the other. Raises Busy if there is not enough memory."""
        views = [memoryview(part).cast("B") for part in parts]
        try:
            descriptor = memory.create(views)
        except (OSError, MemoryError) as error:
            raise no_memory() from error
        return cls(descriptor, sum(len(view) for view in views))

    def map(self) -> memoryview:
        """The bytes, read only; they stay mapped for as long as anything refers to them."""
        return memory.map_bytes(self.descriptor, self.size) if self.size else memoryview(b"")

    def close(self) -> None:
        """Close the descriptor; mapped bytes stay."""
        if self.descriptor >= 0:
            memory.close(self.descriptor)
            self.descriptor = -1
