"""The transport over ZeroMQ: a DEALER socket, watched for its end by ZeroMQ's monitor."""

import contextlib
from pathlib import Path
from typing import Any

import zmq
from zmq.utils.monitor import recv_monitor_message

from retouchml import paths
from retouchml.client import connection_file, discovery, host_port, protocol
from retouchml.client.connection_errors import connection_lost
from retouchml.client.transport import ConnectOptions, Frames
from retouchml.errors import DaemonLost, Refused, RetouchError

_LINGER_MS = 200
_LOOK_UP_SECONDS = 2.0
_BROKEN = zmq.EVENT_DISCONNECTED | zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL


class ZmqTransport:
    """A ``Transport`` over ZeroMQ."""

    def __init__(self, options: ConnectOptions) -> None:
        self._options = options
        self._context: zmq.Context[zmq.Socket[bytes]] | None = None
        self._socket: zmq.Socket[bytes] | None = None
        self._monitor: Any = None

    @property
    def is_open(self) -> bool:
        """Whether there is a socket; the daemon may have stopped nevertheless."""
        return self._socket is not None

    def open(self) -> None:
        """Find the daemon and connect. Raises as ``discovery.find``."""
        endpoint, keys = self._endpoint()
        version = 4
        if keys is not None:
            endpoint, version = host_port.reachable(endpoint, _LOOK_UP_SECONDS)
        self._context = zmq.Context()
        dealer: zmq.Socket[bytes] = self._context.socket(zmq.DEALER)
        dealer.ipv6 = version == 6
        try:
            self._connect(dealer, endpoint, keys)
        except BaseException:
            dealer.close(linger=0)
            self.close()
            raise

    def _connect(
        self, dealer: "zmq.Socket[bytes]", endpoint: str, keys: "connection_file.Connection | None"
    ) -> None:
        dealer.linger = _LINGER_MS
        dealer.maxmsgsize = protocol.FRAME_BYTES
        if keys is not None:
            dealer.curve_serverkey = keys.server_public.encode()
            dealer.curve_publickey = keys.client_public.encode()
            dealer.curve_secretkey = keys.client_secret.encode()
            dealer.heartbeat_ivl = protocol.HEARTBEAT_MS
            dealer.heartbeat_timeout = protocol.HEARTBEAT_TIMEOUT_MS
        monitor = dealer.get_monitor_socket(_BROKEN)
        try:
            dealer.connect(endpoint)
        except BaseException:
            dealer.disable_monitor()
            monitor.close(linger=0)
            raise
        self._monitor, self._socket = monitor, dealer

    def send(self, frames: Frames) -> None:
        """Send a message, whose frames must not change until it was answered.

        Raises DaemonLost or Refused.
        """
        if self._socket is None:
            raise DaemonLost("There is no connection to the daemon.", "Try again.")
        try:
            self._socket.send_multipart(frames, zmq.NOBLOCK, copy=False)
        except zmq.Again as error:
            raise self._why_ended() or DaemonLost(
                "The daemon takes no more messages.", "Try again."
            ) from error

    def receive(self) -> "list[bytes | memoryview] | None":
        """A message that has arrived; None if there is none."""
        if self._socket is None:
            return None
        try:
            frames = self._socket.recv_multipart(zmq.NOBLOCK, copy=False)
        except zmq.Again:
            return None
        return [frame.buffer for frame in frames]

    def wait(self, seconds: float, also: "zmq.Socket[bytes] | None" = None) -> RetouchError | None:
        """Wait for a message or for the end of the connection; the reason if it ended.

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
        return self._why_ended()

    def _why_ended(self) -> RetouchError | None:
        """Why the connection ended; None if the monitor told of no end."""
        with contextlib.suppress(zmq.Again):
            event = recv_monitor_message(self._monitor, zmq.NOBLOCK)["event"]
            if event == zmq.EVENT_DISCONNECTED:
                return connection_lost()
            return Refused(
                "The daemon refused the connection.", "It belongs to another user, or the keys do not fit."
            )
        return None

    def fileno(self) -> int:
        """ZeroMQ's descriptor, which tells of changes only; -1 while closed."""
        return -1 if self._socket is None else int(self._socket.FD)

    def close(self) -> None:
        """Close; what was sent has a moment to be transmitted."""
        if self._socket is not None:
            self._socket.disable_monitor()
            self._monitor.close(linger=0)
            self._socket.close()
        if self._context is not None:
            self._context.term()
        self._socket = self._context = self._monitor = None

    def _endpoint(self) -> "tuple[str, connection_file.Connection | None]":
        """Where the daemon listens, and the keys for it if that is TCP."""
        if not self._options.connection_file:
            path = discovery.find(self._options)
            if path == paths.address_path() and paths.IPC:
                return f"ipc://{path}", None
        else:
            path = Path(self._options.connection_file)
        connection = connection_file.read(path)
        return connection.endpoint, connection
