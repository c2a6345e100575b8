"""The daemon's sockets: binds them, takes requests from them, and notices who is no longer there."""

import contextlib
import logging
import sys
from dataclasses import replace
from pathlib import Path
from typing import cast

import zmq

from daemon.addresses import address_in
from daemon.auth import Gate, keys_for
from daemon.instance import Instance
from daemon.jobs import ClientKey
from daemon.processes import file_limit, give_back_memory
from retouchml import paths
from retouchml.client import connection_file, protocol
from retouchml.errors import DaemonError, Refused

if sys.platform != "win32":
    from daemon.tcp_proxy import Relay

_log = logging.getLogger(__name__)
_MESSAGES_UNREAD = 200  # by a client, after which it counts as gone
_MESSAGES_WAITING = 4  # of a client, before its own queue fills: they may be large
_LINGER_MS = 500
_HANDSHAKE_MS = 5000  # then a connection that has not shown who it is ends
_LOOPBACK = "127.0.0.1"
_INNER = "tcp"  # the Unix socket behind the TCP one
_FILES_FOR_TCP = 256
_HEARTBEAT_MS, _HEARTBEAT_TIMEOUT_MS = 2000, 6000


class ClientGone(Exception):
    """Nobody is at the other end, or nobody reads there."""


class Post:
    """All sockets that clients talk to."""

    def __init__(self, instance: Instance, tcp: str) -> None:
        """Raises DaemonError, Refused or UsageError where one cannot be bound."""
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.gate = Gate(self._context)
        self.routers: list[zmq.Socket[bytes]] = []
        self._relay = contextlib.ExitStack()
        try:
            if sys.platform != "win32" and paths.IPC:
                self._listen(instance, tcp)
            else:
                self._listen_without_ipc(instance, tcp)
            instance.bound()
        except BaseException:
            self.close()
            raise

    def receive(self, index: int) -> tuple[ClientKey, list[zmq.Frame]] | None:
        """One message of router ``index``; None where none waits.

        Of more frames than are allowed the first is kept, with empty ones to tell of the others.
        """
        router = self.routers[index]
        try:
            identity = router.recv(zmq.NOBLOCK)
        except zmq.Again:
            return None
        frames: list[zmq.Frame] = []
        too_many = False
        while router.rcvmore:
            frame = router.recv(copy=False)
            if len(frames) < protocol.FRAMES:
                frames.append(frame)
            else:
                too_many = True
        if too_many:
            del frames[1:], frame
            frames += [zmq.Frame()] * protocol.FRAMES
            give_back_memory()
        return (index, identity), frames

    def send(self, key: ClientKey, header: bytes, frames: list[memoryview]) -> None:
        """Raises ClientGone."""
        index, identity = key
        try:
            self.routers[index].send_multipart([identity, header, *frames], zmq.NOBLOCK, copy=not frames)
        except zmq.ZMQError as error:
            raise ClientGone from error

    def close(self) -> None:
        """Close all; what was sent has half a second to leave."""
        for router in self.routers:
            router.close()
        self.gate.close()
        self._context.term()
        self._relay.close()  # after what was sent has left through it

    if sys.platform != "win32":

        def _listen(self, instance: Instance, tcp: str) -> None:
            if tcp:
                self._listen_through_relay(instance.folder, *address_in(tcp))
            # last, since whoever can connect here takes the daemon for ready
            self.gate.guard(self._router())
            self._bind(f"ipc://{instance.address}")

        def _listen_through_relay(self, folder: Path, host: str, port: int) -> None:
            if file_limit() < _FILES_FOR_TCP:
                raise Refused(
                    f"TCP needs {_FILES_FOR_TCP} open files, and {file_limit()} are allowed.",
                    "Raise the limit (`ulimit -n`), or leave out --tcp.",
                )
            path = folder / connection_file.NAME
            keys = keys_for(path, host, port)
            self._router_with_keys(keys)
            inner = folder / _INNER
            self._bind(f"ipc://{inner}")
            inner.chmod(0o600)
            relay = Relay(host, port, inner)
            self._relay.callback(relay.close)
            relay.start()
            connection_file.write(path, keys.at(f"tcp://{host}:{relay.port}"))

    def _listen_without_ipc(self, instance: Instance, tcp: str) -> None:
        """Listen at a port of the loopback interface, whose connection file clients find as they do a socket.

        libzmq accepts here itself: there is no ipc listener that it could abort in (see ``relay``).
        """
        if tcp:
            path = instance.folder / connection_file.NAME
            host, port = address_in(tcp)
            keys = keys_for(path, host, port)
            self._router_with_keys(keys)
            connection_file.write(path, keys.at(self._bind(f"tcp://{host}:{port or '*'}")))
        keys = keys_for(instance.address, _LOOPBACK, 0)  # new ones: what was there was removed
        self._router_with_keys(keys)
        bound = self._bind(f"tcp://{_LOOPBACK}:*")
        connection_file.write(instance.address, replace(keys.at(bound), server_secret=""))

    def _router_with_keys(self, keys: connection_file.Connection) -> None:
        router = self._router()
        self.gate.guard_with_keys(router, keys)
        router.heartbeat_ivl = _HEARTBEAT_MS
        router.heartbeat_timeout = _HEARTBEAT_TIMEOUT_MS

    def _router(self) -> "zmq.Socket[bytes]":
        router: zmq.Socket[bytes] = self._context.socket(zmq.ROUTER)
        router.linger = _LINGER_MS
        router.handshake_ivl = _HANDSHAKE_MS
        router.router_mandatory = True
        router.sndhwm = _MESSAGES_UNREAD
        router.rcvhwm = _MESSAGES_WAITING
        router.maxmsgsize = protocol.FRAME_BYTES
        self.routers.append(router)
        return router

    def _bind(self, endpoint: str) -> str:
        """Bind the newest router; the endpoint as it came out."""
        router = self.routers[-1]
        try:
            router.bind(endpoint)
            return cast(bytes, router.getsockopt(zmq.LAST_ENDPOINT)).rstrip(b"\0").decode()
        except zmq.ZMQError as error:
            raise DaemonError(f"The daemon cannot listen at {endpoint}: {error.strerror}.") from error
