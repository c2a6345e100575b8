"""The photos that clients have uploaded."""

from dataclasses import dataclass, field

from daemon.memory.blocks import Block
from retouchml.client.photo_parts import Part
from retouchml.client.pixel_format import PixelFormat
from retouchml.results import Box


@dataclass(eq=False)
class UploadedPhoto:
    """A client's photo, as the server keeps it.

    slot: index of the slot whose worker has it; device: "" for the worker's own; block: its pixels, None
    until they are copied; at: places of faces that the search may miss; scorer: see ``messages.Open``; parts:
    what the block holds, if that is not the picture itself
    """

    name: str
    picture: PixelFormat
    model: str
    slot: int
    device: str = ""
    icc: bytes = field(default=b"", repr=False)
    block: Block | None = None
    at: tuple[Box, ...] = ()
    scorer: str = ""
    parts: tuple[Part, ...] = ()

    @property
    def size(self) -> int:
        """Bytes that it takes: its pixels, packed ones here and a worker's, and its profile."""
        return self.picture.size + sum(part.size for part in self.parts) + len(self.icc)
