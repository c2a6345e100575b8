"""The daemon's sockets: binds them, takes requests from them, and notices who is no longer there."""

import logging

import zmq

from daemon.gate import Gate, keys_for
from daemon.instance import Instance
from daemon.jobs import ClientKey
from daemon.processes import file_limit, give_back_memory
from daemon.relay import Relay, address_in
from retouchml import connection, protocol
from retouchml.errors import DaemonError, Refused

_log = logging.getLogger(__name__)
_MESSAGES_UNREAD = 200  # by a client, after which it counts as gone
_MESSAGES_WAITING = 4  # of a client, before its own queue fills: they may be large
_LINGER_MS = 500
_HANDSHAKE_MS = 5000  # then a connection that has not shown who it is ends
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
        self._relay: Relay | None = None
        try:
            if tcp:
                if file_limit() < _FILES_FOR_TCP:
                    raise Refused(
                        f"TCP needs {_FILES_FOR_TCP} open files, and {file_limit()} are allowed.",
                        "Raise the limit (`ulimit -n`), or leave out --tcp.",
                    )
                path = instance.folder / connection.NAME
                keys = keys_for(path, tcp)
                router = self._router()
                self.gate.guard_with_keys(router, keys)
                router.heartbeat_ivl = _HEARTBEAT_MS
                router.heartbeat_timeout = _HEARTBEAT_TIMEOUT_MS
                inner = instance.folder / _INNER
                self._bind(f"ipc://{inner}")
                inner.chmod(0o600)
                host, port = address_in(tcp)
                self._relay = Relay(host, port, inner)
                self._relay.start()
                bound = f"tcp://{host}:{self._relay.port}"
                connection.write(path, connection.Connection(**{**vars(keys), "endpoint": bound}))
            # last, since whoever can connect here takes the daemon for ready
            self.gate.guard(self._router())
            self._bind(instance.endpoint)
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
        if self._relay is not None:  # after what was sent has left through it
            self._relay.close()

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

    def _bind(self, endpoint: str) -> None:
        try:
            self.routers[-1].bind(endpoint)
        except zmq.ZMQError as error:
            raise DaemonError(f"The daemon cannot listen at {endpoint}: {error.strerror}.") from error
