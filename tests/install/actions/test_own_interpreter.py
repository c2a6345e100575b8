"""The installer run by the very Python of the environment that it makes anew or removes."""

import shlex
import subprocess
from pathlib import Path

import pytest

from tests.install.small_checkout import Ready, SmallCheckout

pytest.importorskip("fcntl", reason="stands in for Windows elsewhere")
pytestmark = pytest.mark.processes

COMMANDS = pytest.mark.parametrize(
    "command", [("demo", "--repair"), ("uninstall", "environment", "--yes")], ids=lambda command: command[0]
)


def _run(checkout: SmallCheckout, *command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        env=checkout.environment,
        cwd=checkout.top,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@COMMANDS
def test_it_replaces_the_environment_that_it_runs_in(
    ready: Ready, tmp_path: Path, command: tuple[str, ...]
) -> None:
    checkout = ready.copy(tmp_path)
    result = _run(checkout, str(checkout.venv / "bin" / "python"), "install", *command)
    assert (result.returncode, result.stderr) == (0, "")
    assert checkout.venv.exists() == (command[0] == "demo")


@COMMANDS
def test_where_nobody_can_delete_what_runs_it_deletes_nothing_and_names_the_command(
    ready: Ready, tmp_path: Path, command: tuple[str, ...]
) -> None:
    checkout = ready.copy(tmp_path)
    judge = checkout.top / "install" / "own_interpreter.py"
    judge.write_text(judge.read_text().replace('os.name != "nt"', "False"))  # as Windows
    python = checkout.venv / "bin" / "python"
    before = {path for path in checkout.venv.rglob("*") if path.suffix != ".log"}
    result = _run(checkout, str(python), "install", *command)
    assert result.returncode == 1
    assert "which Windows does not delete while it runs. Run this in place of it: " in result.stderr
    assert before <= {*checkout.venv.rglob("*")}
    named = shlex.split(result.stderr.strip().rpartition("Run this in place of it: ")[2])
    assert named[1:] == ["install", *command]
    assert _run(checkout, *named).returncode == 0
    assert checkout.venv.exists() == (command[0] == "demo")
