"""Pixels in anonymous memory that another process can be given.

A block has a descriptor and no name: when the last process that holds it is gone, however it went, the memory
is free.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from retouchml.errors import Busy

if sys.platform == "win32":
    from daemon.memory import windows as memory
else:
    from daemon.memory import posix as memory

__all__ = ["Block", "memory"]


@dataclass
class Block:
    """``size`` bytes behind ``descriptor``, which this object owns; on Windows it is a handle."""

    descriptor: int = field(repr=False)
    size: int

    @classmethod
    def of(cls, parts: Sequence[bytes | memoryview]) -> "Block":
        """A block with ``parts`` one after the other. Raises Busy where there is no memory for it."""
        views = [memoryview(part).cast("B") for part in parts]
        try:
            descriptor = memory.holding(views)
        except OSError as error:
            raise Busy(
                "There is not enough memory for this picture.", "Close other pictures or programs."
            ) from error
        return cls(descriptor, sum(len(view) for view in views))

    def map(self) -> memoryview:
        """The bytes, read only; they stay mapped for as long as anything refers to them."""
        return memory.mapped(self.descriptor, self.size) if self.size else memoryview(b"")

    def close(self) -> None:
        """Let go of the descriptor; mapped bytes stay."""
        if self.descriptor >= 0:
            memory.close(self.descriptor)
            self.descriptor = -1
