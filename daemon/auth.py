"""Who may connect: the same user over ipc, the holder of the one client key over TCP.

ZeroMQ asks here about every new connection (ZAP, RFC 27) before it reads a message of it. For ipc, libzmq
gives the peer's address as ``host:uid:gid:pid`` from the kernel, where the system tells (ipc_listener.cpp).
"""

import logging
import os
import sys
from pathlib import Path

import zmq
from zmq.utils import z85

from retouchml.client import connection_file
from retouchml.client.connection_file import Connection
from retouchml.errors import Refused

_log = logging.getLogger(__name__)
_CURVE = b"CURVE"
_NULL = b"NULL"
_OF_USER = b"user"  # a ZAP domain; each set of keys has its own
# Linux always tells the uid of a peer on ipc; elsewhere the folder guards where none is told
_UIDS: tuple[int | None, ...]
if sys.platform == "win32":
    _UIDS = ()  # there is no ipc
elif sys.platform == "linux":
    _UIDS = (os.getuid(),)
else:
    _UIDS = (None, os.getuid())


class Gate:
    """Answers ZAP requests; must be made before the sockets that it guards are bound."""

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]") -> None:
        self.refused = 0
        self._client_keys: dict[bytes, bytes] = {}
        self.socket = context.socket(zmq.ROUTER)
        self.socket.linger = 0
        self.socket.bind("inproc://zeromq.zap.01")

    def guard(self, router: "zmq.Socket[bytes]") -> None:
        """Let ``router``, not bound yet, ask here."""
        _ask(router, _OF_USER)

    def guard_with_keys(self, router: "zmq.Socket[bytes]", keys: Connection) -> None:
        """Let ``router``, not bound yet, encrypt and admit one client key alone."""
        domain = f"keys {len(self._client_keys)}".encode()
        _ask(router, domain)
        router.curve_server = True
        router.curve_publickey = keys.server_public.encode()
        router.curve_secretkey = keys.server_secret.encode()
        self._client_keys[domain] = z85.decode(keys.client_public)

    def answer(self) -> None:
        """Answer all requests that wait."""
        while True:
            try:
                frames = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            # [routing id…, "", version, request, domain, address, identity, mechanism, credentials…]
            start = frames.index(b"") + 1
            version, request, domain, address, _, mechanism, *credentials = frames[start:]
            allowed = self._allows(domain, mechanism, address.decode("ascii", "replace"), credentials)
            if not allowed:
                self.refused += 1
                _log.warning("a connection was refused (%s)", mechanism.decode("ascii", "replace"))
            status = (b"200", b"OK") if allowed else (b"400", b"Refused")
            self.socket.send_multipart([*frames[:start], version, request, *status, b"", b""])

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()

    def _allows(self, domain: bytes, mechanism: bytes, address: str, credentials: list[bytes]) -> bool:
        if domain in self._client_keys:
            return mechanism == _CURVE and credentials == [self._client_keys[domain]]
        return domain == _OF_USER and mechanism == _NULL and uid_in(address) in _UIDS


def _ask(router: "zmq.Socket[bytes]", domain: bytes) -> None:
    router.zap_domain = domain
    router.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)


def uid_in(address: str) -> int | None:
    """The uid in ``host:uid:gid:pid``; None where the system gave none."""
    parts = address.rsplit(":", 3)
    return int(parts[1]) if len(parts) == 4 and parts[1].isdigit() else None


def keys_for(path: Path, host: str, port: int) -> Connection:
    """The connection file's keys, made anew where there is no file, for an address. Raises Refused."""
    if not zmq.has("curve"):
        raise Refused("This build of ZeroMQ has no CURVE, and TCP is not used without.", "Leave out --tcp.")
    endpoint = f"tcp://{host}:{port}"
    if path.exists():
        found = connection_file.read(path)
        if not found.server_secret:
            raise Refused(f"{path} lacks the server's key.", "Delete it and start the daemon anew.")
        return found.at(endpoint)
    server, client = zmq.curve_keypair(), zmq.curve_keypair()
    return Connection(
        endpoint, server[0].decode(), client[0].decode(), client[1].decode(), server[1].decode()
    )
