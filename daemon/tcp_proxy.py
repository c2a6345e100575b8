"""Takes TCP connections and passes their bytes on to a Unix socket of the daemon, a few at once and no more.

libzmq takes as many connections as come, before anybody has shown a key; and its ipc listener aborts the
process once no descriptor is left (``errno_assert`` in ``ipc_listener_t::accept``, which lets ENFILE pass and
EMFILE not). So it is never the one that accepts from the network: this does, and stops while it is full.
The bytes are CURVE's, from end to end: nothing here can read them.
"""

import contextlib
import os
import selectors
import socket
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from retouchml.errors import DaemonError

assert sys.platform != "win32"  # which has no Unix sockets

CONNECTIONS = 16
"""At once; more wait in the system's queue until one ends."""
_WAITING = 16
_CHUNK = 1 << 18
_SECONDS_FOR_THREAD = 2.0
_SECONDS_AFTER_FAILURE = 0.1


@dataclass(eq=False)
class _Half:
    """What arrives at ``source`` goes to ``target``; ``data`` is what it has not taken yet."""

    source: socket.socket
    target: socket.socket
    data: memoryview = field(default_factory=lambda: memoryview(b""))
    buffer: bytearray = field(default_factory=lambda: bytearray(_CHUNK))

    def move(self) -> bool:
        """Move what can be moved without waiting; whether both ends are still there."""
        try:
            if not self.data:
                size = self.source.recv_into(self.buffer)
                if not size:
                    return False
                self.data = memoryview(self.buffer)[:size]
            self.data = self.data[self.target.send(self.data) :]
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            return False
        return True


class Relay:
    """A listening TCP socket, and the thread that serves it."""

    def __init__(self, host: str, port: int, inner: Path) -> None:
        """Listen; ``inner`` is the Unix socket to pass on to. Raises DaemonError."""
        self._inner = inner
        self._listener = _listener(host, port)
        self._wake_reader, self._wake_writer = os.pipe()
        self._selector = selectors.DefaultSelector()
        self._pairs: set[tuple[_Half, _Half]] = set()
        self._thread = threading.Thread(target=self._serve, name="relay", daemon=True)

    @property
    def port(self) -> int:
        """The one that it listens at."""
        port: int = self._listener.getsockname()[1]
        return port

    def start(self) -> None:
        """Serve from now on."""
        self._thread.start()

    def close(self) -> None:
        """End all connections."""
        os.write(self._wake_writer, b"\0")
        if self._thread.is_alive():
            self._thread.join(_SECONDS_FOR_THREAD)
        for pair in list(self._pairs):
            self._drop(pair)
        self._listener.close()
        self._selector.close()
        os.close(self._wake_reader)
        os.close(self._wake_writer)

    def _serve(self) -> None:
        self._selector.register(self._wake_reader, selectors.EVENT_READ)
        while True:
            self._watch()
            ready = {key.fileobj for key, _ in self._selector.select()}
            if self._wake_reader in ready:
                return
            for pair in list(self._pairs):
                halves = [half for half in pair if ready & {half.source, half.target}]
                if not all(half.move() for half in halves):
                    self._drop(pair)
            if self._listener in ready:
                self._accept()

    def _watch(self) -> None:
        """Wait for what can be done next: bytes where there is room for them, room where there are bytes."""
        wanted: dict[socket.socket, int] = {}
        if len(self._pairs) < CONNECTIONS:
            wanted[self._listener] = selectors.EVENT_READ
        for half in (half for pair in self._pairs for half in pair):
            end, event = (
                (half.target, selectors.EVENT_WRITE) if half.data else (half.source, selectors.EVENT_READ)
            )
            wanted[end] = wanted.get(end, 0) | event
        watched = {key.fileobj: key.events for key in list(self._selector.get_map().values())}
        del watched[self._wake_reader]
        for idle in watched.keys() - wanted.keys():
            self._selector.unregister(idle)
        for end, events in wanted.items():
            if end not in watched:
                self._selector.register(end, events)
            elif watched[end] != events:
                self._selector.modify(end, events)

    def _accept(self) -> None:
        with contextlib.ExitStack() as opened:
            try:
                outer, _ = self._listener.accept()
                opened.callback(outer.close)
                inner = opened.enter_context(socket.socket(socket.AF_UNIX))
                inner.connect(os.fspath(self._inner))
            except OSError:  # no descriptor left, or it left already
                time.sleep(_SECONDS_AFTER_FAILURE)
                return
            opened.pop_all()
        for end in (outer, inner):
            end.setblocking(False)
        outer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._pairs.add((_Half(outer, inner), _Half(inner, outer)))

    def _drop(self, pair: tuple[_Half, _Half]) -> None:
        self._pairs.discard(pair)
        for half in pair:
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(half.source)
            half.source.close()


def _listener(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_WAITING)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise DaemonError(f"The daemon cannot listen at {host}:{port}: {error.strerror}.") from error
    return listener
