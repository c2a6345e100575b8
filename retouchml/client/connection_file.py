"""The connection file of a daemon that listens on TCP: its address, and the CURVE keys of both sides.

Whoever can read it can use the daemon, so it is readable by its owner alone or not used at all.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from retouchml.errors import Refused
from retouchml.system import files

NAME = "connection.json"
_KEY_LENGTH = 40  # Z85 (ZeroMQ RFC 32) of 32 bytes
_LONGEST = 4096
_ATTEMPTS, _SECONDS_BETWEEN = 50, 0.02


@dataclass(frozen=True)
class Connection:
    """endpoint: ``tcp://HOST:PORT``; keys: Z85; ``server_secret`` may be empty in a copy elsewhere."""

    endpoint: str
    server_public: str
    client_public: str
    client_secret: str = field(repr=False)
    server_secret: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        keys = (self.server_public, self.client_public, self.client_secret)
        if not all(len(key) == _KEY_LENGTH for key in keys) or len(self.server_secret) not in (
            0,
            _KEY_LENGTH,
        ):
            raise Refused("The keys in the connection file are not those of CURVE.")
        if not self.endpoint.startswith("tcp://"):
            raise Refused(f"{self.endpoint} is no TCP address.")

    def at(self, endpoint: str) -> "Connection":
        """The same keys for another address."""
        return replace(self, endpoint=endpoint)


def read(path: Path) -> Connection:
    """The connection in a file. Raises Refused where it is missing, damaged, or readable by others."""
    try:
        with path.open("rb") as file:
            if not files.is_private(file.fileno()):
                raise Refused(
                    f"{path} can be read or was made by others, so its keys cannot be trusted.",
                    f"{files.MAKE_PRIVATE.format(path)} if you trust them; else delete it and start the "
                    "daemon anew.",
                )
            fields = json.loads(file.read(_LONGEST))
        return Connection(**{name: str(value) for name, value in fields.items()})
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise Refused(f"{path} is no connection file.", "Delete it and start the daemon anew.") from error


def write(path: Path, connection: Connection) -> None:
    """Write it for the owner alone, in one go. Raises Refused."""
    draft = path.with_suffix(".draft")
    try:
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 (a descriptor)
            json.dump(asdict(connection), file, indent=2)
            file.flush()
            os.fsync(file.fileno())  # else a power cut may leave the name without the content
        patiently(lambda: draft.replace(path))
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}.") from error


def patiently(change: Callable[[], object]) -> None:
    """Replace or remove a connection file; on Windows that fails while somebody reads it. Raises OSError."""
    for _ in range(_ATTEMPTS if sys.platform == "win32" else 1):
        try:
            change()
        except PermissionError as error:
            failure = error
            time.sleep(_SECONDS_BETWEEN)
        else:
            return
    raise failure
