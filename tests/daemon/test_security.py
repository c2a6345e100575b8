import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import zmq

from daemon.auth import uid_in
from daemon.runtime_folder import prepare_folder
from retouchml import paths
from retouchml.client import connection_file, protocol
from retouchml.client.client import Client
from retouchml.client.connection_file import Connection
from retouchml.errors import Refused, RetouchError, UsageError
from retouchml.system.files import private_folder
from tests.daemon.running import PATIENCE, PLAIN, Daemon, environment, is_root, needs_posix, picture

Start = Callable[..., Daemon]
only_root = pytest.mark.skipif(not is_root, reason="only root can be, or give to, somebody else")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@needs_posix
def test_everything_in_the_runtime_folder_is_the_users_alone(start: Start) -> None:
    daemon = start("--tcp", "127.0.0.1:0")
    daemon.photo()
    folder = paths.runtime_dir()
    assert mode(folder) == 0o700
    modes = {entry.name: mode(entry) for entry in folder.iterdir()}
    assert set(modes) >= {"socket", "lock", "daemon.log", "worker.log", "connection.json"}
    assert set(modes.values()) == {0o600}


@needs_posix
def test_a_runtime_folder_that_is_open_to_others_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    folder.chmod(0o777)
    assert mode(prepare_folder(folder)) == 0o700


@only_root
def test_a_runtime_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    with pytest.raises(Refused):
        prepare_folder(folder)


@needs_posix
def test_a_link_in_place_of_the_lock_is_not_followed(home: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (private_folder(paths.runtime_dir()) / "lock").symlink_to(victim)
    ran = subprocess.run(
        [sys.executable, "-m", "daemon"], env=environment(), capture_output=True, check=False
    )
    assert (ran.returncode, victim.read_text()) == (1, "precious")


_STRANGER = """
import os, sys, zmq
from zmq.utils.monitor import recv_monitor_message
os.setgid(65534), os.setuid(65534)
socket = zmq.Context().socket(zmq.DEALER)
socket.linger = 0
monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_SUCCEEDED)
socket.connect("ipc://" + sys.argv[1])
event = recv_monitor_message(monitor)["event"]
print("refused" if event == zmq.EVENT_HANDSHAKE_FAILED_AUTH else "let in", flush=True)
os._exit(0)
"""


@only_root
def test_another_user_is_refused_even_where_the_folder_is_open(daemon: Daemon, home: Path) -> None:
    for path in (home, paths.runtime_dir(), paths.socket_path()):
        path.chmod(0o777)
    ran = subprocess.run(
        [sys.executable, "-c", _STRANGER, str(paths.socket_path())],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ran.stdout == "refused\n", ran.stderr
    assert daemon.status().refused >= 1


@pytest.mark.parametrize(
    ("address", "uid"), [("host:1000:100:77", 1000), ("::1:0:0:9", 0), ("", None), ("a:b", None)]
)
def test_the_peers_uid_is_read_from_its_address(address: str, uid: int | None) -> None:
    assert uid_in(address) == uid


def test_over_tcp_the_holder_of_the_keys_is_served(start: Start) -> None:
    start("--tcp", "127.0.0.1:0")
    with Client(connection_file=paths.runtime_dir() / connection_file.NAME) as client:
        assert client.open(PLAIN, picture().tobytes()).result(PATIENCE).faces


def test_over_tcp_another_key_is_refused(start: Start, tmp_path: Path) -> None:
    start("--tcp", "127.0.0.1:0")
    given = connection_file.read(paths.runtime_dir() / connection_file.NAME)
    public, secret = (key.decode() for key in zmq.curve_keypair())
    forged = tmp_path / "forged.json"
    connection_file.write(forged, Connection(given.endpoint, given.server_public, public, secret))
    with Client(connection_file=forged) as client, pytest.raises(Refused):
        client.connect()


def test_over_tcp_whoever_does_not_encrypt_gets_no_answer(start: Start) -> None:
    start("--tcp", "127.0.0.1:0")
    endpoint = connection_file.read(paths.runtime_dir() / connection_file.NAME).endpoint
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.linger = 0
        socket.connect(endpoint)
        socket.send(protocol.encode("status", 1))
        assert not socket.poll(500)


def test_the_keys_outlive_the_daemon_so_that_a_copy_stays_valid(start: Start) -> None:
    file = paths.runtime_dir() / connection_file.NAME
    start("--tcp", "127.0.0.1:0").close()
    keys = connection_file.read(file)
    start("--tcp", "127.0.0.1:0")
    assert connection_file.read(file).client_secret == keys.client_secret


@needs_posix
def test_a_connection_file_that_others_can_read_is_refused_on_both_sides(start: Start) -> None:
    daemon = start("--tcp", "127.0.0.1:0")
    file = paths.runtime_dir() / connection_file.NAME
    file.chmod(0o644)
    with Client(connection_file=file) as client, pytest.raises(Refused):
        client.connect()
    daemon.close()
    again = start("--tcp", "127.0.0.1:0")
    assert again.process.wait(PATIENCE) == 1


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"endpoint": "tcp://a:1", "server_public": "x"}'])
def test_a_damaged_connection_file_is_one_sentence(tmp_path: Path, content: str) -> None:
    file = tmp_path / "connection.json"
    file.write_text(content)
    file.chmod(0o600)
    with pytest.raises(Refused):
        connection_file.read(file)


def test_keys_are_not_shown_where_a_connection_is_printed() -> None:
    keys = Connection("tcp://a:1", "p" * 40, "c" * 40, "s" * 40, "t" * 40)
    assert "ssss" not in repr(keys)
    assert "tttt" not in repr(keys)


def test_a_path_too_long_for_a_socket_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETOUCHML_HOME", str(tmp_path / ("long" * 30)))
    with pytest.raises(UsageError, match="107 are allowed"):
        paths.socket_path()


def test_the_log_holds_neither_pixels_nor_looks(daemon: Daemon) -> None:
    from retouchml.look import Look

    photo = daemon.photo()
    with pytest.raises(RetouchError):
        photo.render({0: Look(0.123, edits={"fail": 0.987})}).result(PATIENCE)
    daemon.close()
    log = "".join(path.read_text() for path in paths.runtime_dir().glob("*.log"))
    assert "0.123" not in log
    assert "0.987" not in log
    assert photo.name not in log


def test_the_install_record_names_the_interpreter(home: Path) -> None:
    from retouchml.client import launch

    record = private_folder(paths.data_dir()) / launch.RECORD
    record.write_text(json.dumps({"python": sys.executable}))
    command, variables = launch.find_interpreter()
    assert command == [sys.executable]
    assert "PYTHONPATH" not in variables
    record.write_text(json.dumps({"python": "/nowhere/python"}))
    with pytest.raises(RetouchError, match="is gone"):
        launch.find_interpreter()


def test_an_editor_is_never_taken_for_an_interpreter(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from retouchml.client import launch

    monkeypatch.setattr(sys, "executable", "/usr/bin/krita")
    with pytest.raises(RetouchError, match="not installed"):
        launch.find_interpreter()


def test_a_cleared_runtime_folder_is_noticed(home: Path) -> None:
    from daemon.runtime_folder import AddressFile

    address = AddressFile(prepare_folder(paths.runtime_dir()) / "socket")
    address.path.touch()
    address.note()
    assert address.is_intact()
    address.path.unlink()
    assert not address.is_intact()
