"""Daemons on other machines, by the names that this user gave them.

Each is a connection file in the configuration folder, for this user alone: it holds the key that the other
daemon admits.
"""

import ipaddress
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from retouchml import paths
from retouchml.client import connection_file, host_port
from retouchml.client.client import Client
from retouchml.client.connection_file import Connection
from retouchml.errors import UsageError
from retouchml.settings import LOCAL
from retouchml.spelling import unknown_name
from retouchml.system import files

FOLDER = "remotes"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_SUFFIX = ".json"


def names() -> list[str]:
    """The names of all remotes, in order."""
    return sorted(path.stem for path in _folder().glob(f"*{_SUFFIX}") if _NAME.fullmatch(path.stem))


def path(name: str) -> Path:
    """The connection file of a remote. Raises UsageError for an unknown name."""
    if not names():
        advice = "`retouchml remote add FILE` keeps one."
        raise UsageError(f"There is no remote called {name}, nor any other.", advice)
    if name not in names():
        raise unknown_name("remote", name, names())
    return _folder() / f"{name}{_SUFFIX}"


def add(file: Path, name: str, address: str = "", *, force: bool = False) -> Connection:
    """Keep a copy of a connection file from another machine; returns it.

    name: of small letters, digits, hyphens and underscores; address: HOST or HOST:PORT, in place of the
    file's; force: whether a remote of that name is replaced. Raises UsageError and Refused.
    """
    if not _NAME.fullmatch(name) or name == LOCAL:
        advice = "Use small letters, digits, hyphens and underscores."
        raise UsageError(f"{name!r} cannot be the name of a remote.", advice)
    if name in names() and not force:
        raise UsageError(f"There is a remote {name} already.", "Choose another name, or add --force.")
    connection = connection_file.read_invitation(file)
    connection = connection.at(_endpoint(connection.endpoint, address))
    files.private_folder(paths.config_dir())
    files.private_folder(_folder())
    connection_file.write(_folder() / f"{name}{_SUFFIX}", connection)
    return connection


def remove(name: str) -> None:
    """Forget a remote. Raises UsageError for an unknown name."""
    with suppress(FileNotFoundError):
        path(name).unlink()


def address(name: str) -> str:
    """HOST:PORT of a remote. Raises UsageError and Refused."""
    return connection_file.read(path(name)).endpoint.removeprefix("tcp://")


@contextmanager
def connected(name: str, client_name: str, *, same_version: bool = True) -> Iterator[Client]:
    """A client that is connected to a remote, within three seconds.

    Raises DaemonLost if nobody answers there, Refused if the key is not known there, VersionMismatch.
    """
    with Client(connection_file=path(name), name=client_name, same_version=same_version) as client:
        client.connect()
        yield client


def _endpoint(stored: str, address: str) -> str:
    host, port = host_port.of_endpoint(stored)
    if address:
        host, port = host_port.parse(address, port=port)
    elif _is_nowhere(host):
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


def _is_nowhere(host: str) -> bool:
    """Whether an address leads to the machine itself, as that of a daemon does that listens everywhere."""
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return number.is_unspecified or number.is_loopback


def _folder() -> Path:
    return paths.config_dir() / FOLDER
