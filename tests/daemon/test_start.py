"""The process in the background, from its start to an end that nobody wanted."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from retouchml import paths
from retouchml.client.client import Client
from retouchml.system.processes import python_command, python_environment
from tests.daemon.running import PATIENCE, Daemon, until
from tests.faulty_backend import FAULTY

pytestmark = pytest.mark.processes

_FAILING = """
import runpy
from daemon import server
def turn(self): raise ArithmeticError("unheard of")
server.Server._turn = turn
runpy.run_module("daemon", run_name="__main__", alter_sys=True)
"""


def start(*command: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        python_command(*command, "--background", f"--backend={FAULTY}"),
        env=python_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )


def output_of(process: "subprocess.Popen[bytes]") -> dict[str, Any]:
    """All of its standard output, read to the end."""
    assert process.stdout is not None
    with process.stdout as stream:
        report: dict[str, Any] = json.loads(stream.read())
    return report


def test_what_ends_a_daemon_in_the_background_is_in_its_log(home: Path) -> None:
    process = start("-c", _FAILING)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline()) == {"ready": True}
    process.wait(PATIENCE)
    process.stdout.close()
    log = (paths.runtime_dir() / "daemon.log").read_text(encoding="utf-8")
    assert "ArithmeticError: unheard of" in log
    assert not paths.address_path().exists()


def test_a_daemon_whose_starter_is_gone_stays(home: Path) -> None:
    process = start("-m", "daemon")
    assert process.stdout is not None
    process.stdout.close()
    assert until(lambda: paths.address_path().exists())
    with Client() as client:
        assert client.status().result(PATIENCE).uptime >= 0
        client.shutdown().result(PATIENCE)
    process.wait(PATIENCE)


def test_a_daemon_lets_go_of_its_standard_streams_once_it_is_ready(home: Path) -> None:
    process = start("-m", "daemon")
    assert output_of(process) == {"ready": True}, "the end of the output comes while it runs"
    assert process.poll() is None
    with Client() as client:
        client.shutdown().result(PATIENCE)
    assert process.wait(PATIENCE) == 0


def test_a_second_daemon_reports_the_code_and_the_sentence_of_its_error(daemon: Daemon) -> None:
    process = start("-m", "daemon")
    report = output_of(process)
    assert (report["code"], str(daemon.process.pid) in report["message"]) == ("daemon_runs", True)
    assert "retouchml daemon restart" in report["advice"]
    assert process.wait(PATIENCE) == 1


def test_the_option_detach_starts_one_in_the_background_as_older_plug_ins_ask(home: Path) -> None:
    command = python_command("-m", "daemon", "--detach", "--idle-exit", "30", f"--backend={FAULTY}")
    first, second = (
        subprocess.run(command, env=python_environment(), capture_output=True, text=True, check=False)
        for _ in range(2)
    )
    assert (first.returncode, first.stdout, first.stderr) == (0, "", "")
    assert second.returncode == 1
    assert "runs already" in second.stderr.splitlines()[-1]
    with Client() as client:
        assert client.status().result(PATIENCE).idle_exit == 1800.0
        client.shutdown().result(PATIENCE)


def test_nothing_is_imported_from_the_folder_in_which_it_starts(tmp_path: Path) -> None:
    (tmp_path / "daemon").mkdir()
    (tmp_path / "daemon" / "__init__.py").write_text("raise SystemExit('planted')")
    command = python_command("-m", "daemon", "--help")
    ran = subprocess.run(
        command, env=python_environment(), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr


def test_the_checkout_comes_first_and_once() -> None:
    once = python_environment()["PYTHONPATH"]
    code = (
        "from retouchml.system.processes import python_environment; print(python_environment()['PYTHONPATH'])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": once},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == once
