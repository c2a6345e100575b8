"""The layout of raw pixels in a data frame: type, channel order, row stride, encoding. Without NumPy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from retouchml.client.fields import take_int, take_str
from retouchml.client.protocol import FRAME_BYTES, PIXELS, SIDE
from retouchml.errors import LimitExceeded, ProtocolError

BYTES_OF = {"u8": 1, "u16": 2, "f16": 2, "f32": 4}
"""Bytes of one value, by type on the wire; little-endian; white is 255, 65535 or 1.0."""
DTYPE_OF = {"u8": "|u1", "u16": "<u2", "f16": "<f2", "f32": "<f4"}
"""NumPy's name of each type on the wire."""
CHANNELS_OF = {"Y": 1, "YA": 2, "RGB": 3, "BGR": 3, "RGBA": 4, "BGRA": 4}
"""Number of channels, by channel order; alpha is straight."""
ENCODINGS = ("srgb", "linear")
_WIDEST_STRIDE = 16  # times a row's own bytes: a crop of a wider buffer


@dataclass(frozen=True)
class PixelFormat:
    """The layout of a picture in a data frame. Raises ProtocolError or LimitExceeded if it is impossible.

    stride: bytes from one row to the next, 0 for rows without a gap
    """

    width: int
    height: int
    type: str = "u8"
    order: str = "RGBA"
    encoding: str = "srgb"
    stride: int = 0

    def __post_init__(self) -> None:
        for name, choices in (("type", BYTES_OF), ("order", CHANNELS_OF), ("encoding", ENCODINGS)):
            value = getattr(self, name)
            if value not in choices:
                raise ProtocolError(
                    f"The pixels' {name} is {value!r}, but must be one of {', '.join(choices)}."
                )
        if self.width < 1 or self.height < 1:
            raise ProtocolError("A picture without pixels cannot be sent.")
        if self.width > SIDE or self.height > SIDE or self.width * self.height > PIXELS:
            raise LimitExceeded(
                f"A picture of {self.width} by {self.height} pixels is too large.",
                f"Scale it down: {SIDE} a side and {PIXELS} in all are possible.",
            )
        if not self.stride:
            object.__setattr__(self, "stride", self.row_bytes)
        if not self.row_bytes <= self.stride <= _WIDEST_STRIDE * self.row_bytes:
            raise ProtocolError(f"A stride of {self.stride} bytes does not fit rows of {self.row_bytes}.")
        if self.size > FRAME_BYTES:
            raise LimitExceeded(
                f"A picture of {self.size} bytes does not fit a message of {FRAME_BYTES}.",
                "Scale it down, or send fewer bits a channel.",
            )

    @property
    def channels(self) -> int:
        """Number of channels, 1 to 4."""
        return CHANNELS_OF[self.order]

    @property
    def pixel_bytes(self) -> int:
        """Bytes of one pixel."""
        return self.channels * BYTES_OF[self.type]

    @property
    def row_bytes(self) -> int:
        """Bytes of a row without its gap."""
        return self.width * self.pixel_bytes

    @property
    def size(self) -> int:
        """The fewest bytes that hold the picture: no gap after the last row."""
        return self.stride * (self.height - 1) + self.row_bytes

    @property
    def patch_order(self) -> str:
        """The channel order of patches for such a photo."""
        if self.order.startswith("Y"):
            return "YA"
        return "BGRA" if self.order.startswith("BGR") else "RGBA"

    def check_frame(self, length: int) -> None:
        """Raise ProtocolError unless a frame of ``length`` bytes holds just this picture."""
        if length not in (self.size, self.stride * self.height):
            raise ProtocolError(
                f"The data frame has {length} bytes, but its header describes a picture of {self.size}."
            )

    def fields(self) -> dict[str, Any]:
        """As a map of the wire."""
        return {
            "width": self.width,
            "height": self.height,
            "type": self.type,
            "order": self.order,
            "encoding": self.encoding,
            "stride": self.stride,
        }


def format_from(fields: Mapping[str, Any]) -> PixelFormat:
    """Read it from a map of the wire. Raises ProtocolError or LimitExceeded."""
    return PixelFormat(
        width=take_int(fields, "width", 1, SIDE),
        height=take_int(fields, "height", 1, SIDE),
        type=take_str(fields, "type", 8),
        order=take_str(fields, "order", 8),
        encoding=take_str(fields, "encoding", 8),
        stride=take_int(fields, "stride", 1, FRAME_BYTES),
    )
