"""The client's socket: finds the daemon, makes sure who it is, and notices when it is gone."""

import contextlib
import os
import socket
import struct
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import zmq
from zmq.utils.monitor import recv_monitor_message

from retouchml import paths
from retouchml.client import connection_file as connection
from retouchml.client import launch, protocol, sandbox
from retouchml.errors import DaemonAbsent, DaemonGone, Refused, RetouchError
from retouchml.system import files, locks

_LINGER_MS = 200
_SECONDS_TO_APPEAR = 10.0
_SECONDS_BETWEEN_LOOKS = 0.1
_BROKEN = zmq.EVENT_DISCONNECTED | zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: struct ucred of unix(7)


class Line:
    """A DEALER socket that is opened, breaks, and can be opened again."""

    def __init__(
        self,
        start: bool,
        connection_file: Path | None,
        interpreter: Sequence[str],
        start_options: Sequence[str],
    ) -> None:
        self._start = start
        self._file = connection_file
        self._interpreter = interpreter
        self._start_options = start_options
        self._context: zmq.Context[zmq.Socket[bytes]] | None = None
        self._socket: zmq.Socket[bytes] | None = None
        self._monitor: Any = None

    @property
    def is_open(self) -> bool:
        """Whether there is a socket; the daemon may nevertheless be gone."""
        return self._socket is not None

    def open(self) -> None:
        """Connect. Raises DaemonAbsent, Refused or UsageError."""
        path = self._file or self._find()
        keys = None if path is not self._file and paths.IPC else connection.read(path)
        endpoint = f"ipc://{path}" if keys is None else keys.endpoint
        self._context = zmq.Context()
        dealer: zmq.Socket[bytes] = self._context.socket(zmq.DEALER)
        dealer.linger = _LINGER_MS
        dealer.maxmsgsize = protocol.FRAME_BYTES
        if keys is not None:
            dealer.curve_serverkey = keys.server_public.encode()
            dealer.curve_publickey = keys.client_public.encode()
            dealer.curve_secretkey = keys.client_secret.encode()
            dealer.heartbeat_ivl, dealer.heartbeat_timeout = 2000, 6000
        self._monitor = dealer.get_monitor_socket(_BROKEN)
        self._socket = dealer
        dealer.connect(endpoint)

    def send(self, frames: Sequence["bytes | memoryview"]) -> None:
        """Send a message; its frames must not change until it was answered. Raises DaemonGone."""
        if self._socket is None:
            raise DaemonGone("There is no connection to the daemon.", "Try again.")
        try:
            self._socket.send_multipart(frames, zmq.NOBLOCK, copy=False)
        except zmq.Again as error:
            raise DaemonGone("The daemon takes no more messages.", "Try again.") from error

    def receive(self) -> "list[bytes | memoryview] | None":
        """A message that has arrived, None where there is none."""
        if self._socket is None:
            return None
        try:
            frames = self._socket.recv_multipart(zmq.NOBLOCK, copy=False)
        except zmq.Again:
            return None
        return [frame.buffer for frame in frames]

    def wait(self, seconds: float, also: "zmq.Socket[bytes] | None" = None) -> RetouchError | None:
        """Wait for a message or for the connection's end; says why it ended.

        also: another socket whose messages end the wait
        """
        if self._socket is None:
            return None
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._monitor, zmq.POLLIN)
        if also is not None:
            poller.register(also, zmq.POLLIN)
        poller.poll(max(0, round(1000 * seconds)))
        with contextlib.suppress(zmq.Again):
            event = recv_monitor_message(self._monitor, zmq.NOBLOCK)["event"]
            if event == zmq.EVENT_DISCONNECTED:
                return DaemonGone("The daemon is gone.", "Try again: it is started anew where possible.")
            return Refused(
                "The daemon refused the connection.", "It belongs to another user, or the keys do not fit."
            )
        return None

    def fileno(self) -> int:
        """ZeroMQ's descriptor, -1 while closed."""
        return -1 if self._socket is None else int(self._socket.FD)

    def close(self) -> None:
        """Close; what was sent has a moment to leave."""
        if self._socket is not None:
            self._socket.disable_monitor()
            self._monitor.close(linger=0)
            self._socket.close()
        if self._context is not None:
            self._context.term()
        self._socket = self._context = self._monitor = None

    def _find(self) -> Path:
        path = paths.address_path()
        deadline = time.monotonic() + _SECONDS_TO_APPEAR
        while not listens(path):
            if app := sandbox.flatpak_app():
                raise sandbox.cannot_see_daemon(app)
            if not self._start:
                raise DaemonAbsent("No daemon runs.", "`retouchml daemon start` starts it.")
            launch.start(self._start_options, interpreter=self._interpreter)
            if listens(path):
                break
            # it was started by somebody else at the same moment, or one that leaves still holds the lock
            if time.monotonic() > deadline:
                raise DaemonAbsent(
                    "The daemon left as soon as it was started.", "See `retouchml daemon logs`."
                )
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        return path


def listens(path: Path) -> bool:
    """Whether a daemon of this user listens at that ``paths.address_path``. Raises Refused if another's."""
    if sys.platform != "win32" and paths.IPC:
        return _listens_at_socket(path)
    return _listens_on_loopback(path)


def _listens_on_loopback(path: Path) -> bool:
    # a file that a crash left names a port that may be somebody else's by now: the lock tells
    try:
        with path.with_name(paths.LOCK).open("rb") as file:
            is_held = locks.holder(file.fileno()) is not None
        with path.open("rb") as file:
            is_private = files.is_private(file.fileno())
    except OSError:
        return False
    if not is_private:
        raise Refused(f"{path} is not this user's alone.", "Set RETOUCHML_HOME to a folder of your own.")
    return is_held


if sys.platform != "win32":

    def _listens_at_socket(path: Path) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                owner = path.stat().st_uid
                probe.connect(os.fspath(path))
            except OSError:
                return False
            if sys.platform == "linux":
                given = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
                owner = _CREDENTIALS.unpack(given)[1]
        if owner != os.getuid():
            raise Refused(f"{path} belongs to another user.", "Set RETOUCHML_HOME to a folder of your own.")
        return True
