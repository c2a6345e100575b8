"""Messages between server and worker over one stream socket, with descriptors beside them (SCM_RIGHTS).

A message is a 4-byte little-endian length and a msgpack map; ``fds`` in it says how many descriptors belong
to it. Both ends are ours, so there is no more checking than guards against a bug.
"""

import contextlib
import os
import select
import socket
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import msgpack

_LENGTH = struct.Struct("<I")
_LONGEST = 16 << 20
_READ = 1 << 16
_MOST_FDS = 4
_SECONDS_TO_TAKE = 2.0  # what does not fit into the socket at once
_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)

Message = tuple[dict[str, Any], list[int]]


class ChannelClosed(Exception):
    """The other end is gone, or does not read."""


class Channel:
    """One end of the socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._received = bytearray()
        self._fds: list[int] = []

    def fileno(self) -> int:
        """For polling."""
        return self._socket.fileno()

    def send(self, message: Mapping[str, Any], fds: Sequence[int] = ()) -> None:
        """Send it whole. Raises ChannelClosed; on a non-blocking socket also where the other end is stuck."""
        body = msgpack.packb({**message, "fds": len(fds)})
        data = memoryview(_LENGTH.pack(len(body)) + body)
        try:
            sent = socket.send_fds(self._socket, [data], list(fds)) if fds else self._socket.send(data)
            while sent < len(data):
                if not select.select([], [self._socket], [], _SECONDS_TO_TAKE)[1]:
                    raise ChannelClosed
                sent += self._socket.send(data[sent:])
        except OSError as error:
            raise ChannelClosed from error

    def receive(self) -> list[Message]:
        """The messages that a readable socket has; may be none. Raises ChannelClosed at the end."""
        try:
            data, fds, _, _ = socket.recv_fds(self._socket, _READ, _MOST_FDS, _CLOSE_ON_EXEC)
        except (BlockingIOError, InterruptedError):
            return []
        except OSError as error:
            raise ChannelClosed from error
        if not data:
            raise ChannelClosed
        self._fds += fds
        self._received += data
        return list(self._complete())

    def close(self) -> None:
        """Close this end and whatever descriptors were not taken."""
        for fd in self._fds:
            with contextlib.suppress(OSError):
                os.close(fd)
        self._fds = []
        self._socket.close()

    def _complete(self) -> list[Message]:
        messages: list[Message] = []
        while len(self._received) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._received)
            if length > _LONGEST:
                raise ChannelClosed
            end = _LENGTH.size + length
            if len(self._received) < end:
                break
            message = msgpack.unpackb(bytes(self._received[_LENGTH.size : end]), strict_map_key=False)
            del self._received[:end]
            count = message.pop("fds")
            taken, self._fds = self._fds[:count], self._fds[count:]
            messages.append((message, taken))
        return messages
