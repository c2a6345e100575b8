"""Runs Python inside an editor over a socket: the source goes in, the value of ``answer`` comes back as JSON.

A message is a 4-byte little-endian length and UTF-8. The editors' ends are ``gimp/driver_in_gimp.py`` and
``krita/driver``.
"""

import json
import socket
import struct
from pathlib import Path
from typing import Any

_LENGTH = struct.Struct("<I")


class EditorDriver:
    """Runs Python on an editor's main thread. timeout: seconds that one piece may take."""

    def __init__(self, address: Path, timeout: float) -> None:
        self._address = address
        self._timeout = timeout

    def run(self, source: str) -> Any:
        """Run the source; the value of ``answer``. Its exceptions fail the test."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(self._timeout)
            connection.connect(str(self._address))
            data = source.encode()
            connection.sendall(_LENGTH.pack(len(data)) + data)
            (length,) = _LENGTH.unpack(_receive(connection, _LENGTH.size))
            reply = json.loads(_receive(connection, length))
        assert "error" not in reply, reply["error"]
        return reply["answer"]

    def ask(self, expression: str) -> Any:
        """The value of an expression."""
        return self.run(f"answer = {expression}")


def _receive(connection: socket.socket, length: int) -> bytes:
    """So many bytes. MSG_WAITALL would not wait for all on a socket with a timeout."""
    received = bytearray()
    while len(received) < length:
        part = connection.recv(length - len(received))
        if not part:
            raise ConnectionError("the editor ended in the middle of its answer")
        received += part
    return bytes(received)
