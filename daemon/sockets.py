"""The daemon's sockets for clients: binds them, receives requests, sends answers, notices lost clients."""

import contextlib
import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import zmq

from daemon import sandboxed_editors
from daemon.auth import OWNER, Authenticator, keys_for
from daemon.options import parse_address, resolve
from daemon.people import People
from daemon.resources import file_limit, give_back_memory
from daemon.runtime_folder import AddressFile
from daemon.sandboxed_editors import SandboxFiles
from retouchml import paths
from retouchml.client import connection_file, host_port, protocol
from retouchml.errors import DaemonError, Refused

if sys.platform != "win32":
    from daemon.tcp_proxy import TcpProxy

_log = logging.getLogger(__name__)
_MESSAGES_UNREAD = 200  # by a client, after which it counts as lost
_MESSAGES_WAITING = 4  # of a client, before its own queue fills: they may be large
_LINGER_MS = 500
_HANDSHAKE_MS = 5000  # then a connection that has not shown who it is ends
_LOOPBACK = "127.0.0.1"
_NOBODY = "nobody"  # is no key, and so has none
_PROXY_TARGET = "tcp"  # the Unix socket behind the TCP one
_SANDBOX_TARGET = "sandboxes"  # and behind the one for editors in sandboxes
_FILES_FOR_TCP = 256


ClientKey = tuple[int, bytes]
"""Identifies a client: the index of the router it is connected to, and ZeroMQ's routing id there."""


class ClientLost(Exception):
    """The client is no longer connected, or no longer reads."""


