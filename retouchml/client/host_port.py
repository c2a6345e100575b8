"""Addresses of machines as people type them: ``gpu.example.org:5555``, ``192.0.2.7:5555``, ``[::1]:5555``.

A name is looked up here and not by ZeroMQ, which asks for one family of addresses alone and has no time
limit.
"""

import contextlib
import ipaddress
import re
import socket
import threading
import time

from retouchml.errors import NameUnknown, UsageError

EXAMPLE = "For example gpu.example.org:5555, or [2001:db8::7]:5555."
_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252})")
_HIGHEST_PORT = 65535
_PREFIX = "tcp://"


def parse(text: str, *, port: "int | None" = None, lowest: int = 1) -> tuple[str, int]:
    """The host, a number without brackets or a name, and the port in ``HOST:PORT``. Raises UsageError.

    port: what is taken where only HOST is given, None if it must not be missing; lowest: of the ports
    """
    host, separator, digits = text.rpartition(":")
    if port is not None and (not separator or text.endswith("]")):
        host, digits = text, str(port)
    is_bracketed = host.startswith("[") and host.endswith("]")
    bare = host[1:-1] if is_bracketed else host
    is_host = _is_number(bare, 6) if is_bracketed else _is_number(bare, 4) or _is_name(bare)
    is_port = digits.isascii() and digits.isdigit() and lowest <= int(digits[:9]) <= _HIGHEST_PORT
    if not is_host or not is_port:
        raise UsageError(f"{text} is no HOST:PORT.", EXAMPLE)
    return bare, int(digits)


def endpoint(host: str, port: int) -> str:
    """The endpoint of ZeroMQ for a host, a number without brackets or a name."""
    return f"{_PREFIX}[{host}]:{port}" if ":" in host else f"{_PREFIX}{host}:{port}"


def of_endpoint(endpoint: str) -> tuple[str, int]:
    """The host, without brackets, and the port of an endpoint of a ``Connection``."""
    host, _, port = endpoint.removeprefix(_PREFIX).rpartition(":")
    return host.strip("[]"), int(port)


def is_name(host: str) -> bool:
    """Whether a host has to be looked up."""
    return not _is_number(host.partition("%")[0], 4, 6)


def look_up(host: str, port: int, seconds: float) -> list[tuple[str, int]]:
    """The numbers that a name or number stands for, those of version 4 first, each with its version.

    Raises NameUnknown if the name is not known, or nobody says within so many seconds.
    """
    found: list[list[tuple[str, int]]] = []

    def ask() -> None:
        # a name that cannot be encoded is a UnicodeError
        with contextlib.suppress(OSError, UnicodeError):
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            versions = {socket.AF_INET: 4, socket.AF_INET6: 6}
            addresses = [(str(at[0]), versions[family]) for family, *_, at in answers if family in versions]
            found.append(sorted(dict.fromkeys(addresses), key=lambda each: each[1]))

    # in a thread, since the system's own patience with a silent name server is longer
    thread = threading.Thread(target=ask, name="look-up", daemon=True)
    thread.start()
    thread.join(seconds)
    if not found or not found[0]:
        advice = "Check its spelling, or use a number."
        raise NameUnknown(f"The name {host} is not known to the network.", advice)
    return found[0]


def reachable(endpoint_: str, seconds: float) -> tuple[str, int]:
    """The endpoint with a number in place of a name, and the version of the number.

    Of several numbers the first at which somebody listens is taken; a single one is not tried. Raises
    NameUnknown as ``look_up``.
    """
    host, port = of_endpoint(endpoint_)
    if not is_name(host):
        return endpoint(host, port), 6 if ":" in host else 4
    end = time.monotonic() + seconds
    numbers = look_up(host, port, seconds)
    for index, (number, version) in enumerate(numbers[:-1]):
        share = max(0.1, (end - time.monotonic()) / (len(numbers) - index))
        with contextlib.suppress(OSError), socket.create_connection((number, port), share):
            return endpoint(number, port), version
    number, version = numbers[-1]
    return endpoint(number, port), version


def _is_name(host: str) -> bool:
    # what looks like a number and is none, such as 300.1.1.1, is a slip
    return bool(_NAME.fullmatch(host)) and not host.replace(".", "").isdigit()


def _is_number(host: str, *versions: int) -> bool:
    try:
        return ipaddress.ip_address(host).version in versions
    except ValueError:
        return False
