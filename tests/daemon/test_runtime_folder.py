"""The runtime folder: private to the user, and what a crash leaves in it."""

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.pidfile import running_pid
from daemon.runtime_folder import prepare_folder
from retouchml import paths
from retouchml.client.photo_session import PhotoSession
from retouchml.errors import Refused, UsageError
from retouchml.look import Look
from retouchml.system.files import changeable_by_others, private_folder
from tests.daemon.running import (
    PATIENCE,
    PLAIN,
    Daemon,
    environment,
    is_root,
    needs_posix,
    picture,
)

LOOK = Look(0.5)
Start = Callable[..., Daemon]
only_root = pytest.mark.skipif(not is_root, reason="only root can hand a file to somebody else")
_NOBODY = 65534


def run_second() -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "daemon"]
    return subprocess.run(
        command, env=environment(), capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_daemon_starts_over_what_a_crash_has_left_and_a_photo_comes_back(start: Start) -> None:
    first = start()
    session = PhotoSession(first.client(), PLAIN, picture().tobytes())
    session.open()
    session.wait(timeout=PATIENCE)
    first.kill()
    assert paths.address_path().exists()
    start()
    session.render({0: LOOK})
    rendered = session.wait(timeout=PATIENCE)
    assert rendered is not None
    assert rendered.patches


def test_what_a_power_cut_has_left_is_no_hindrance(start: Start, home: Path) -> None:
    folder = private_folder(paths.runtime_dir())
    if sys.platform == "win32":
        paths.address_path().touch()
    else:
        for name in ("socket", "tcp"):
            with socket.socket(socket.AF_UNIX) as dead:
                dead.bind(str(folder / name))
    (folder / "lock").write_text(f"{os.getpid()}\n")  # a number that somebody else has by now
    (folder / "lock").chmod(0o600)
    (folder / "daemon.log").write_bytes(bytes(4096))  # as some file systems leave it
    (folder / "connection.json").touch(0o600)
    assert start().photo().faces
    assert running_pid(folder) not in (None, os.getpid())


@needs_posix
def test_a_file_that_is_no_socket_is_in_the_way(home: Path) -> None:
    private_folder(paths.runtime_dir())
    paths.socket_path().write_text("mine")
    ran = run_second()
    assert (ran.returncode, "no socket" in ran.stderr) == (1, True)
    assert paths.socket_path().read_text() == "mine"


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


def test_a_path_too_long_for_a_socket_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETOUCHML_HOME", str(tmp_path / ("long" * 30)))
    with pytest.raises(UsageError, match="107 are allowed"):
        paths.socket_path()


def test_a_cleared_runtime_folder_is_noticed(home: Path) -> None:
    from daemon.runtime_folder import AddressFile

    address = AddressFile(prepare_folder(paths.runtime_dir()) / "socket")
    address.path.touch()
    address.note()
    assert address.is_intact()
    address.path.unlink()
    assert not address.is_intact()


@needs_posix
def test_a_folder_that_others_could_replace_is_refused(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(Refused, match="can be changed by other users"):
        prepare_folder(tmp_path / "open" / "run")
    (tmp_path / "open").chmod(0o1777)
    assert prepare_folder(tmp_path / "open" / "run").is_dir()


@needs_posix
def test_a_link_that_others_could_replace_is_refused(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "home").mkdir()
    (tmp_path / "open" / "link").symlink_to(tmp_path / "home")
    (tmp_path / "open").chmod(0o777)
    assert changeable_by_others(tmp_path / "open" / "link" / ".") == tmp_path / "open"


@needs_posix
def test_a_folder_that_was_open_and_holds_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "daemon.log").symlink_to(tmp_path / "precious")
    (tmp_path / "run").chmod(0o777)
    with pytest.raises(Refused):
        prepare_folder(tmp_path / "run")


@needs_posix
@only_root
def test_a_folder_of_somebody_else_on_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs" / "run").mkdir(parents=True)
    os.chown(tmp_path / "theirs", _NOBODY, _NOBODY)
    with pytest.raises(Refused):
        prepare_folder(tmp_path / "theirs" / "run")
