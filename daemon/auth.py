"""Authentication: admits the same user over ipc, and over TCP the owner and the people who have a key.

ZeroMQ asks about every new connection (ZAP, RFC 27) before it reads a message of it. For ipc, libzmq gives
the peer's address as ``host:uid:gid:pid`` from the kernel, if the system tells (ipc_listener.cpp).
"""

import logging
import os
import sys
from pathlib import Path

import zmq
from zmq.utils import z85

from daemon.people import People, Person
from retouchml.client import connection_file, host_port
from retouchml.client.connection_file import Connection
from retouchml.errors import Refused

_log = logging.getLogger(__name__)
_CURVE = b"CURVE"
_NULL = b"NULL"
OWNER = "owner"
"""The ``User-Id`` of whoever has the daemon's own connection file; no key is as short."""
_USER_DOMAIN = b"user"  # a ZAP domain; each set of keys has its own
# Linux always tells the uid of a peer on ipc; if another system tells none, only the folder guards
_ALLOWED_UIDS: tuple[int | None, ...]
if sys.platform == "win32":
    _ALLOWED_UIDS = ()  # there is no ipc
elif sys.platform == "linux":
    _ALLOWED_UIDS = (os.getuid(),)
else:
    _ALLOWED_UIDS = (None, os.getuid())


class Authenticator:
    """Answers ZeroMQ's ZAP requests; must exist before the sockets that it guards are bound.

    refused: connections that were turned away
    """

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]") -> None:
        self.refused = 0
        self._client_keys: dict[bytes, bytes] = {}
        self._people: dict[bytes, People] = {}
        self.socket = context.socket(zmq.ROUTER)
        self.socket.linger = 0
        self.socket.bind("inproc://zeromq.zap.01")

    def guard(self, router: "zmq.Socket[bytes]") -> None:
        """Admit only this user to ``router``, which is not bound yet."""
        _set_domain(router, _USER_DOMAIN)

    def guard_with_keys(
        self, router: "zmq.Socket[bytes]", keys: Connection, people: "People | None" = None
    ) -> None:
        """Encrypt ``router``, which is not bound yet, and admit the client key of ``keys``, and ``people``.

        Messages of a person have their public key as ``User-Id``, those of the holder of ``keys`` ``OWNER``.
        """
        domain = f"keys {len(self._client_keys)}".encode()
        _set_domain(router, domain)
        router.curve_server = True
        router.curve_publickey = keys.server_public.encode()
        router.curve_secretkey = keys.server_secret.encode()
        self._client_keys[domain] = z85.decode(keys.client_public)
        if people is not None:
            self._people[domain] = people

    def answer(self) -> None:
        """Answer all waiting ZAP requests."""
        while True:
            try:
                frames = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            # [routing id…, "", version, request, domain, address, identity, mechanism, credentials…]
            start = frames.index(b"") + 1
            version, request, domain, address, _, mechanism, *credentials = frames[start:]
            allowed = self._allows(domain, mechanism, address.decode("ascii", "replace"), credentials)
            person = None if allowed else self._person(domain, mechanism, credentials)
            if person is not None:
                allowed = True
                _log.info("%s has connected", person.name)
            if not allowed:
                self.refused += 1
                _log.warning("a connection was refused (%s)", mechanism.decode("ascii", "replace"))
            status = (b"200", b"OK") if allowed else (b"400", b"Refused")
            if person is not None:
                user = person.public
            else:
                user = OWNER if domain in self._client_keys else ""
            self.socket.send_multipart([*frames[:start], version, request, *status, user.encode(), b""])

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()

    def _person(self, domain: bytes, mechanism: bytes, credentials: list[bytes]) -> "Person | None":
        people = self._people.get(domain)
        if people is None or mechanism != _CURVE or len(credentials) != 1:
            return None
        return people.by_key(z85.encode(credentials[0]).decode())

    def _allows(self, domain: bytes, mechanism: bytes, address: str, credentials: list[bytes]) -> bool:
        if domain in self._client_keys:
            return mechanism == _CURVE and credentials == [self._client_keys[domain]]
        return domain == _USER_DOMAIN and mechanism == _NULL and uid_in(address) in _ALLOWED_UIDS


def _set_domain(router: "zmq.Socket[bytes]", domain: bytes) -> None:
    router.zap_domain = domain
    router.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)


def uid_in(address: str) -> int | None:
    """The uid in ``host:uid:gid:pid``; None if the system gave none."""
    parts = address.rsplit(":", 3)
    return int(parts[1]) if len(parts) == 4 and parts[1].isdigit() else None


def keys_for(path: Path, host: str, port: int, people: "People | None" = None) -> Connection:
    """The keys of a connection file for an address. Raises Refused.

    people: whose own keys are taken if there is no such file; None for new ones
    """
    if not zmq.has("curve"):
        raise Refused("This build of ZeroMQ has no CURVE, and TCP is not used without.", "Leave out --tcp.")
    endpoint = host_port.endpoint(host, port)
    connection = connection_file.read(path) if path.exists() else None
    if people is not None and (people.has_own or connection is None):
        return people.own().at(endpoint)
    if connection is not None:
        if not connection.server_secret:
            raise Refused(f"{path} lacks the server's key.", "Delete it and start the daemon anew.")
        if people is not None:  # of an earlier version: its copies stay valid
            people.keep(connection)
        return connection.at(endpoint)
    server, client = zmq.curve_keypair(), zmq.curve_keypair()
    return Connection(
        endpoint, server[0].decode(), client[0].decode(), client[1].decode(), server[1].decode()
    )
