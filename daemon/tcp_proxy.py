"""Accepts a limited number of TCP connections and passes their bytes on to a Unix socket of the daemon.

libzmq accepts any number of connections before they have shown a key, and its ipc listener aborts the process
once no descriptor is left (``errno_assert`` in ``ipc_listener_t::accept``, which tolerates ENFILE but not
EMFILE). So libzmq never accepts from the network: this proxy does, and stops accepting while it is full.
Which of those without a key may try to show one, ``tcp_shares`` says.
The bytes are encrypted by CURVE from end to end, and the proxy cannot read them.
"""

import contextlib
import os
import selectors
import socket
import sys
import threading
import time
from collections.abc import Set
from dataclasses import dataclass, field
from pathlib import Path

from daemon.tcp_shares import Guest, Shares, has_shown_its_key, sharer
from retouchml.client import host_port
from retouchml.errors import DaemonError

assert sys.platform != "win32"  # which has no Unix sockets

CONNECTIONS = 40
"""Connections at once that have shown a key; while there are so many, others wait."""
_BACKLOG = 128  # of the system, for the moment until they are accepted
ACCEPTED_AT_ONCE = 64
_SECONDS_BETWEEN_TURNS = 0.05  # while connections wait
_HEAD_BYTES = 1024  # of what the server says first, which shows whether it accepted the key
_CHUNK = 1 << 18
_SECONDS_FOR_THREAD = 2.0
_SECONDS_AFTER_FAILURE = 0.1


@dataclass(eq=False)
class _Direction:
    """One direction of a connection, from ``source`` to ``target``.

    data: what was not yet sent; head: what came first
    """

    source: socket.socket
    target: socket.socket
    data: memoryview = field(default_factory=lambda: memoryview(b""))
    buffer: bytearray = field(default_factory=lambda: bytearray(_CHUNK))
    head: bytes = b""

    def move(self) -> bool:
        """Move what can be moved without waiting; returns whether both ends are still open."""
        try:
            if not self.data:
                size = self.source.recv_into(self.buffer)
                if not size:
                    return False
                self.data = memoryview(self.buffer)[:size]
                if len(self.head) < _HEAD_BYTES:
                    self.head += bytes(self.data[: _HEAD_BYTES - len(self.head)])
            self.data = self.data[self.target.send(self.data) :]
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            return False
        return True


@dataclass(eq=False)
class _Connection(Guest):
    """A connection; once it has its turn, its bytes are passed on in two directions."""

    outer: socket.socket = field(kw_only=True)
    directions: tuple[_Direction, ...] = ()
    has_key: bool = False

    def move(self, ready: Set[object]) -> bool:
        """Move what can be moved without waiting; returns whether both ends are still open."""
        return all(each.move() for each in self.directions if ready & {each.source, each.target})

    def shows_its_key(self) -> bool:
        """Whether the daemon has accepted its key since the last call."""
        if self.has_key or not self.directions:
            return False
        self.has_key = has_shown_its_key(self.directions[1].head)
        return self.has_key

    def is_open(self) -> bool:
        """Whether the other end is open; notes whether it has spoken."""
        try:
            self.has_spoken = bool(self.outer.recv(1, socket.MSG_PEEK))
        except (BlockingIOError, InterruptedError):
            return True
        except OSError:
            return False
        return self.has_spoken


class TcpProxy:
    """A listening TCP socket and the thread that serves it."""

    def __init__(self, host: str, port: int, target: Path) -> None:
        """Listen; ``target`` is the Unix socket to pass bytes on to. Raises DaemonError."""
        self._target = target
        self._listener = _listener(host, port)
        self._wake_reader, self._wake_writer = os.pipe()
        self._selector = selectors.DefaultSelector()
        self._connections: set[_Connection] = set()
        self._shares: Shares[_Connection] = Shares(self._drop)
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
        for connection in [*self._connections, *self._shares.waiting]:
            self._drop(connection)
        self._listener.close()
        self._selector.close()
        os.close(self._wake_reader)
        os.close(self._wake_writer)

    def _serve(self) -> None:
        self._selector.register(self._wake_reader, selectors.EVENT_READ)
        self._selector.register(self._listener, selectors.EVENT_READ)
        while True:
            self._watch()
            waits = _SECONDS_BETWEEN_TURNS if self._shares.waiting else None
            ready = {key.fileobj for key, _ in self._selector.select(waits)}
            if self._wake_reader in ready:
                return
            for connection in list(self._connections):
                if not connection.move(ready):
                    self._drop(connection)
                elif connection.shows_its_key():
                    self._shares.admit(connection)
            if self._listener in ready:
                self._accept()
            self._give_turns()

    def _watch(self) -> None:
        """Register for what can be done next: to read where no data waits, to write where data waits."""
        events_of: dict[socket.socket, int] = {self._listener: selectors.EVENT_READ}
        for each in (direction for connection in self._connections for direction in connection.directions):
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
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                outer, (address, *_) = self._listener.accept()
            except BlockingIOError:
                return
            except OSError:  # no descriptor is left, or the peer closed already
                time.sleep(_SECONDS_AFTER_FAILURE)
                return
            outer.setblocking(False)
            outer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._shares.add(_Connection(sharer(address), time.monotonic(), outer=outer))

    def _give_turns(self) -> None:
        """Pass on the bytes of those whose turn it is."""
        for connection in list(self._shares.waiting):
            if not connection.is_open():
                self._drop(connection)
        self._shares.trim()
        while len(self._connections) - len(self._shares.pending) < CONNECTIONS:
            next_one = self._shares.next(time.monotonic())
            if next_one is None:
                return
            self._pass_on(next_one)

    def _pass_on(self, connection: _Connection) -> None:
        inner = socket.socket(socket.AF_UNIX)
        try:
            inner.setblocking(False)
            inner.connect(os.fspath(self._target))
        except OSError:  # no descriptor is left, or the daemon stops
            inner.close()
            self._drop(connection)
            return
        connection.directions = _Direction(connection.outer, inner), _Direction(inner, connection.outer)
        self._connections.add(connection)

    def _drop(self, connection: _Connection) -> None:
        self._connections.discard(connection)
        self._shares.remove(connection)
        for end in (connection.outer, *(direction.source for direction in connection.directions)):
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(end)
            end.close()


def _listener(host: str, port: int) -> socket.socket:
    """Listen at a number of version 4 or 6; at ``::``, also for those who come by version 4."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if listener.family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, host != "::")
        listener.bind((host, port))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        where = host_port.endpoint(host, port).removeprefix("tcp://")
        raise DaemonError(f"The daemon cannot listen at {where}: {error.strerror}.") from error
    return listener
