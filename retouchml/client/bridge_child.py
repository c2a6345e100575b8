"""The child's end of ``retouchml.client.bridge``: it has the socket, and an editor at its standard streams.

It leaves when its input ends, so that it never outlives the editor, or when the connection to the daemon
ends.
"""

import sys
import threading
from pathlib import Path
from typing import IO

import zmq

from retouchml.client import protocol
from retouchml.client.bridge import ENDED, MESSAGE, OPEN, OPENED, read_parcel, write_parcel
from retouchml.client.transport import Line
from retouchml.errors import RetouchError

_WAIT_SECONDS = 60.0
_INBOX = "inproc://editor"
_NO_MORE = b""


def main() -> int:
    """Pass messages on until one side leaves."""
    # what anything here prints must not get among the parcels
    editor_in, editor_out, sys.stdout = sys.stdin.buffer, sys.stdout.buffer, sys.stderr
    parcel = read_parcel(editor_in)
    if parcel is None or parcel[0] != OPEN:
        return 1
    line: Line | None = None
    try:
        line = _line(parcel[1][0])
        line.open()
        write_parcel(editor_out, OPENED, ())
        _pass_on(line, editor_in, editor_out)
    except RetouchError as error:
        fields = protocol.error_fields(error)
        write_parcel(editor_out, ENDED, [protocol.encode("error", 1, fields)])
    except BrokenPipeError:  # the editor was killed
        return 1
    finally:
        if line is not None:
            line.close()
    return 0


def _line(wish: "bytes | memoryview") -> Line:
    fields = protocol.unpack(wish)
    file = protocol.take_str(fields, "connection_file", protocol.STRING_BYTES)
    return Line(
        protocol.take_bool(fields, "start"),
        Path(file) if file else None,
        protocol.take_list(fields, "interpreter", protocol.HEADER_ITEMS),
        protocol.take_list(fields, "start_options", protocol.HEADER_ITEMS),
    )


def _pass_on(line: Line, editor_in: IO[bytes], editor_out: IO[bytes]) -> None:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    inbox: zmq.Socket[bytes] = context.socket(zmq.PAIR)
    inbox.bind(_INBOX)
    threading.Thread(target=_read_all, args=(context, editor_in), daemon=True).start()
    broken: RetouchError | None = None
    while broken is None:
        broken = line.wait(_WAIT_SECONDS, also=inbox)
        while (frames := line.receive()) is not None:
            write_parcel(editor_out, MESSAGE, frames)
        if not _send_all(line, inbox):
            return
    raise broken


def _send_all(line: Line, inbox: "zmq.Socket[bytes]") -> bool:
    """Send what the editor wants sent; whether there may be more."""
    while inbox.poll(0):
        frames = [frame.buffer for frame in inbox.recv_multipart(copy=False)]
        if len(frames) == 1 and frames[0] == _NO_MORE:
            return False
        line.send(frames)
    return True


def _read_all(context: "zmq.Context[zmq.Socket[bytes]]", editor_in: IO[bytes]) -> None:
    """Runs in a thread, since a pipe cannot be polled everywhere."""
    outbox: zmq.Socket[bytes] = context.socket(zmq.PAIR)
    outbox.connect(_INBOX)
    while (parcel := read_parcel(editor_in)) is not None:
        outbox.send_multipart(parcel[1], copy=False)
    outbox.send(_NO_MORE)


if __name__ == "__main__":
    sys.exit(main())
