"""The process of ``retouchml.client.bridge``: it has the socket, and an editor at its standard streams.

It exits when its input ends, so that it never outlives the editor, or when the connection to the daemon ends.
"""

import sys
import threading
from typing import IO

import zmq

from retouchml.client import protocol
from retouchml.client.bridge import ENDED, MESSAGE, OPEN, OPENED, read_packet, write_packet
from retouchml.client.transport import ConnectOptions
from retouchml.client.zmq_transport import ZmqTransport
from retouchml.errors import RetouchError

_WAIT_SECONDS = 60.0
_INBOX = "inproc://editor"
_END = b""


def main() -> int:
    """Pass messages on until one side ends; the exit code."""
    # what anything here prints must not get among the packets
    editor_in, editor_out, sys.stdout = sys.stdin.buffer, sys.stdout.buffer, sys.stderr
    packet = read_packet(editor_in)
    if packet is None or packet[0] != OPEN:
        return 1
    transport: ZmqTransport | None = None
    try:
        transport = ZmqTransport(ConnectOptions.from_fields(protocol.unpack(packet[1][0])))
        transport.open()
        write_packet(editor_out, OPENED, ())
        _pass_on(transport, editor_in, editor_out)
    except RetouchError as error:
        fields = protocol.error_fields(error)
        write_packet(editor_out, ENDED, [protocol.encode("error", 1, fields)])
    except BrokenPipeError:  # the editor was killed
        return 1
    finally:
        if transport is not None:
            transport.close()
    return 0


def _pass_on(transport: ZmqTransport, editor_in: IO[bytes], editor_out: IO[bytes]) -> None:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    inbox: zmq.Socket[bytes] = context.socket(zmq.PAIR)
    inbox.bind(_INBOX)
    threading.Thread(target=_read_all, args=(context, editor_in), daemon=True).start()
    error: RetouchError | None = None
    while error is None:
        error = transport.wait(_WAIT_SECONDS, also=inbox)
        while (frames := transport.receive()) is not None:
            write_packet(editor_out, MESSAGE, frames)
        if not _send_all(transport, inbox):
            return
    raise error


def _send_all(transport: ZmqTransport, inbox: "zmq.Socket[bytes]") -> bool:
    """Send the editor's messages; False after the last one."""
    while inbox.poll(0):
        frames = [frame.buffer for frame in inbox.recv_multipart(copy=False)]
        if len(frames) == 1 and frames[0] == _END:
            return False
        transport.send(frames)
    return True


def _read_all(context: "zmq.Context[zmq.Socket[bytes]]", editor_in: IO[bytes]) -> None:
    """Runs in a thread, since a pipe cannot be polled on every system."""
    outbox: zmq.Socket[bytes] = context.socket(zmq.PAIR)
    outbox.connect(_INBOX)
    while (packet := read_packet(editor_in)) is not None:
        outbox.send_multipart(packet[1], copy=False)
    outbox.send(_END)


if __name__ == "__main__":
    sys.exit(main())
