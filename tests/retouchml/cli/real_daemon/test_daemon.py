"""``retouchml daemon``: real daemons with a stand-in backend."""

import json
import logging
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from retouchml import paths
from retouchml.cli import doctor_checks
from retouchml.system.files import private_folder
from tests.daemon.running import PATIENCE, Daemon, environment, is_alive, needs_posix, pause, resume, until
from tests.faulty_backend import FAULTY

pytestmark = pytest.mark.processes


def doctor() -> dict[str, doctor_checks.Finding]:
    return {finding.name: finding for finding in doctor_checks.daemon()}


def retouchml(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "retouchml", "daemon", *arguments]
    return subprocess.run(
        command, env=environment(), capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def test_a_daemon_is_started_watched_restarted_and_stopped(home: Path) -> None:
    assert retouchml("status").returncode == 1
    started = retouchml("start", "--backend", FAULTY)
    assert (started.returncode, started.stderr) == (0, "")
    first = json.loads(retouchml("status", "--json").stdout)
    assert f"process {first['pid']}" in started.stdout
    assert first["idle_exit"] is None
    assert "runs already" in retouchml("start").stdout
    assert retouchml("restart", "--backend", FAULTY, "--idle-exit", "5").returncode == 0
    second = json.loads(retouchml("status", "--json").stdout)
    assert (second["idle_exit"], second["pid"] != first["pid"]) == (300.0, True)
    assert f"process {second['pid']}" in retouchml("status").stdout
    assert retouchml("stop").stdout == "The daemon stopped.\n"
    assert until(lambda: not is_alive(second["pid"]))
    assert retouchml("stop").stdout == "No daemon runs.\n"
    assert "the daemon has stopped" in retouchml("logs", "--lines", "3").stdout


@pytest.mark.parametrize("command", ["start", "restart"])
@pytest.mark.parametrize("option", ["--detach", "--service"])
def test_options_of_run_are_unknown_to_what_starts_it_in_the_background(command: str, option: str) -> None:
    ran = retouchml(command, option)
    assert (ran.returncode, option in ran.stderr) == (2, True)


def test_a_second_daemon_in_the_foreground_is_one_sentence(daemon: Daemon) -> None:
    ran = retouchml("run")
    assert ran.returncode == 1
    assert "runs already" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_without_a_log_that_is_said(home: Path) -> None:
    ran = retouchml("logs")
    assert (ran.returncode, "no daemon has run yet" in ran.stderr) == (1, True)


def test_a_daemon_that_hangs_is_ended_nevertheless(daemon: Daemon) -> None:
    pause(daemon.process.pid)
    ran = subprocess.Popen([sys.executable, "-m", "retouchml", "daemon", "stop"], env=environment())
    assert daemon.process.wait(PATIENCE) != 0
    assert ran.wait(PATIENCE) == 0
    assert paths.address_path().exists()


def test_over_a_daemon_that_does_not_answer_start_and_status_advise_a_restart(daemon: Daemon) -> None:
    daemon.photo()
    pause(daemon.process.pid)
    try:
        for action in ("start", "status"):
            ran = retouchml(action)
            assert (ran.returncode, ran.stdout) == (1, "")
            assert "not answer" in ran.stderr
            assert "`retouchml daemon restart` replaces it." in ran.stderr
    finally:
        resume(daemon.process.pid)


def test_a_daemon_that_does_not_answer_is_restarted(daemon: Daemon) -> None:
    pause(daemon.process.pid)
    restarting = subprocess.Popen(
        [sys.executable, "-m", "retouchml", "daemon", "restart", "--backend", FAULTY], env=environment()
    )
    daemon.process.wait(PATIENCE)
    assert restarting.wait(PATIENCE) == 0
    assert daemon.status().pid != daemon.process.pid
    assert retouchml("stop").stdout == "The daemon stopped.\n"


@needs_posix
def test_a_daemon_that_ignores_every_request_is_killed(home: Path) -> None:
    path = private_folder(paths.runtime_dir()) / paths.LOCK
    path.touch(0o600)
    code = (
        "import fcntl, signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "file = open(sys.argv[1], 'r+'); fcntl.lockf(file, fcntl.LOCK_EX)\n"
        "print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        stopping = subprocess.Popen([sys.executable, "-m", "retouchml", "daemon", "stop"], env=environment())
        assert process.wait(PATIENCE) == -signal.SIGKILL
        assert stopping.wait(PATIENCE) == 0


def test_the_doctor_looks_at_the_daemon_and_starts_none(home: Path) -> None:
    found = doctor()
    assert found["daemon"].ok
    assert "none runs" in found["daemon"].state
    assert found["interpreter"].state == sys.executable
    assert not paths.address_path().exists()


def test_the_doctor_shows_a_running_daemon_and_a_lost_interpreter(daemon: Daemon) -> None:
    (private_folder(paths.data_dir()) / "install.json").write_text('{"python": "/nowhere/python"}')
    found = doctor()
    assert f"process {daemon.process.pid}, " in found["daemon"].state
    assert not found["interpreter"].ok
    assert "install demo" in found["interpreter"].advice


def test_the_doctor_says_that_a_daemon_does_not_answer(daemon: Daemon) -> None:
    pause(daemon.process.pid)
    try:
        found = doctor()["daemon"]
    finally:
        resume(daemon.process.pid)
    assert not found.ok
    assert "did not answer" in found.state


def test_the_log_is_rotated_before_it_grows_too_large(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from daemon import start

    monkeypatch.setattr(start, "_LOG_BYTES", 2000)
    logger = logging.getLogger("daemon")
    path = start.log_path(private_folder(paths.runtime_dir()))
    start.set_up_log(path)
    try:
        for number in range(200):
            logger.info("line %d", number)
    finally:
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
            handler.close()
    logs = sorted(path.parent.glob("daemon.log*"))
    assert [log.name for log in logs] == ["daemon.log", "daemon.log.1", "daemon.log.2", "daemon.log.3"]
    assert all(log.stat().st_size <= 2000 for log in logs)
    assert "line 199" in path.read_text()


def test_what_the_settings_say_is_what_the_daemon_uses(home: Path) -> None:
    (private_folder(paths.config_dir()) / "config.toml").write_text('device = "cpu"\n')
    assert retouchml("start", "--backend", FAULTY).returncode == 0
    try:
        assert json.loads(retouchml("status", "--json").stdout)["workers"][0]["device"] == "cpu"
    finally:
        retouchml("stop")
