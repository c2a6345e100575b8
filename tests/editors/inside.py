"""A wire into an editor: Python goes in as text, what it leaves in ``answer`` comes back as JSON.

A message is a 4-byte little-endian length and UTF-8. Each editor has its own end of it: ``gimp/inside.py``,
``krita/driver``.
"""

import json
import socket
import struct
from pathlib import Path
from typing import Any

_LENGTH = struct.Struct("<I")


class Inside:
    """Runs Python inside an editor, on its main thread. patience: seconds that one piece may take."""

    def __init__(self, wire: Path, patience: float) -> None:
        self._wire = wire
        self._patience = patience

    def run(self, source: str) -> Any:
        """Run it; what it leaves in ``answer``. Its exceptions fail the test."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(self._patience)
            connection.connect(str(self._wire))
            data = source.encode()
            connection.sendall(_LENGTH.pack(len(data)) + data)
            (length,) = _LENGTH.unpack(connection.recv(_LENGTH.size, socket.MSG_WAITALL))
            reply = json.loads(connection.recv(length, socket.MSG_WAITALL))
        assert "error" not in reply, reply["error"]
        return reply["answer"]

    def ask(self, expression: str) -> Any:
        """The value of an expression."""
        return self.run(f"answer = {expression}")
