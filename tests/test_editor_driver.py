"""What the tests ask real editors comes back whole."""

import json
import socket
import struct
import threading
from pathlib import Path

from tests.daemon.running import needs_posix
from tests.editors.editor_driver import EditorDriver

_LENGTH = struct.Struct("<I")


@needs_posix
def test_an_answer_that_comes_in_parts_is_read_to_its_end(tmp_path: Path) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "driver"))
    listener.listen()

    def serve() -> None:
        connection, _address = listener.accept()
        with connection:
            (length,) = _LENGTH.unpack(connection.recv(_LENGTH.size, socket.MSG_WAITALL))
            connection.recv(length, socket.MSG_WAITALL)
            answer = json.dumps({"answer": "x" * 3_000_000}).encode()  # more than a socket holds
            connection.sendall(_LENGTH.pack(len(answer)) + answer)

    with listener:
        thread = threading.Thread(target=serve)
        thread.start()
        assert len(EditorDriver(tmp_path / "driver", 120.0).ask("1")) == 3_000_000
        thread.join()
