"""The daemon without Unix sockets: on Windows as it is there, elsewhere with these switched off."""

import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
import zmq

from retouchml import paths
from retouchml.client import connection_file, greeting
from retouchml.client.client import Client
from retouchml.client.discovery import listens
from retouchml.errors import DaemonAbsent, DaemonLost, Refused, VersionMismatch
from retouchml.look import Look
from retouchml.system.processes import python_command
from tests.daemon.running import (
    PATIENCE,
    Daemon,
    environment,
    holds_lock,
    is_answered_without_keys,
    needs_posix,
    until,
)
from tests.faulty_backend import FAULTY

pytestmark = pytest.mark.processes

_WITHOUT_IPC = """
import sys
from retouchml import paths
paths.IPC = False
from daemon.__main__ import main
sys.exit(main())
"""
# the software of that version, and the address file that nobody locks
_OF_0_1_0 = """
from daemon import runtime_folder, status
status.__version__ = "0.1.0"
runtime_folder.locks = type("NoLocks", (), {"take": staticmethod(lambda _: True)})
"""
_DAEMON = python_command("-c", _WITHOUT_IPC, "--backend", FAULTY)
Run = Callable[..., Daemon]


@pytest.fixture(autouse=True)
def without_ipc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "IPC", False)


@pytest.fixture
def run() -> Iterator[Run]:
    """Starts daemons without Unix sockets."""
    with ExitStack() as started:

        def one(*options: str, code: str = "") -> Daemon:
            command = python_command("-c", code + _WITHOUT_IPC, "--backend", FAULTY)
            process = subprocess.Popen([*command, *options], env=environment())
            daemon = Daemon(process)
            started.callback(daemon.close)
            is_there = paths.address_path().exists if code else lambda: listens(paths.address_path())
            assert until(lambda: is_there() or process.poll() is not None)
            return daemon

        yield one


def test_a_face_is_retouched_through_a_loopback_port(run: Run) -> None:
    daemon = run()
    rendered = daemon.photo().render({0: Look(0.5)}).result(PATIENCE)
    assert len(rendered.patches) == 1
    assert connection_file.read(paths.address_path()).endpoint.startswith("tcp://127.0.0.1:")
    assert not (paths.runtime_dir() / "socket").exists()


def test_the_loopback_address_leaves_with_the_daemon(run: Run) -> None:
    daemon = run()
    daemon.client().shutdown().result(PATIENCE)
    assert daemon.process.wait(PATIENCE) == 0
    assert not paths.address_path().exists()
    with Client() as client, pytest.raises(DaemonAbsent, match="No daemon runs"):
        client.status()


def test_another_key_is_refused_on_loopback(run: Run) -> None:
    run()
    given = connection_file.read(paths.address_path())
    public, secret = (key.decode() for key in zmq.curve_keypair())
    forged = paths.runtime_dir() / "forged.json"
    connection_file.write(forged, replace(given, client_public=public, client_secret=secret))
    with Client(connection_file=forged) as client, pytest.raises(Refused):
        client.connect()


def test_whoever_does_not_encrypt_gets_no_answer_on_loopback(run: Run) -> None:
    daemon = run()
    assert not is_answered_without_keys(connection_file.read(paths.address_path()).endpoint)
    assert daemon.status().pid == daemon.process.pid


def test_an_address_that_a_crash_left_is_not_believed_though_somebody_listens_there(run: Run) -> None:
    first = run()
    keys = connection_file.read(paths.address_path())
    first.kill()
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        connection_file.write(paths.address_path(), keys.at(f"tcp://127.0.0.1:{stranger.getsockname()[1]}"))
        assert not listens(paths.address_path())
        with Client() as client, pytest.raises(DaemonAbsent):
            client.status()
        assert run().photo().faces
    assert connection_file.read(paths.address_path()).client_secret != keys.client_secret


@needs_posix
def test_an_address_that_a_crash_left_is_not_believed_while_a_new_daemon_has_only_its_lock(run: Run) -> None:
    first = run()
    keys = connection_file.read(paths.address_path())
    first.kill()
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        connection_file.write(paths.address_path(), keys.at(f"tcp://127.0.0.1:{stranger.getsockname()[1]}"))
        with holds_lock():
            assert not listens(paths.address_path())
    assert run().photo().faces


def test_a_second_daemon_on_loopback_says_that_one_runs(run: Run) -> None:
    daemon = run()
    second = subprocess.run(_DAEMON, env=environment(), capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert f"runs already (process {daemon.process.pid})" in second.stderr


@needs_posix
def test_an_address_that_others_can_read_is_refused(run: Run) -> None:
    run()
    paths.address_path().chmod(0o644)
    with Client() as client, pytest.raises(Refused, match="this user's alone"):
        client.connect()
    paths.address_path().chmod(0o600)


def test_a_port_for_others_is_beside_the_one_for_this_machine(run: Run) -> None:
    daemon = run("--tcp", "127.0.0.1:0")
    outer = paths.runtime_dir() / connection_file.NAME
    ours, theirs = connection_file.read(paths.address_path()), connection_file.read(outer)
    assert ours.endpoint != theirs.endpoint
    assert ours.client_secret != theirs.client_secret
    assert not ours.server_secret
    with Client(connection_file=outer) as client:
        assert client.status().result(PATIENCE).pid == daemon.status().pid


def test_a_daemon_of_0_1_0_which_did_not_lock_its_address_is_named_with_its_version(run: Run) -> None:
    daemon = run(code=_OF_0_1_0)
    assert not listens(paths.address_path())
    with Client() as client, pytest.raises(VersionMismatch, match=r"is version 0\.1\.0") as asked:
        client.status()
    assert "`retouchml daemon restart`" in asked.value.advice
    with pytest.raises(VersionMismatch, match=r"is version 0\.1\.0"):
        greeting.wait_for_answer(1.0)
    daemon.kill()
    with Client() as client, pytest.raises(DaemonAbsent):
        client.status()


@needs_posix
def test_nothing_but_a_silent_daemon_is_claimed_if_a_stranger_has_the_old_address(run: Run) -> None:
    first = run()
    keys = connection_file.read(paths.address_path())
    first.kill()
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        connection_file.write(paths.address_path(), keys.at(f"tcp://127.0.0.1:{stranger.getsockname()[1]}"))
        with (
            holds_lock() as pid,
            pytest.raises(DaemonLost, match=rf"process {pid}\), but it does not answer"),
        ):
            greeting.wait_for_answer(1.0)
