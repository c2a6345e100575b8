"""Who may use the daemon over TCP: the keys of its own, and a key for each person.

They lie in the configuration folder, for this user alone, so that they outlive a restart of the machine:
``own.json``, a connection file with the server's key and the owner's, and for each person a file with their
public key and role. The secret half of a person's key is in their invitation alone. Files are read again when
the folder changes, so what is added or revoked counts at once.
"""

import json
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

import zmq

from retouchml import paths
from retouchml.client import connection_file
from retouchml.client.connection_file import Connection
from retouchml.errors import Refused, UsageError
from retouchml.spelling import unknown_name
from retouchml.system import files

Role = Literal["use", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
_FOLDER = "keys"
_OWN = "own.json"
_PREFIX, _SUFFIX = "key-", ".person"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LONGEST = 4096


@dataclass(frozen=True)
class Person:
    """Somebody who has a key.

    public: the public half, Z85; role: ``use``, or ``admin``, who may also stop the daemon; added: seconds
    since 1970
    """

    name: str
    public: str
    role: Role = "use"
    added: float = 0.0


class People:
    """The people of one daemon."""

    def __init__(self, folder: "Path | None" = None) -> None:
        """folder: of the keys, by default that of this user."""
        self._folder = paths.config_dir() / _FOLDER if folder is None else folder
        self._read_at: int | None = None
        self._people: dict[str, Person] = {}

    def __iter__(self) -> Iterator[Person]:
        self._read()
        return iter(sorted(self._people.values(), key=lambda person: person.name))

    def by_name(self, name: str) -> "Person | None":
        """The person of that name; None if there is none, or not any more."""
        self._read()
        return self._people.get(name)

    def by_key(self, public: str) -> "Person | None":
        """The person with that public key, Z85; None if there is none, or not any more."""
        return next((person for person in self if person.public == public), None)

    def add(self, name: str, role: Role, endpoint: str) -> Connection:
        """Give a person a key; returns the invitation, whose secret is kept nowhere else.

        endpoint: ``tcp://HOST:PORT`` by which the person reaches the daemon. Raises UsageError, Refused.
        """
        if not _NAME.fullmatch(name):
            advice = "Use letters, digits, dots, hyphens and underscores."
            raise UsageError(f"{name!r} cannot be the name of a person.", advice)
        # no two of them may share a file where names that differ in their capitals are one
        known = next((each.name for each in self if each.name.casefold() == name.casefold()), None)
        if known is not None:
            raise UsageError(
                f"{known} has a key already.", f"`retouchml daemon keys revoke {known}` ends it."
            )
        own = self.own()
        public, secret = (key.decode() for key in zmq.curve_keypair())
        person = Person(name, public, role, time.time())
        try:
            files.write_atomically(self._file(name), json.dumps(asdict(person)).encode(), 0o600)
        except OSError as error:
            raise Refused(f"{self._file(name)} cannot be written: {error.strerror}.") from error
        return Connection(endpoint, own.server_public, public, secret)

    def revoke(self, name: str) -> None:
        """End a person's key. Raises UsageError if there is none."""
        if not name:
            raise UsageError("The name of a person is missing.", "`retouchml daemon keys list` shows them.")
        if not any(self):
            raise UsageError(f"There is no person called {name}, nor any other.")
        if self.by_name(name) is None:
            raise unknown_name("person", name, [person.name for person in self])
        with suppress(FileNotFoundError):
            self._file(name).unlink()

    @property
    def has_own(self) -> bool:
        """Whether there are keys of the server and the owner."""
        return (self._folder / _OWN).exists()

    def own(self) -> Connection:
        """The server's keys and the owner's, new ones if there are none yet. Raises Refused."""
        path = self._folder / _OWN
        if path.exists():
            own = connection_file.read(path)
            if own.server_secret:
                return own
            raise Refused(f"{path} lacks the server's key.", "Delete it; every copy is then out of date.")
        server, client = zmq.curve_keypair(), zmq.curve_keypair()
        own = Connection(
            "tcp://127.0.0.1:0",
            server[0].decode(),
            client[0].decode(),
            client[1].decode(),
            server[1].decode(),
        )
        self.keep(own)
        return own

    def keep(self, own: Connection) -> None:
        """Keep these as the server's keys and the owner's. Raises Refused."""
        try:
            files.private_folder(self._folder)
        except OSError as error:
            raise Refused(f"{self._folder} cannot be made: {error.strerror}.") from error
        connection_file.write(self._folder / _OWN, own)

    def _file(self, name: str) -> Path:
        # with a prefix, since Windows has names such as "con" that no file can have
        return self._folder / f"{_PREFIX}{name}{_SUFFIX}"

    def _read(self) -> None:
        try:
            changed_at = self._folder.stat().st_mtime_ns
        except OSError:
            self._people, self._read_at = {}, None
            return
        if changed_at == self._read_at:
            return
        found = (_person(path) for path in self._folder.glob(f"{_PREFIX}*{_SUFFIX}"))
        self._people = {person.name: person for person in found if person is not None}
        # a change within the clock's grain of this reading must not be missed
        self._read_at = changed_at if time.time_ns() - changed_at > 2_000_000_000 else None


def _person(path: Path) -> "Person | None":
    """The person in a file; None if it is damaged, or others may change it."""
    try:
        with files.open_regular(path) as file:
            if not files.is_private(file.fileno()):
                return None
            person = Person(**json.loads(file.read(_LONGEST)))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    is_sound = (
        path.name == f"{_PREFIX}{person.name}{_SUFFIX}"
        and isinstance(person.public, str)
        and connection_file.is_key(person.public)
        and person.role in ROLES
        and isinstance(person.added, float)
    )
    return person if is_sound else None
