"""Keys of persons: their files, and what a real daemon on TCP does with them."""

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.people import People
from retouchml import paths
from retouchml.client import connection_file
from retouchml.client.client import Client
from retouchml.errors import DaemonLost, Refused, UsageError
from tests.daemon.running import PATIENCE, PLAIN, Daemon, is_alive, needs_posix, picture, until

ENDPOINT = "tcp://192.0.2.7:5555"


def test_a_person_has_a_key_until_it_is_revoked() -> None:
    people, others = People(), People()
    invitation = people.add("anna", "use", ENDPOINT)
    key = invitation.client_public
    found = others.by_key(key)
    assert found is not None
    assert (found.name, found.role) == ("anna", "use")
    people.revoke("anna")
    assert others.by_key(key) is None
    assert others.by_name("anna") is None


def test_the_invitation_has_what_the_person_needs_and_nothing_of_the_server() -> None:
    people = People()
    invitation = people.add("anna", "use", ENDPOINT)
    own = people.own()
    assert (invitation.endpoint, invitation.server_public) == (ENDPOINT, own.server_public)
    assert not invitation.server_secret
    assert invitation.client_secret != own.client_secret
    kept = "".join(path.read_text() for path in (paths.config_dir() / "keys").iterdir())
    assert invitation.client_secret not in kept


@needs_posix
def test_keys_are_for_this_user_alone_and_others_are_not_trusted() -> None:
    people = People()
    people.add("anna", "use", ENDPOINT)
    folder = paths.config_dir() / "keys"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    (folder / "key-anna.person").chmod(0o644)
    os.utime(folder)
    assert People().by_name("anna") is None


@pytest.mark.parametrize(
    "change",
    [
        {"role": "root"},
        {"name": "otto"},
        {"public": "short"},
        {"public": "~" * 40},
        {"public": "#" * 40},
        {"more": 1},
        {"public": None},
        {"added": "x"},
        {"role": []},
    ],
)
def test_a_damaged_file_is_nobodys_key(change: dict[str, object]) -> None:
    People().add("anna", "use", ENDPOINT)
    People().add("otto", "use", ENDPOINT)
    path = paths.config_dir() / "keys" / "key-anna.person"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    assert [person.name for person in People()] == ["otto"]
    path.write_text("[" * 4000)
    assert [person.name for person in People()] == ["otto"]


@pytest.mark.parametrize("name", ["", "../anna", "a/b", ".anna", "a" * 65, "a\nb"])
def test_a_name_is_no_path(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name"):
        People().add(name, "use", ENDPOINT)


def test_a_second_key_needs_the_first_revoked() -> None:
    People().add("anna", "use", ENDPOINT)
    for name in ("anna", "Anna"):
        with pytest.raises(UsageError, match="anna has a key already"):
            People().add(name, "admin", ENDPOINT)
    with pytest.raises(UsageError, match="Did you mean anna"):
        People().revoke("ana")


Start = Callable[..., Daemon]


def invited(tmp_path: Path, name: str, role: str = "use") -> Path:
    """A person's connection file for the daemon that runs."""
    endpoint = connection_file.read(paths.runtime_dir() / connection_file.NAME).endpoint
    path = tmp_path / f"{name}.json"
    connection_file.write(path, People().add(name, role, endpoint))  # type: ignore[arg-type]
    return path


def test_a_person_is_served_and_after_a_revocation_no_longer(start: Start, tmp_path: Path) -> None:
    start("--tcp", "127.0.0.1:0")
    file = invited(tmp_path, "anna")
    with Client(connection_file=file) as client:
        assert client.open(PLAIN, picture().tobytes()).result(PATIENCE).faces
        People().revoke("anna")
        with pytest.raises(Refused, match="not valid any more"):
            client.open(PLAIN, picture().tobytes()).result(PATIENCE)
        People().add("anna", "admin", ENDPOINT)  # another key under the same name
        with pytest.raises(Refused, match="not valid any more"):
            client.shutdown().result(PATIENCE)
    with Client(connection_file=file) as client, pytest.raises(Refused, match="does not know the key"):
        client.connect()


def test_only_an_admin_may_stop_the_daemon(start: Start, tmp_path: Path) -> None:
    daemon = start("--tcp", "127.0.0.1:0")
    with Client(connection_file=invited(tmp_path, "anna")) as client:
        with pytest.raises(Refused, match="not for stopping"):
            client.shutdown().result(PATIENCE)
        assert client.status().result(PATIENCE).photos == 0
    with Client(connection_file=invited(tmp_path, "otto", "admin")) as client:
        client.shutdown().result(PATIENCE)
    assert until(lambda: not is_alive(daemon.process.pid))


def test_the_log_names_the_person_and_no_key(start: Start, tmp_path: Path) -> None:
    daemon = start("--tcp", "127.0.0.1:0")
    file = invited(tmp_path, "anna")
    with Client(connection_file=file) as client:
        client.connect()
    log = Path(daemon.status().log).read_text()
    assert "anna has connected" in log
    assert connection_file.read(file).client_public not in log


def test_copies_stay_valid_when_the_runtime_folder_is_cleared(start: Start, tmp_path: Path) -> None:
    daemon = start("--tcp", "127.0.0.1:0")
    own = paths.runtime_dir() / connection_file.NAME
    before = connection_file.read(own)
    daemon.stop()
    own.unlink()
    start("--tcp", "127.0.0.1:0")
    after = connection_file.read(own)
    assert after.at(before.endpoint) == before


def test_keys_of_an_earlier_version_are_kept(start: Start) -> None:
    earlier = People(paths.data_dir()).own()  # made anywhere, and put where earlier versions had them
    own = paths.runtime_dir() / connection_file.NAME
    own.parent.mkdir(mode=0o700, parents=True)
    connection_file.write(own, earlier)
    start("--tcp", "127.0.0.1:0")
    assert connection_file.read(own).client_public == earlier.client_public
    assert People().own().client_public == earlier.client_public


def test_a_stranger_is_nobody(start: Start, tmp_path: Path) -> None:
    start("--tcp", "127.0.0.1:0")
    file = invited(tmp_path, "anna")
    People().revoke("anna")
    with Client(connection_file=file) as client, pytest.raises((Refused, DaemonLost)):
        client.connect()
