"""TCP addresses as users write them."""

import ipaddress

from retouchml.errors import UsageError

_NAMES = {"localhost": "127.0.0.1", "*": "0.0.0.0"}  # noqa: S104 (only where it is asked for)


def address_in(text: str) -> tuple[str, int]:
    """The numeric host and the port in ``HOST:PORT``; no name server is asked. Raises UsageError."""
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise UsageError(f"{text} is no HOST:PORT.", "For example 127.0.0.1:5555.")
    try:
        number = ipaddress.IPv4Address(_NAMES.get(host, host))
    except ValueError:
        raise UsageError(f"{host} is no IPv4 address.", "For example 127.0.0.1:5555.") from None
    return str(number), int(port)
