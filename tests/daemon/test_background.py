"""The process in the background, from its start to an end that nobody wanted."""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from daemon.options import Options
from daemon.processes import python_command, python_environment
from retouchml import paths
from retouchml.client.client import Client
from tests.daemon.running import PATIENCE, until
from tests.daemon.stand_in import ENGINE

_FAILING = """
import runpy
from daemon import server
def turn(self): raise ArithmeticError("unheard of")
server.Server._turn = turn
runpy.run_module("daemon.background", run_name="__main__")
"""


def start(*command: str) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        python_command(*command),
        env=python_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(asdict(Options(backend=ENGINE))).encode())
    process.stdin.close()
    return process


def test_what_ends_a_daemon_in_the_background_is_in_its_log(home: Path) -> None:
    process = start("-c", _FAILING)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == b"ready"
    process.wait(PATIENCE)
    process.stdout.close()
    log = (paths.runtime_dir() / "daemon.log").read_text(encoding="utf-8")
    assert "ArithmeticError: unheard of" in log
    assert not paths.address_path().exists()


def test_a_daemon_whose_starter_is_gone_stays(home: Path) -> None:
    process = start("-m", "daemon.background")
    assert process.stdout is not None
    process.stdout.close()
    assert until(lambda: paths.address_path().exists())
    with Client() as client:
        assert client.status().result(PATIENCE).uptime >= 0
        client.shutdown().result(PATIENCE)
    process.wait(PATIENCE)


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
    code = "from daemon.processes import python_environment; print(python_environment()['PYTHONPATH'])"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": once},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == once