class ClientSockets:
    """The daemon's sockets for clients: over ipc or loopback, and over TCP if the user asks for it."""

    def __init__(self, address: AddressFile, tcp: str, advertise: str = "") -> None:
        """Bind the sockets. Raises DaemonError, Refused or UsageError.

        tcp: HOST:PORT to listen at as well, "" for none; advertise: HOST or HOST:PORT by which others reach
        that, "" for the same
        """
        self._advertise = advertise
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.authenticator = Authenticator(self._context)
        self.routers: list[zmq.Socket[bytes]] = []
        self._proxy = contextlib.ExitStack()
        self._sandbox_files = SandboxFiles()
        self._people = People()
        try:
            if sys.platform != "win32" and paths.IPC:
                self._listen(address.path, tcp)
            else:
                self._listen_without_ipc(address.path, tcp)
            address.note()
        except BaseException:
            self.close()
            raise

    def receive(self, index: int) -> tuple[ClientKey, list[zmq.Frame], str] | None:
        """One message of router ``index``: its sender, frames and person; None if no message waits.

        If there are more frames than allowed, only the first is kept, and empty ones stand for the others.
        The person is the public key that it came with, "" for this user and the daemon's own file.
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
        return (index, identity), frames, _person(frames, has_keys=bool(router.curve_server))

    def send(self, key: ClientKey, header: bytes, frames: Sequence[memoryview]) -> None:
        """Send a message. Raises ClientLost."""
        index, identity = key
        try:
            self.routers[index].send_multipart([identity, header, *frames], zmq.NOBLOCK, copy=not frames)
        except zmq.ZMQError as error:
            raise ClientLost from error

    def close(self) -> None:
        """Close all sockets, within half a second for messages that are still to be sent."""
        self._sandbox_files.remove()
        for router in self.routers:
            router.close()
        self.authenticator.close()
        self._context.term()
        self._proxy.close()  # last, since messages are still sent through it

    if sys.platform != "win32":

        def _listen(self, address: Path, tcp: str) -> None:
            if tcp:
                self._listen_through_proxy(address.parent, *parse_address(tcp))
            if folders := sandboxed_editors.folders():
                self._listen_for_sandboxes(address.parent, folders)
            # last, since clients that can connect here take the daemon for ready
            self.authenticator.guard(self._router())
            self._bind(f"ipc://{address}")

        def _listen_through_proxy(self, folder: Path, host: str, port: int) -> None:
            if file_limit() < _FILES_FOR_TCP:
                raise Refused(
                    f"TCP needs {_FILES_FOR_TCP} open files, and {file_limit()} are allowed.",
                    "Raise the limit (`ulimit -n`), or leave out --tcp.",
                )
            path = folder / connection_file.NAME
            keys = keys_for(path, host, port, self._people)
            self._router_with_keys(keys, self._people)
            bound = self._proxied(folder / _PROXY_TARGET, host, port)
            connection_file.write(path, keys.at(self._advertised(host, bound)))

        def _listen_for_sandboxes(self, folder: Path, wanted: Sequence[Path]) -> None:
            """Listen at a loopback port for editors in sandboxes, whose folders get its address and keys."""
            if file_limit() < _FILES_FOR_TCP:
                _log.warning("too few open files are allowed to listen for editors in sandboxes")
                return
            keys = keys_for(folder / _SANDBOX_TARGET, _LOOPBACK, 0)  # new ones
            self._router_with_keys(keys)
            bound = self._proxied(folder / _SANDBOX_TARGET, _LOOPBACK, 0)
            self._sandbox_files.write(wanted, keys.at(host_port.endpoint(_LOOPBACK, bound)))

        def _proxied(self, target: Path, host: str, port: int) -> int:
            """Let a proxy accept at a TCP address for the newest router, bound at ``target``; the port."""
            self._bind(f"ipc://{target}")
            target.chmod(0o600)
            proxy = TcpProxy(resolve(host, port)[0], port, target)
            self._proxy.callback(proxy.close)
            proxy.start()
            return proxy.port

    def _listen_without_ipc(self, address: Path, tcp: str) -> None:
        """Listen at a port of the loopback interface, and write it to the connection file ``address``.

        libzmq accepts here itself: there is no ipc listener in which it could abort (see ``tcp_proxy``).
        """
        if tcp:
            path = address.with_name(connection_file.NAME)
            host, port = parse_address(tcp)
            keys = keys_for(path, host, port, self._people)
            self._router_with_keys(keys, self._people)
            number, version = resolve(host, port)
            self.routers[-1].ipv6 = version == 6
            bound = self._bind(host_port.endpoint(number, port).removesuffix(":0") + ("" if port else ":*"))
            connection_file.write(path, keys.at(self._advertised(host, host_port.of_endpoint(bound)[1])))
        keys = keys_for(address, _LOOPBACK, 0)  # new ones, since the old file was removed
        self._router_with_keys(keys)
        bound = self._bind(f"tcp://{_LOOPBACK}:*")
        connection_file.write(address, replace(keys.at(bound), server_secret=""))

    def _advertised(self, host: str, port: int) -> str:
        """The endpoint that the connection file and invitations say."""
        if self._advertise:
            host, port = host_port.parse(self._advertise, port=port)
        return host_port.endpoint(host, port)

    def _router_with_keys(self, keys: connection_file.Connection, people: People | None = None) -> None:
        router = self._router()
        self.authenticator.guard_with_keys(router, keys, people)
        router.heartbeat_ivl = protocol.HEARTBEAT_MS
        router.heartbeat_timeout = protocol.HEARTBEAT_TIMEOUT_MS

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
        """Bind the newest router; returns the endpoint, with the port that the system chose."""
        router = self.routers[-1]
        try:
            router.bind(endpoint)
            return cast(bytes, router.getsockopt(zmq.LAST_ENDPOINT)).rstrip(b"\0").decode()
        except zmq.ZMQError as error:
            raise DaemonError(f"The daemon cannot listen at {endpoint}: {error.strerror}.") from error


def _person(frames: Sequence[zmq.Frame], *, has_keys: bool) -> str:
    """The key that the authenticator noted for the connection of a message; "" for this user or the owner.

    has_keys: whether every connection was admitted by a key, so that one without is nobody's
    """
    if not has_keys:
        return ""
    try:
        user = str(frames[0].get("User-Id")) if frames else ""
    except zmq.ZMQError:
        user = ""
    return "" if user == OWNER else user or _NOBODY
