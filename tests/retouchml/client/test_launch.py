"""Starting the daemon: which interpreter, in which environment, and what the daemon reports."""

import contextlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from daemon.pidfile import running_pid
from retouchml import paths
from retouchml.client import discovery, greeting, launch
from retouchml.client.client import Client
from retouchml.errors import DaemonAbsent, DaemonLost, Refused, RetouchError
from retouchml.system.file_names import INSTALL_RECORD
from retouchml.system.files import private_folder
from tests.daemon.running import (
    PATIENCE,
    PLAIN,
    Daemon,
    holds_lock,
    is_alive,
    is_root,
    needs_posix,
    pause,
    picture,
    resume,
    until,
)
from tests.faulty_backend import FAULTY

only_root = pytest.mark.skipif(not is_root, reason="only root can hand a file to somebody else")
_NOBODY = 65534


def _session(pid: int) -> int:
    return pid if sys.platform == "win32" else os.getsid(pid)


def recorded(python: Path | str) -> Path:
    """The installer's file, naming an interpreter."""
    record = private_folder(paths.data_dir()) / INSTALL_RECORD
    record.write_text(json.dumps({"python": str(python)}))
    record.chmod(0o644)
    return record


def test_what_a_client_starts_is_in_the_background_with_an_environment_of_its_own(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/nowhere")
    with Client(start=True, start_options=["--backend", FAULTY]) as client:
        photo = client.open(PLAIN, picture().tobytes()).result(PATIENCE)
        status = client.status().result(PATIENCE)
        variables = psutil.Process(status.pid).environ()
        session = _session(status.pid)
        client.shutdown().result(PATIENCE)
    assert (len(photo.faces), status.idle_exit) == (1, 1800.0)
    assert "/nowhere" not in variables.values()
    assert session != _session(0)
    assert until(lambda: running_pid(paths.runtime_dir()) is None)


def test_a_start_that_fails_says_why(home: Path) -> None:
    with (
        Client(start=True, start_options=["--tcp", "nonsense"]) as client,
        pytest.raises(DaemonAbsent) as caught,
    ):
        client.connect()
    assert "nonsense is no HOST:PORT." in str(caught.value)


def test_the_install_record_names_the_interpreter(home: Path) -> None:
    from retouchml.client import launch

    record = private_folder(paths.data_dir()) / INSTALL_RECORD
    record.write_text(json.dumps({"python": sys.executable}))
    command, variables = launch.find_interpreter()
    assert command == [sys.executable]
    assert "PYTHONPATH" not in variables
    record.write_text(json.dumps({"python": "/nowhere/python"}))
    with pytest.raises(RetouchError, match="does not exist"):
        launch.find_interpreter()


def test_an_editor_is_never_taken_for_an_interpreter(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from retouchml.client import launch

    monkeypatch.setattr(sys, "executable", "/usr/bin/krita")
    with pytest.raises(RetouchError, match="not installed"):
        launch.find_interpreter()


def test_a_package_called_daemon_beside_the_light_one_is_not_the_engine(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "daemon").mkdir()  # python-daemon's
    (tmp_path / "daemon" / "__init__.py").touch()
    monkeypatch.setattr(launch, "__file__", str(tmp_path / "retouchml" / "client" / "launch.py"))
    with pytest.raises(DaemonAbsent, match="not installed"):
        launch.find_interpreter()


@needs_posix
def test_an_install_record_that_others_can_write_starts_nothing(home: Path) -> None:
    recorded(sys.executable).chmod(0o666)
    with pytest.raises(Refused):
        launch.find_interpreter()


@needs_posix
@only_root
def test_an_install_record_of_somebody_else_starts_nothing(home: Path) -> None:
    os.chown(recorded(sys.executable), _NOBODY, _NOBODY)
    with pytest.raises(Refused):
        launch.find_interpreter()


@needs_posix
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


def test_a_daemon_that_runs_already_counts_as_started(daemon: Daemon) -> None:
    assert not launch.start([f"--backend={FAULTY}"], interpreter=[sys.executable])


def test_a_daemon_that_runs_and_does_not_answer_does_not_count_as_started(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(greeting.wait_for_answer, "__defaults__", (2.0,))
    pause(daemon.process.pid)
    try:
        with pytest.raises(DaemonLost) as caught:
            launch.start([f"--backend={FAULTY}"], interpreter=[sys.executable])
    finally:
        resume(daemon.process.pid)
    assert f"process {daemon.process.pid}), but it does not answer" in caught.value.message
    assert "daemon restart" in caught.value.advice


@needs_posix
def test_a_socket_that_accepts_nothing_more_does_not_block_a_client(home: Path) -> None:
    path = private_folder(paths.runtime_dir()) / paths.address_path().name
    with contextlib.ExitStack() as opened:
        listener = opened.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(str(path))
        listener.listen(0)
        for _ in range(3):
            waiting = opened.enter_context(socket.socket(socket.AF_UNIX))
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(str(path))
        opened.enter_context(holds_lock())
        assert not discovery.listens(path)


@needs_posix
def test_a_socket_without_its_lock_belongs_to_a_daemon_that_was_killed(home: Path) -> None:
    # the kernel frees a killed process's locks before it closes its sockets
    path = private_folder(paths.runtime_dir()) / paths.address_path().name
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with holds_lock():
            assert discovery.listens(path)
        assert not discovery.listens(path)


def test_a_command_that_is_no_daemon_is_an_error_with_its_last_words(home: Path, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("import sys; print('warning'); sys.exit('first\\nlast words')")
    with pytest.raises(DaemonAbsent, match="cannot be started: last words"):
        launch.start(interpreter=[sys.executable, str(program)])
    program.write_text("raise SystemExit(7)")
    with pytest.raises(DaemonAbsent, match="it ended with code 7"):
        launch.start(interpreter=[sys.executable, str(program)])
    with pytest.raises(DaemonAbsent, match="cannot be run"):
        launch.start(interpreter=[str(tmp_path / "nothing")])


def test_a_command_that_reports_nothing_is_killed_after_a_time(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "_START_SECONDS", 1.0)
    program = tmp_path / "program.py"
    program.write_text("import time; time.sleep(1000)")
    started: list[subprocess.Popen[bytes]] = []

    class Noted(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Noted)
    with pytest.raises(DaemonAbsent, match="did not start within 1 s"):
        launch.start(interpreter=[sys.executable, str(program)])
    assert until(lambda: not is_alive(started[0].pid))
