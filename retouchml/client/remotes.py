"""Daemons on other machines, by the names that this user gave them.

Each is a connection file in the configuration folder, for this user alone: it holds the key that the other
daemon admits.
"""

import ipaddress
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from retouchml import paths
from retouchml.client import connection_file, host_port
from retouchml.client.client import REMOTE_SECONDS, Client
from retouchml.client.connection_file import Connection
from retouchml.errors import RetouchError, UsageError
from retouchml.settings import LOCAL
from retouchml.spelling import unknown_name
from retouchml.system import files

FOLDER = "remotes"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_SUFFIX = ".json"


@dataclass(frozen=True)
class Answer:
    """How a remote answered. milliseconds: of a round trip; software: its version; devices: of its workers"""

    milliseconds: float
    software: str
    devices: tuple[str, ...]


def names() -> list[str]:
    """The names of all remotes, in order."""
    return sorted(path.stem for path in _folder().glob(f"*{_SUFFIX}") if _NAME.fullmatch(path.stem))


def is_name(text: str) -> bool:
    """Whether a remote may be called so."""
    return _NAME.fullmatch(text) is not None and text != LOCAL


def file(name: str) -> Path:
    """Where the connection file of a remote is, if there is one of that name."""
    return _folder() / f"{name}{_SUFFIX}"


def path(name: str) -> Path:
    """The connection file of a remote. Raises UsageError for an unknown name."""
    if not name:
        raise UsageError("The name of a remote is missing.", "`retouchml remote list` shows them.")
    if not names():
        advice = "`retouchml remote add FILE` keeps one."
        raise UsageError(f"There is no remote called {name}, nor any other.", advice)
    if name not in names():
        raise unknown_name("remote", name, names())
    return file(name)


def add(invitation: Path, name: str, address: str = "", *, force: bool = False) -> Connection:
    """Keep a copy of a connection file from another machine; returns it.

    name: of small letters, digits, hyphens and underscores; address: HOST or HOST:PORT, in place of the
    file's; force: whether a remote of that name is replaced. Raises UsageError and Refused.
    """
    if not is_name(name):
        advice = "Use small letters, digits, hyphens and underscores."
        raise UsageError(f"{name!r} cannot be the name of a remote.", advice)
    if name in names() and not force:
        raise UsageError(f"There is a remote {name} already.", "Choose another name, or add --force.")
    connection = connection_file.read_invitation(invitation)
    connection = connection.at(_endpoint(connection.endpoint, address))
    files.private_folder(paths.config_dir())
    files.private_folder(_folder())
    connection_file.write(file(name), connection)
    return connection


def remove(name: str) -> None:
    """Forget a remote. Raises UsageError for an unknown name."""
    with suppress(FileNotFoundError):
        path(name).unlink()


def address(name: str) -> str:
    """HOST:PORT of a remote. Raises UsageError and Refused."""
    return connection_file.read(path(name)).endpoint.removeprefix("tcp://")


def address_or_nothing(name: str) -> str:
    """HOST:PORT of a remote; "" if its file cannot be read, or there is none."""
    with suppress(RetouchError):
        return address(name)
    return ""


@contextmanager
def connected(name: str, client_name: str, *, same_version: bool = True) -> Iterator[Client]:
    """A client that is connected to a remote, within three seconds.

    Raises DaemonLost if nobody answers there, Refused if the key is not known there, VersionMismatch.
    """
    with Client(connection_file=path(name), name=client_name, same_version=same_version) as client:
        client.connect()
        yield client


def test(name: str, client_name: str) -> Answer:
    """Ask a remote of any version whether it answers. Raises as ``connected``."""
    with connected(name, client_name, same_version=False) as client:
        started = time.monotonic()
        status = client.status().result(REMOTE_SECONDS)
        milliseconds = (time.monotonic() - started) * 1000
    return Answer(milliseconds, status.software, tuple(worker.device for worker in status.workers))


def _endpoint(stored: str, address: str) -> str:
    host, port = host_port.of_endpoint(stored)
    if address:
        host, port = host_port.parse(address, port=port)
    elif is_nowhere(stored):
        raise UsageError(
            f"The file does not say at which address the other machine is: {host} is each machine itself.",
            "Say it: --host gpu.example.org, or its number.",
        )
    return host_port.endpoint(host, port)


def is_everywhere(endpoint: str) -> bool:
    """Whether an endpoint is that of a daemon which listens at every address of its machine."""
    try:
        return ipaddress.ip_address(host_port.of_endpoint(endpoint)[0]).is_unspecified
    except ValueError:
        return False


def is_nowhere(endpoint: str) -> bool:
    """Whether an endpoint leads to the machine itself, as that of a daemon does that listens everywhere."""
    host, _ = host_port.of_endpoint(endpoint)
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return number.is_unspecified or number.is_loopback


def _folder() -> Path:
    return paths.config_dir() / FOLDER
