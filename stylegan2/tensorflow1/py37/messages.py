"""The messages on the pipe between parent and child: msgpack maps, with arrays as raw numbers.

A mark and the length precede each message. Requests have the key "op", answers "ok" or "error". Both sides
check every size before they allocate memory.
"""

from __future__ import annotations

import struct
from typing import IO, TYPE_CHECKING, Any, Dict

import msgpack
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LIMIT = 1 << 29  # bytes of one message; 8 pictures of 1024 px in float64 have 200 MB
_HEADER = struct.Struct("<4sQ")
_MARK = b"RTF1"
_CHUNK = 1 << 20
_TYPES = ("<f4", "<f8")
_MOST_AXES = 4

Message = Dict[str, Any]


class MessageError(Exception):
    """Received bytes are no message; nothing that follows on this pipe can be read."""


class MessageTooLarge(MessageError):
    """A message exceeds the limit; nothing of it was sent."""


def write(stream: IO[bytes], message: Message) -> None:
    """Send a message. Raises MessageTooLarge, and OSError if the other side has closed the pipe."""
    try:
        body: bytes = msgpack.packb(message, use_bin_type=True)
    except ValueError as error:  # too large for msgpack itself
        raise MessageTooLarge(f"a message of more than {LIMIT} bytes") from error
    if len(body) > LIMIT:
        raise MessageTooLarge(f"a message of {len(body)} bytes; {LIMIT} are allowed")
    stream.write(_HEADER.pack(_MARK, len(body)))
    stream.write(body)
    stream.flush()


def read(stream: IO[bytes]) -> Message | None:
    """The next message; None if the other side has closed the pipe. Raises MessageError."""
    header = _exactly(stream, _HEADER.size)
    if not header:
        return None
    if len(header) < _HEADER.size:
        raise MessageError("the pipe broke off inside a header")
    mark, length = _HEADER.unpack(header)
    if mark != _MARK:
        raise MessageError("no header where one should be")
    if length > LIMIT:
        raise MessageError(f"a message of {length} bytes; {LIMIT} are allowed")
    body = _exactly(stream, length)
    if len(body) < length:
        raise MessageError("the pipe broke off inside a message")
    try:
        message = msgpack.unpackb(body, raw=False, strict_map_key=True)
    except Exception as error:  # msgpack raises ValueErrors, its own classes, and others
        raise MessageError("no msgpack where some should be") from error
    if not isinstance(message, dict):
        raise MessageError("a message that is no map")
    return message


def pack_array(array: NDArray[Any]) -> Message:
    """An array of float32 or float64 in the form that messages have."""
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    if little.dtype.str not in _TYPES:
        raise MessageError(f"an array of {array.dtype}")
    return {"type": little.dtype.str, "shape": list(little.shape), "data": little.tobytes()}


def unpack_array(packed: object) -> NDArray[Any]:
    """The array that ``pack_array`` packed; it is read-only. Raises MessageError if it is none."""
    if not isinstance(packed, dict) or set(packed) != {"type", "shape", "data"}:
        raise MessageError("no array where one should be")
    kind, shape, data = packed["type"], packed["shape"], packed["data"]
    if kind not in _TYPES or not isinstance(data, bytes) or not isinstance(shape, list):
        raise MessageError("an array of the wrong type")
    if len(shape) > _MOST_AXES or not all(type(side) is int and 0 <= side <= LIMIT for side in shape):
        raise MessageError("an array of an impossible shape")
    count = 1
    for side in shape:
        count *= side
    if count * np.dtype(kind).itemsize != len(data):
        raise MessageError("an array that is longer or shorter than it says")
    return np.frombuffer(data, kind).reshape(shape)


def _exactly(stream: IO[bytes], length: int) -> bytes:
    """``length`` bytes, or fewer at the end. Memory grows with what arrives, not with what was announced."""
    parts = []
    while length:
        part = stream.read(min(length, _CHUNK))
        if not part:
            break
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
