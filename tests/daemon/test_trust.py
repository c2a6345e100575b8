"""Who is believed: files, folders, locks and peers that another user or process could have prepared."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zmq

from daemon import control, pidfile
from daemon.auth import Authenticator
from daemon.pidfile import PidFile
from daemon.runtime_folder import prepare_folder
from retouchml import paths
from retouchml.client import connection_file, launch, protocol
from retouchml.errors import Refused
from retouchml.system.files import changeable_by_others, private_folder
from tests.daemon.running import PATIENCE, Daemon, environment, is_alive, is_root, needs_posix

Start = Callable[..., Daemon]
pytestmark = needs_posix
only_root = pytest.mark.skipif(not is_root, reason="only root can hand a file to somebody else")
_NOBODY = 65534

_HOLD = """
import fcntl, sys
file = open(sys.argv[1], "r+")
getattr(fcntl, sys.argv[2])(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def held(path: Path, call: str) -> Iterator[int]:
    """Another process holds the lock; its pid."""
    command = [sys.executable, "-c", _HOLD, str(path), call]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process.pid
        process.stdin.close()


@pytest.fixture
def victim() -> Iterator[int]:
    """The pid of a process that is no daemon."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process.pid
        process.kill()


@pytest.fixture
def lock(home: Path, victim: int) -> Path:
    """A lock file that names the victim."""
    path = private_folder(paths.runtime_dir()) / paths.LOCK
    path.write_text(f"{victim}\n")
    path.chmod(0o600)
    return path


def stop() -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "retouchml", "daemon", "stop"]
    return subprocess.run(
        command, env=environment(), capture_output=True, text=True, timeout=PATIENCE, check=False
    )


@pytest.mark.parametrize("call", ["", "flock"])
def test_a_process_that_only_the_lock_file_names_is_sent_no_signal(
    lock: Path, victim: int, call: str
) -> None:
    with held(lock, call) if call else contextlib.nullcontext():
        assert stop().stdout == "No daemon runs.\n"
    assert is_alive(victim)


def test_the_holder_of_the_lock_is_told_by_the_kernel_and_not_by_the_file(lock: Path, victim: int) -> None:
    with held(lock, "lockf") as pid:
        assert pidfile.running_pid(lock.parent) == pid


def test_a_signal_for_a_daemon_that_has_left_reaches_nobody(lock: Path, victim: int) -> None:
    control.ask_to_stop(lock.parent, victim)
    control.kill(lock.parent, victim)
    assert is_alive(victim)


def test_a_link_in_place_of_the_lock_is_not_asked(lock: Path, victim: int) -> None:
    real = lock.rename(lock.with_name("real"))
    lock.symlink_to(real)
    with held(real, "lockf"):
        assert pidfile.running_pid(lock.parent) is None


@only_root
def test_another_users_lock_is_neither_believed_nor_taken(lock: Path) -> None:
    os.chown(lock, _NOBODY, _NOBODY)
    with held(lock, "lockf"):
        assert pidfile.running_pid(lock.parent) is None
    with pytest.raises(Refused):
        PidFile(lock.parent)


def test_a_lock_with_a_second_name_is_not_taken(lock: Path) -> None:
    lock.with_name("second").hardlink_to(lock)
    with pytest.raises(Refused):
        PidFile(lock.parent)


def test_asking_whether_one_runs_keeps_none_from_starting(home: Path) -> None:
    folder = prepare_folder(paths.runtime_dir())
    code = (
        "from daemon.pidfile import PidFile\nfrom retouchml.paths import runtime_dir\n"
        "for _ in range(2000): PidFile(runtime_dir()).release()"
    )
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            with contextlib.suppress(OSError):
                pidfile.running_pid(folder)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        ran = subprocess.run(
            [sys.executable, "-c", code], env=environment(), capture_output=True, check=False
        )
    finally:
        done.set()
        asking.join()
    assert (ran.returncode, ran.stderr) == (0, b"")


def test_a_folder_that_others_could_replace_is_refused(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(Refused, match="can be changed by other users"):
        prepare_folder(tmp_path / "open" / "run")
    (tmp_path / "open").chmod(0o1777)
    assert prepare_folder(tmp_path / "open" / "run").is_dir()


def test_a_link_that_others_could_replace_is_refused(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "home").mkdir()
    (tmp_path / "open" / "link").symlink_to(tmp_path / "home")
    (tmp_path / "open").chmod(0o777)
    assert changeable_by_others(tmp_path / "open" / "link" / ".") == tmp_path / "open"


def test_a_folder_that_was_open_and_holds_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "daemon.log").symlink_to(tmp_path / "precious")
    (tmp_path / "run").chmod(0o777)
    with pytest.raises(Refused):
        prepare_folder(tmp_path / "run")


@only_root
def test_a_folder_of_somebody_else_on_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs" / "run").mkdir(parents=True)
    os.chown(tmp_path / "theirs", _NOBODY, _NOBODY)
    with pytest.raises(Refused):
        prepare_folder(tmp_path / "theirs" / "run")


def recorded(python: Path | str) -> Path:
    """The installer's file, naming an interpreter."""
    import json

    record = private_folder(paths.data_dir()) / launch.RECORD
    record.write_text(json.dumps({"python": str(python)}))
    record.chmod(0o644)
    return record


def test_an_install_record_that_others_can_write_starts_nothing(home: Path) -> None:
    recorded(sys.executable).chmod(0o666)
    with pytest.raises(Refused):
        launch.find_interpreter()


@only_root
def test_an_install_record_of_somebody_else_starts_nothing(home: Path) -> None:
    os.chown(recorded(sys.executable), _NOBODY, _NOBODY)
    with pytest.raises(Refused):
        launch.find_interpreter()


@pytest.mark.parametrize(("folder", "file"), [(0o777, 0o755), (0o755, 0o777)])
def test_an_interpreter_that_others_can_replace_is_not_run(tmp_path: Path, folder: int, file: int) -> None:
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\n")
    python.chmod(file)
    python.parent.chmod(folder)
    recorded(python)
    with pytest.raises(Refused):
        launch.find_interpreter()


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


def test_behind_the_relay_too_nothing_is_said_without_keys(start: Start) -> None:
    start("--tcp", "127.0.0.1:0")
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.linger = 0
        socket.connect(f"ipc://{paths.runtime_dir()}/tcp")
        socket.send(protocol.encode("status", 1))
        assert not socket.poll(500)


@pytest.mark.parametrize("address", ["nowhere", "nowhere.invalid:5000", "1.2.3.4:70000", "[::1]:5000", ":1"])
def test_a_tcp_address_that_is_none_is_said_before_anything_is_started(home: Path, address: str) -> None:
    command = [sys.executable, "-m", "retouchml", "daemon", "restart", "--tcp", address]
    begun = time.monotonic()
    ran = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    assert time.monotonic() - begun < 10
    assert "127.0.0.1:5555" in ran.stderr
    assert not paths.runtime_dir().exists()
