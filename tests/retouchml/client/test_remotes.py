"""Daemons on other machines, by name."""

import json
import stat
import time
from pathlib import Path

import pytest

from retouchml import paths
from retouchml.client import connection_file, remotes
from retouchml.client.connection_file import Connection
from retouchml.errors import DaemonLost, Refused, UsageError
from tests.ports import free_port
from tests.retouchml.running import needs_modes

KEYS = ("p" * 40, "c" * 40, "s" * 40, "t" * 40)


def invitation(folder: Path, endpoint: str = "tcp://192.0.2.7:5555") -> Path:
    """A connection file as it comes from another machine, readable by everybody."""
    path = folder / "connection.json"
    connection_file.write(path, Connection(endpoint, *KEYS))
    path.chmod(0o644)
    return path


@needs_modes
def test_a_copy_is_kept_for_this_user_alone_and_without_the_servers_secret(tmp_path: Path) -> None:
    remotes.add(invitation(tmp_path), "studio")
    path = remotes.path("studio")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert "t" * 40 not in path.read_text()
    assert remotes.address("studio") == "192.0.2.7:5555"


@pytest.mark.parametrize(
    ("endpoint", "address", "expected"),
    [
        ("tcp://0.0.0.0:5555", "gpu.example.org", "gpu.example.org:5555"),
        ("tcp://0.0.0.0:5555", "gpu.example.org:22", "gpu.example.org:22"),
        ("tcp://192.0.2.7:5555", "127.0.0.1:6000", "127.0.0.1:6000"),
        ("tcp://[::]:5555", "[2001:db8::7]", "[2001:db8::7]:5555"),
        ("tcp://192.0.2.7:5555", "[2001:db8::7]:22", "[2001:db8::7]:22"),
    ],
)
def test_the_address_can_be_said(endpoint: str, address: str, expected: str, tmp_path: Path) -> None:
    remotes.add(invitation(tmp_path, endpoint), "studio", address)
    assert remotes.address("studio") == expected


@pytest.mark.parametrize(
    "endpoint", ["tcp://0.0.0.0:5555", "tcp://127.0.0.1:5555", "tcp://localhost:5555", "tcp://[::1]:5"]
)
def test_an_address_that_is_each_machine_itself_is_refused(endpoint: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not say at which address"):
        remotes.add(invitation(tmp_path, endpoint), "studio")
    assert remotes.names() == []


@pytest.mark.parametrize(
    "address",
    [
        "a b",
        "host:",
        "host:99999",
        "tcp://host",
        "a:b:c",
        ":5",
        "[a]:5",
        "[::1",
        "::1",
        "1.2.3:5",
        "[1.2.3.4]:5",
    ],
)
def test_a_wrong_address_is_refused(address: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no HOST"):
        remotes.add(invitation(tmp_path), "studio", address)


@pytest.mark.parametrize("name", ["", "../up", "Studio", "a" * 65, "local", ".hidden"])
def test_a_name_is_no_path(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be the name"):
        remotes.add(invitation(tmp_path), name)


def test_a_remote_is_replaced_only_if_that_is_meant(tmp_path: Path) -> None:
    remotes.add(invitation(tmp_path), "studio")
    with pytest.raises(UsageError, match="already"):
        remotes.add(invitation(tmp_path), "studio", "other")
    remotes.add(invitation(tmp_path), "studio", "other", force=True)
    assert remotes.address("studio") == "other:5555"


def test_an_unknown_name_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nor any other"):
        remotes.path("studio")
    remotes.add(invitation(tmp_path), "studio")
    with pytest.raises(UsageError, match="Did you mean studio"):
        remotes.path("studo")
    remotes.remove("studio")
    assert remotes.names() == []


def test_foreign_files_in_the_folder_are_no_remotes(tmp_path: Path) -> None:
    remotes.add(invitation(tmp_path), "studio")
    (paths.config_dir() / remotes.FOLDER / "Notes.json").write_text("{}")
    assert remotes.names() == ["studio"]


def test_what_is_no_connection_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "connection.json"
    path.write_text("{}")
    with pytest.raises(Refused, match="is no connection file"):
        remotes.add(path, "studio")
    with pytest.raises(Refused, match="cannot be read"):
        remotes.add(tmp_path / "gone", "studio")


@pytest.mark.parametrize(
    "change",
    [
        {"endpoint": "tcp://gpu"},
        {"endpoint": "tcp://gpu:99999"},
        {"endpoint": "ipc://gpu:1"},
        {"endpoint": "tcp://a b:1"},
        {"client_secret": "~" * 40},
        {"client_public": "#" * 40},
        {"server_public": "ü" * 40},
    ],
)
def test_an_invitation_with_wrong_keys_or_address_is_refused(change: dict[str, str], tmp_path: Path) -> None:
    path = invitation(tmp_path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(Refused):
        remotes.add(path, "studio", "127.0.0.1:1")
    assert remotes.names() == []


def test_where_nobody_answers_it_says_so_soon(tmp_path: Path, unused_port: int) -> None:
    remotes.add(invitation(tmp_path), "studio", f"127.0.0.1:{unused_port}")
    started = time.monotonic()
    with (
        pytest.raises(DaemonLost, match=f"Nobody answers at 127.0.0.1:{unused_port}"),
        remotes.connected("studio", "a test"),
    ):
        pytest.fail("it connected")
    assert time.monotonic() - started < 60  # three seconds; a busy machine must not fail a test


def test_a_name_that_nobody_knows_is_said_as_that(tmp_path: Path) -> None:
    remotes.add(invitation(tmp_path), "studio", "nowhere.invalid:5555")
    with (
        pytest.raises(DaemonLost, match=r"The name nowhere\.invalid is not known to the network"),
        remotes.connected("studio", "a test"),
    ):
        pytest.fail("it connected")


@pytest.fixture
def unused_port() -> int:
    """A port of the loopback interface at which nobody listens."""
    return free_port()
