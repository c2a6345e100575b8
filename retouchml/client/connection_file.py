"""The connection file of a daemon that listens on TCP: its address, and the CURVE keys of both sides.

Every user who can read it can use the daemon, so a file that others can read is refused.
"""

import json
import re
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from retouchml.errors import Refused
from retouchml.system import files

NAME = "connection.json"
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"  # of Z85
_KEY_LENGTH = 40  # Z85 (ZeroMQ RFC 32) of 32 bytes
_ENDPOINT = re.compile(r"tcp://([^\s/:]{1,253}|\[[0-9A-Fa-f:.%]{2,60}\]):([0-9]{1,5})")
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
        if not all(map(is_key, keys)):
            raise Refused("The keys in the connection file are not those of CURVE.")
        match = _ENDPOINT.fullmatch(self.endpoint)
        if match is None or int(match[2]) > 65535:
            raise Refused(f"{self.endpoint} is no TCP address.")

    def at(self, endpoint: str) -> "Connection":
        """The same keys for another address."""
        return replace(self, endpoint=endpoint)


def is_key(text: str) -> bool:
    """Whether a text is a key of CURVE: 32 bytes in Z85, of which each five digits are four bytes."""
    if len(text) != _KEY_LENGTH or not set(text) <= set(_DIGITS):
        return False
    groups = (text[start : start + 5] for start in range(0, _KEY_LENGTH, 5))
    return all(_value(group) < 1 << 32 for group in groups)


def _value(group: str) -> int:
    value = 0
    for digit in group:
        value = 85 * value + _DIGITS.index(digit)
    return value


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
    advice = "Bring the file once more from the other machine."
    return replace(_parsed(content, path, advice), server_secret="")


def _parsed(content: bytes, path: Path, advice: str = "Delete it and start the daemon again.") -> Connection:
    try:
        fields = json.loads(content)
        return Connection(**{name: str(value) for name, value in fields.items()})
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise Refused(f"{path} is no connection file.", advice) from error


def write(path: Path, connection: Connection) -> None:
    """Write it for the owner alone, whole or not at all. Raises Refused."""
    content = json.dumps(asdict(connection), indent=2).encode()
    try:
        files.write_atomically(path, content, 0o600)
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}.") from error
