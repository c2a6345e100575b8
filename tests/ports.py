"""Ports for servers that are to listen at a known one, or to come back to theirs."""

import secrets
import socket
from contextlib import suppress


def free_port() -> int:
    """A port of the loopback interface at which nobody listens.

    It is below those that Linux, macOS and Windows give to whoever asks for any or connects to something, so
    that nobody gets it meanwhile.
    """
    for _ in range(1000):
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as taken, suppress(OSError):
            taken.bind(("127.0.0.1", port))
            return port
    raise AssertionError("there is no free port")
