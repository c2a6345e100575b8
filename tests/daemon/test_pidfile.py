"""The lock: one daemon for each runtime folder, and no signal for another process, whatever lies there."""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon import control, pidfile
from daemon.pidfile import PidFile, running_pid
from daemon.runtime_folder import prepare_folder
from retouchml import paths
from retouchml.errors import Refused
from retouchml.system.files import private_folder
from tests.daemon.running import PATIENCE, Daemon, environment, is_alive, is_root, needs_posix

only_root = pytest.mark.skipif(not is_root, reason="only root can hand a file to somebody else")
_NOBODY = 65534
_HOLD = """
import fcntl, sys
file = open(sys.argv[1], "r+")
getattr(fcntl, sys.argv[2])(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


def run_second() -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "daemon"]
    return subprocess.run(
        command, env=environment(), capture_output=True, text=True, timeout=PATIENCE, check=False
    )


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


def test_a_second_daemon_says_that_one_runs(daemon: Daemon) -> None:
    second = run_second()
    assert second.returncode == 1
    assert second.stderr.startswith(f"A daemon runs already (process {daemon.process.pid}).")
    assert daemon.status().pid == daemon.process.pid


def test_the_pid_in_the_lock_is_the_daemons_and_gone_with_it(daemon: Daemon) -> None:
    folder = paths.runtime_dir()
    assert running_pid(folder) == daemon.process.pid
    daemon.kill()
    assert running_pid(folder) is None


@needs_posix
def test_a_link_in_place_of_the_lock_is_not_followed(home: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (private_folder(paths.runtime_dir()) / "lock").symlink_to(victim)
    ran = subprocess.run(
        [sys.executable, "-m", "daemon"], env=environment(), capture_output=True, check=False
    )
    assert (ran.returncode, victim.read_text()) == (1, "precious")


@needs_posix
def test_the_holder_of_the_lock_is_told_by_the_kernel_and_not_by_the_file(lock: Path, victim: int) -> None:
    with held(lock, "lockf") as pid:
        assert pidfile.running_pid(lock.parent) == pid


@needs_posix
def test_a_link_in_place_of_the_lock_is_not_asked(lock: Path, victim: int) -> None:
    real = lock.rename(lock.with_name("real"))
    lock.symlink_to(real)
    with held(real, "lockf"):
        assert pidfile.running_pid(lock.parent) is None


@needs_posix
@only_root
def test_another_users_lock_is_neither_believed_nor_taken(lock: Path) -> None:
    os.chown(lock, _NOBODY, _NOBODY)
    with held(lock, "lockf"):
        assert pidfile.running_pid(lock.parent) is None
    with pytest.raises(Refused):
        PidFile(lock.parent)


@needs_posix
def test_a_lock_with_a_second_name_is_not_taken(lock: Path) -> None:
    lock.with_name("second").hardlink_to(lock)
    with pytest.raises(Refused):
        PidFile(lock.parent)


@needs_posix
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


def stop() -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "retouchml", "daemon", "stop"]
    return subprocess.run(
        command, env=environment(), capture_output=True, text=True, timeout=PATIENCE, check=False
    )


@needs_posix
@pytest.mark.parametrize("call", ["", "flock"])
def test_a_process_that_only_the_lock_file_names_is_sent_no_signal(
    lock: Path, victim: int, call: str
) -> None:
    with held(lock, call) if call else contextlib.nullcontext():
        assert stop().stdout == "No daemon runs.\n"
    assert is_alive(victim)


@needs_posix
def test_a_signal_for_a_daemon_that_has_left_reaches_nobody(lock: Path, victim: int) -> None:
    control.ask_to_stop(lock.parent, victim)
    control.kill(lock.parent, victim)
    assert is_alive(victim)
