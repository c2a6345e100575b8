import json
import subprocess
import sys
from pathlib import Path

from retouchml import paths
from tests.daemon.running import PATIENCE, Daemon, environment, is_alive, until
from tests.daemon.stand_in import ENGINE


def retouchml(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "retouchml", "daemon", *arguments]
    return subprocess.run(
        command, env=environment(), capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def test_a_daemon_is_started_watched_restarted_and_stopped(home: Path) -> None:
    assert retouchml("status").returncode == 1
    started = retouchml("start", "--engine", ENGINE)
    assert (started.returncode, started.stderr) == (0, "")
    first = json.loads(retouchml("status", "--json").stdout)
    assert f"process {first['pid']}" in started.stdout
    assert first["idle_exit"] is None
    assert "runs already" in retouchml("start").stdout
    assert retouchml("restart", "--engine", ENGINE, "--idle-exit", "5").returncode == 0
    second = json.loads(retouchml("status", "--json").stdout)
    assert (second["idle_exit"], second["pid"] != first["pid"]) == (300.0, True)
    assert f"process {second['pid']}" in retouchml("status").stdout
    assert retouchml("stop").stdout == "The daemon has left.\n"
    assert until(lambda: not is_alive(second["pid"]))
    assert retouchml("stop").stdout == "No daemon runs.\n"
    assert "the daemon has left" in retouchml("logs", "--lines", "3").stdout


def test_a_second_daemon_in_the_foreground_is_one_sentence(daemon: Daemon) -> None:
    ran = retouchml("run")
    assert ran.returncode == 1
    assert "runs already" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_without_a_log_that_is_said(home: Path) -> None:
    ran = retouchml("logs")
    assert (ran.returncode, "no daemon has run yet" in ran.stderr) == (1, True)


def test_a_daemon_that_hangs_is_ended_nevertheless(daemon: Daemon) -> None:
    import os
    import signal

    os.kill(daemon.process.pid, signal.SIGSTOP)
    ran = subprocess.Popen([sys.executable, "-m", "retouchml", "daemon", "stop"], env=environment())
    assert daemon.process.wait(PATIENCE) == -signal.SIGKILL
    assert ran.wait(PATIENCE) == 0
    assert paths.socket_path().exists()
