"""Messages between server and worker over one stream socket, with blocks of memory beside them.

A message is a 4-byte little-endian length and a msgpack map; ``blocks`` in it has the sizes of the blocks
that belong to it. Their descriptors travel along the socket (SCM_RIGHTS); Windows cannot do that, so there
handles in the message name them. Both ends belong to this project, so only bugs are guarded against.
"""

import select
import socket
import struct
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import msgpack

from daemon.memory.blocks import Block, memory

_LENGTH = struct.Struct("<I")
_MAX_BYTES = 16 << 20
_READ_BYTES = 1 << 16
_MAX_BLOCKS = 4
_SECONDS_TO_SEND = 2.0  # what does not fit into the socket at once
_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)

Message = tuple[dict[str, Any], list[Block]]


class ChannelClosed(Exception):
    """The other end was closed, or does not read."""


class Channel:
    """One end of the socket between server and worker."""

    def __init__(self, sock: socket.socket, peer: int | None = None) -> None:
        """peer: on Windows, at the server's end, a handle of the worker's process, which this object owns."""
        self._socket = sock
        self._peer = peer
        self._received = bytearray()
        self._descriptors: list[int] = []

    def fileno(self) -> int:
        """The descriptor to poll."""
        return self._socket.fileno()

    def send(self, message: Mapping[str, Any], blocks: Sequence[Block] = ()) -> None:
        """Send a whole message.

        Raises ChannelClosed, on a non-blocking socket also if the other end is stuck.
        """
        fields = {**message, "blocks": [block.size for block in blocks]}
        descriptors = [block.descriptor for block in blocks]
        try:
            if sys.platform == "win32":
                fields["handles"] = [memory.lend(each, self._peer) for each in descriptors]
            body = msgpack.packb(fields)
            data = memoryview(_LENGTH.pack(len(body)) + body)
            sent = self._send_first(data, descriptors)
            while sent < len(data):
                if not select.select([], [self._socket], [], _SECONDS_TO_SEND)[1]:
                    raise ChannelClosed
                sent += self._socket.send(data[sent:])
        except OSError as error:
            raise ChannelClosed from error

    def receive(self) -> list[Message]:
        """The messages that have arrived, perhaps none.

        Raises ChannelClosed if the other end was closed, and whatever a malformed message leads to.
        """
        messages: list[Message] = []
        try:
            data = self._read()
            self._received += data
            while (message := self._next_message()) is not None:
                messages.append(message)
        except (BlockingIOError, InterruptedError):
            return []
        except Exception as error:
            # on Windows a worker's blocks are lost with it, though its message is here
            for _, blocks in messages:
                for block in blocks:
                    block.close()
            if isinstance(error, OSError):
                raise ChannelClosed from error
            raise
        if not data:
            raise ChannelClosed
        return messages

    def close(self) -> None:
        """Close this end, and the descriptors that were received but not taken."""
        for descriptor in self._descriptors:
            memory.close(descriptor)
        self._descriptors = []
        if self._peer is not None:
            memory.close(self._peer)
            self._peer = None
        self._socket.close()

    def _send_first(self, data: memoryview, descriptors: Sequence[int]) -> int:
        if sys.platform == "win32" or not descriptors:
            return self._socket.send(data)
        return socket.send_fds(self._socket, [data], list(descriptors))

    def _read(self) -> bytes:
        if sys.platform == "win32":
            return self._socket.recv(_READ_BYTES)
        data, descriptors, _, _ = socket.recv_fds(self._socket, _READ_BYTES, _MAX_BLOCKS, _CLOSE_ON_EXEC)
        self._descriptors += descriptors
        return data

    def _next_message(self) -> Message | None:
        """The first message of which all bytes have arrived; None if there is none."""
        if len(self._received) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._received)
        if length > _MAX_BYTES:
            raise ChannelClosed
        end = _LENGTH.size + length
        if len(self._received) < end:
            return None
        message = msgpack.unpackb(bytes(self._received[_LENGTH.size : end]), strict_map_key=False)
        del self._received[:end]
        sizes = message.pop("blocks")
        if sys.platform == "win32":
            descriptors = [memory.fetch(handle, self._peer) for handle in message.pop("handles")]
        else:
            descriptors = self._descriptors[: len(sizes)]
            del self._descriptors[: len(sizes)]
        blocks = [Block(descriptor, size) for descriptor, size in zip(descriptors, sizes, strict=False)]
        if len(blocks) < len(sizes):  # this process had no room for more (MSG_CTRUNC in recvmsg(2))
            for block in blocks:
                block.close()
            raise ChannelClosed
        return message, blocks
