"""The connection file of a daemon that listens on TCP: its address, and the CURVE keys of both sides.

Every user who can read it can use the daemon, so a file that others can read is refused.
"""

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from retouchml.errors import Refused
from retouchml.system import files

NAME = "connection.json"
_KEY_LENGTH = 40  # Z85 (ZeroMQ RFC 32) of 32 bytes
_LONGEST = 4096


@dataclass(frozen=True)
class Connection:
    """The content of a connection file.

    endpoint: ``tcp://HOST:PORT``; keys: Z85; server_secret: "" in a copy on another machine
    """

    endpoint: str
    server_public: str
    client_public: str
    client_secret: str = field(repr=False)
    server_secret: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        keys = [self.server_public, self.client_public, self.client_secret]
        if self.server_secret:
            keys.append(self.server_secret)
        if any(len(key) != _KEY_LENGTH for key in keys):
            raise Refused("The keys in the connection file are not those of CURVE.")
        if not self.endpoint.startswith("tcp://"):
            raise Refused(f"{self.endpoint} is no TCP address.")

    def at(self, endpoint: str) -> "Connection":
        """The same keys for another address."""
        return replace(self, endpoint=endpoint)


def read(path: Path) -> Connection:
    """Read a connection file. Raises Refused if it is missing, damaged, or readable by others."""
    try:
        with files.open_regular(path) as file:
            if not files.is_private(file.fileno()):
                raise Refused(
                    f"{path} can be read or was made by others, so its keys cannot be trusted.",
                    f"{files.MAKE_PRIVATE.format(path)} if you trust them; else delete it and start the "
                    "daemon again.",
                )
            content = file.read(_LONGEST)
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}.") from error
    return _parsed(content, path)


def read_invitation(path: Path) -> Connection:
    """Read a connection file that was brought from another machine, whoever may read it here.

    Raises Refused if it is missing or damaged.
    """
    try:
        content = files.read_bounded(path, _LONGEST)
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}.") from error
    return replace(_parsed(content, path), server_secret="")


def _parsed(content: bytes, path: Path) -> Connection:
    try:
        fields = json.loads(content)
        return Connection(**{name: str(value) for name, value in fields.items()})
    except (ValueError, TypeError, AttributeError) as error:
        raise Refused(f"{path} is no connection file.", "Delete it and start the daemon again.") from error


def write(path: Path, connection: Connection) -> None:
    """Write it for the owner alone, whole or not at all. Raises Refused."""
    content = json.dumps(asdict(connection), indent=2).encode()
    try:
        files.write_atomically(path, content, 0o600)
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}.") from error
