"""Accepts a limited number of TCP connections and passes their bytes on to a Unix socket of the daemon.

libzmq accepts any number of connections before they have shown a key, and its ipc listener aborts the process
once no descriptor is left (``errno_assert`` in ``ipc_listener_t::accept``, which tolerates ENFILE but not
EMFILE). So libzmq never accepts from the network: this proxy does, and stops accepting while it is full.
The bytes are encrypted by CURVE from end to end, and the proxy cannot read them.
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
"""Connections at once; more wait in the system's queue until one ends."""
_WAITING = 16
_CHUNK = 1 << 18
_SECONDS_FOR_THREAD = 2.0
_SECONDS_AFTER_FAILURE = 0.1


@dataclass(eq=False)
class _Direction:
    """One direction of a connection, from ``source`` to ``target``; ``data`` is what was not yet sent."""

    source: socket.socket
    target: socket.socket
    data: memoryview = field(default_factory=lambda: memoryview(b""))
    buffer: bytearray = field(default_factory=lambda: bytearray(_CHUNK))

    def move(self) -> bool:
        """Move what can be moved without waiting; returns whether both ends are still open."""
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


class TcpProxy:
    """A listening TCP socket and the thread that serves it."""

    def __init__(self, host: str, port: int, target: Path) -> None:
        """Listen; ``target`` is the Unix socket to pass bytes on to. Raises DaemonError."""
        self._target = target
        self._listener = _listener(host, port)
        self._wake_reader, self._wake_writer = os.pipe()
        self._selector = selectors.DefaultSelector()
        self._connections: set[tuple[_Direction, _Direction]] = set()
        self._thread = threading.Thread(target=self._serve, name="tcp-proxy", daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens at."""
        port: int = self._listener.getsockname()[1]
        return port

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """End all connections."""
        os.write(self._wake_writer, b"\0")
        if self._thread.is_alive():
            self._thread.join(_SECONDS_FOR_THREAD)
        for connection in list(self._connections):
            self._drop(connection)
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
            for connection in list(self._connections):
                directions = [each for each in connection if ready & {each.source, each.target}]
                if not all(each.move() for each in directions):
                    self._drop(connection)
            if self._listener in ready:
                self._accept()

    def _watch(self) -> None:
        """Register for what can be done next: to read where no data waits, to write where data waits."""
        events_of: dict[socket.socket, int] = {}
        if len(self._connections) < CONNECTIONS:
            events_of[self._listener] = selectors.EVENT_READ
        for each in (direction for connection in self._connections for direction in connection):
            end, event = (
                (each.target, selectors.EVENT_WRITE) if each.data else (each.source, selectors.EVENT_READ)
            )
            events_of[end] = events_of.get(end, 0) | event
        registered = {key.fileobj: key.events for key in list(self._selector.get_map().values())}
        del registered[self._wake_reader]
        for idle in registered.keys() - events_of.keys():
            self._selector.unregister(idle)
        for end, events in events_of.items():
            if end not in registered:
                self._selector.register(end, events)
            elif registered[end] != events:
                self._selector.modify(end, events)

    def _accept(self) -> None:
        with contextlib.ExitStack() as opened:
            try:
                outer, _ = self._listener.accept()
                opened.callback(outer.close)
                inner = opened.enter_context(socket.socket(socket.AF_UNIX))
                inner.connect(os.fspath(self._target))
            except OSError:  # no descriptor is left, or the peer closed already
                time.sleep(_SECONDS_AFTER_FAILURE)
                return
            opened.pop_all()
        for end in (outer, inner):
            end.setblocking(False)
        outer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connections.add((_Direction(outer, inner), _Direction(inner, outer)))

    def _drop(self, connection: tuple[_Direction, _Direction]) -> None:
        self._connections.discard(connection)
        for direction in connection:
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(direction.source)
            direction.source.close()


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
