"""Which connections are admitted."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import zmq

from daemon.auth import Authenticator, uid_in
from retouchml import paths
from retouchml.client import connection_file
from retouchml.client.client import Client
from retouchml.client.connection_file import Connection
from retouchml.errors import Refused
from tests.daemon.running import (
    PATIENCE,
    PLAIN,
    Daemon,
    environment,
    is_answered_without_keys,
    is_root,
    needs_posix,
    picture,
)

Start = Callable[..., Daemon]
only_root = pytest.mark.skipif(not is_root, reason="only root can be, or give to, somebody else")
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
    assert not is_answered_without_keys(endpoint)


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


@needs_posix
def test_whoever_does_not_encrypt_is_refused_where_keys_are_asked_for(tmp_path: Path) -> None:
    from zmq.utils.monitor import recv_monitor_message

    public, secret = (key.decode() for key in zmq.curve_keypair())
    keys = connection_file.Connection("tcp://a:1", public, public, secret, secret)
    with zmq.Context() as context:
        authenticator = Authenticator(context)
        router, dealer = context.socket(zmq.ROUTER), context.socket(zmq.DEALER)
        router.linger = dealer.linger = 0
        authenticator.guard_with_keys(router, keys)
        router.curve_server = False  # as if the keys had been forgotten
        router.bind(f"ipc://{tmp_path}/s")
        monitor = dealer.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_SUCCEEDED)
        dealer.connect(f"ipc://{tmp_path}/s")
        assert authenticator.socket.poll(1000 * PATIENCE)
        authenticator.answer()
        assert monitor.poll(1000 * PATIENCE)
        assert recv_monitor_message(monitor)["event"] == zmq.EVENT_HANDSHAKE_FAILED_AUTH
        assert authenticator.refused == 1
        dealer.disable_monitor()
        monitor.close(0)
        router.close()
        dealer.close()
        authenticator.close()
