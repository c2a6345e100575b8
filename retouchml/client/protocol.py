"""The headers of messages: maps to bytes and back, with every limit checked before a value is used.

docs/protocol.md is the contract. Without sockets; Python 3.10 and msgpack only, since editors import it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgpack

from retouchml import errors
from retouchml.client.fields import take_int, take_str
from retouchml.client.versions import VERSION, VERSIONS, mismatch
from retouchml.errors import LimitExceeded, ProtocolError, RetouchError

HEADER_BYTES = 1 << 18
HEADER_DEPTH = 8
HEADER_ITEMS = 4096
HEADER_ITEMS_IN_ALL = 4 * HEADER_ITEMS
ANSWER_BYTES = 1 << 22  # of an answer's header: a crowd has many landmarks
ANSWER_ITEMS_IN_ALL = 1 << 19
STRING_BYTES = 4096
FRAMES = 3
FRAME_BYTES = (1 << 31) - 1
SIDE = 65_535
PIXELS = 1 << 28
ICC_BYTES = 16 << 20
LOOKS = 64

LIMITS: Mapping[str, int] = {
    "header_bytes": HEADER_BYTES,
    "header_depth": HEADER_DEPTH,
    "header_items": HEADER_ITEMS,
    "answer_bytes": ANSWER_BYTES,
    "string_bytes": STRING_BYTES,
    "frames": FRAMES,
    "frame_bytes": FRAME_BYTES,
    "side": SIDE,
    "pixels": PIXELS,
    "icc_bytes": ICC_BYTES,
    "looks": LOOKS,
}

HEARTBEAT_MS, HEARTBEAT_TIMEOUT_MS = 2000, 60_000
"""ZeroMQ's, over TCP. They wait behind a frame that is sent, such as 150 MB at 20 megabits a second."""
PING_SECONDS = 3.0
"""How often the daemon sends ``ping`` to a client with photos or requests."""
SILENCE_SECONDS = 15.0
"""A client that waits for an answer gives the daemon up after so long without any message."""

FINAL = ("result", "error")
ID_LIMIT = 1 << 53
_ANSWERS = (*FINAL, "progress", "preview", "ping")


@dataclass(frozen=True)
class Header:
    """The header of a message: version, type, request id (0 for ``ping``), and the fields of that type."""

    version: int
    type: str
    id: int
    fields: Mapping[str, Any]


def encode(type_: str, id_: int, fields: Mapping[str, Any] | None = None, version: int = VERSION) -> bytes:
    """The header frame of a message. Raises LimitExceeded if it would be too large."""
    packed: bytes = msgpack.packb({**(fields or {}), "v": version, "type": type_, "id": id_})
    limit = ANSWER_BYTES if type_ in _ANSWERS else HEADER_BYTES
    if len(packed) > limit:
        raise LimitExceeded(f"A header of {len(packed)} bytes is more than the {limit} allowed.")
    return packed


def decode(frame: bytes | memoryview) -> Header:
    """Read the header of a message.

    Raises LimitExceeded, ProtocolError, or VersionMismatch for a version that this side does not speak.
    """
    return _header(unpack(frame))


def decode_answer(frame: bytes | memoryview) -> Header:
    """Read the header of a message from the daemon. Raises as ``decode``."""
    header = _header(unpack(frame, ANSWER_BYTES, ANSWER_ITEMS_IN_ALL))
    if header.type not in _ANSWERS:
        raise ProtocolError(f"The daemon sent a message of the unknown type {header.type!r}.")
    return header


def _header(fields: dict[str, Any]) -> Header:
    version = take_int(fields, "v", 0, ID_LIMIT)
    if version not in VERSIONS:
        raise mismatch([version])
    type_ = take_str(fields, "type", 64)
    id_ = take_int(fields, "id", 0 if type_ == "ping" else 1, ID_LIMIT - 1)
    return Header(version, type_, id_, fields)


def id_in(frame: bytes | memoryview, *, of_answer: bool = False) -> int:
    """The request id in a header that may be wrong in every other way, for the answer; 0 if there is none."""
    limits = (ANSWER_BYTES, ANSWER_ITEMS_IN_ALL) if of_answer else (HEADER_BYTES, HEADER_ITEMS_IN_ALL)
    try:
        value = unpack(frame, *limits).get("id")
    except ProtocolError:
        return 0
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < ID_LIMIT else 0


def unpack(
    frame: bytes | memoryview, longest: int = HEADER_BYTES, items: int = HEADER_ITEMS_IN_ALL
) -> dict[str, Any]:
    """Read a msgpack map within the limits. Raises LimitExceeded or ProtocolError."""
    if len(frame) > longest:
        raise LimitExceeded(f"A header of {len(frame)} bytes is more than the {longest} allowed.")
    try:
        value = msgpack.unpackb(
            frame,
            raw=False,
            strict_map_key=False,  # checked below, with a sentence
            max_str_len=STRING_BYTES,
            max_bin_len=STRING_BYTES,
            max_array_len=HEADER_ITEMS,
            max_map_len=HEADER_ITEMS,
            max_ext_len=0,
        )
    except (ValueError, TypeError, OverflowError, RecursionError, msgpack.UnpackException) as error:
        raise ProtocolError("The header is not msgpack within the limits.") from error
    if not isinstance(value, dict):
        raise ProtocolError("The header is no map.")
    _check_nesting(value, items)
    return value


def _check_nesting(value: Any, items: int) -> None:
    stack: list[tuple[Any, int]] = [(value, 1)]
    count = 0
    while stack:
        item, depth = stack.pop()
        if isinstance(item, dict):
            if not all(isinstance(key, str) for key in item):
                raise ProtocolError("A key in the header is no string.")
            inner: Sequence[Any] = list(item.values())
        elif isinstance(item, list):
            inner = item
        elif item is None or isinstance(item, bool | int | float | str | bytes):
            continue
        else:
            raise ProtocolError("The header holds an extension type.")
        count += len(inner)
        if depth > HEADER_DEPTH or count > items:
            raise ProtocolError("The header is nested too deep, or holds too much.")
        stack += [(each, depth + 1) for each in inner]


def error_fields(error: RetouchError) -> dict[str, str]:
    """The fields of an ``error`` answer."""
    return {"code": error.code, "message": _cut(error.message), "advice": _cut(error.advice)}


def error_from(fields: Mapping[str, Any]) -> RetouchError:
    """Read the error in an ``error`` answer; a plain RetouchError for an unknown code."""
    code = take_str(fields, "code", 64)
    kind = _BY_CODE.get(code, RetouchError)
    return kind(take_str(fields, "message", STRING_BYTES), take_str(fields, "advice", STRING_BYTES))


def _cut(text: str) -> str:
    # a few characters of every text may take four bytes
    return text if len(text) <= STRING_BYTES // 4 else text[: STRING_BYTES // 4 - 1] + "…"


_BY_CODE = {
    kind.code: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, RetouchError)
}
