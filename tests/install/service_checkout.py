"""A checkout in which ``install service`` works at once: the real installer, these tests' environment."""

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from install.checkout import TOP

NAME = "a $HOME checkout, 100% é"
_FAKES = ("systemctl", "systemd-run", "launchctl", "schtasks")

# the installer's command line, with another system's manager in place of this one's
_AS = """
import os, sys
name, folder, *arguments = sys.argv[1:]
sys.path.insert(0, folder)
from install import cli, running_daemon
from install.service import manager
manager.MANAGERS = {sys.platform: manager.MANAGERS[name]}
running_daemon.START_SECONDS = float(os.environ.get("START_SECONDS", running_daemon.START_SECONDS))
sys.exit(cli.main(arguments))
"""


@dataclass(frozen=True)
class ServiceCheckout:
    """Where it lies, which system's manager is used, and the environment in which everything runs."""

    top: Path
    system: str
    environment: dict[str, str]

    @property
    def home(self) -> Path:
        """RETOUCHML_HOME."""
        return Path(self.environment["RETOUCHML_HOME"])

    @property
    def user(self) -> Path:
        """The user's home."""
        return Path(self.environment["HOME"])

    @property
    def python(self) -> Path:
        return self.top / ".venv" / "bin" / "python"

    def run(self, *arguments: str, stdin: str = "", **changes: str) -> "subprocess.CompletedProcess[str]":
        """Run the installer."""
        return self._run([sys.executable, "-c", _AS, self.system, str(self.top), *arguments], stdin, changes)

    def daemon(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run ``retouchml daemon``."""
        return self._run([str(self.python), "-m", "retouchml", "daemon", *arguments], "", {})

    def status(self) -> dict[str, Any]:
        """Of the daemon; empty where none answers."""
        result = self.daemon("status", "--json")
        content: dict[str, Any] = json.loads(result.stdout) if result.returncode == 0 else {}
        return content

    def calls(self) -> list[str]:
        """What the system was asked since the last time."""
        file = Path(self.environment["CALLS"])
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return lines

    def close(self) -> None:
        """End the daemon that the fake may have started, and one that a client may have."""
        if self.python.exists():
            self.daemon("stop")
        with suppress(OSError, ValueError):
            os.kill(int((Path(self.environment["STATE"]) / "pid").read_text()), signal.SIGKILL)

    def _run(
        self, command: list[str], stdin: str, changes: dict[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command,
            env=self.environment | changes,
            input=stdin,
            capture_output=True,
            text=True,
            cwd="/",
            timeout=120,
        )


def make(folder: Path, home: Path, system: str) -> ServiceCheckout:
    """Write one below ``folder``; ``home`` is to have a short name, for the socket."""
    top = folder / NAME
    top.mkdir()
    shutil.copytree(TOP / "install", top / "install", ignore=shutil.ignore_patterns("__pycache__"))
    (top / "retouchml").symlink_to(TOP / "retouchml", target_is_directory=True)
    (top / ".venv").symlink_to(sys.prefix, target_is_directory=True)
    commands, state, user = folder / "commands", folder / "state", folder / "user"
    for new in (commands, state, user):
        new.mkdir()
    fake = TOP / "tests" / "install" / "fake_manager.py"
    for name in _FAKES:
        script = commands / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{fake}" {name} "$@"\n')
        script.chmod(0o755)
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("XDG_", "RETOUCHML", "PYTHON", "DBUS_"))
    }
    changes = {
        "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(user),
        "RETOUCHML_HOME": str(home),
        "CALLS": str(folder / "calls"),
        "STATE": str(state),
    }
    return ServiceCheckout(top, system, inherited | changes)
