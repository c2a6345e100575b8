"""The service in a Linux user's own systemd: a unit file that the user's manager starts on login."""

import os
import shutil
from pathlib import Path

from install import processes
from install.errors import InstallError
from install.service.plan import NAME, Service
from install.service.systemd_unit import SANDBOX, for_user, version_in

_UNIT = f"{NAME}.service"
_NOT_NEEDED = "Editors start the daemon by themselves all the same."


class SystemdUser:
    """The systemd instance of this user, as a ``manager.Manager``."""

    logs = f"journalctl --user -u {NAME}, retouchml daemon logs"
    stop_command = f"systemctl --user stop {NAME}"

    def __init__(self) -> None:
        self._version = 0
        self._sandbox = False

    def file(self) -> Path:
        """The unit file."""
        config = os.environ.get("XDG_CONFIG_HOME", "").strip()
        return Path(config or Path.home() / ".config") / "systemd" / "user" / _UNIT

    def check(self) -> None:
        """Raises InstallError if no manager answers; finds out what it can do."""
        if shutil.which("systemctl") is None:
            raise InstallError(
                "This system has no systemd, and no other kind of service is known here.", _NOT_NEEDED
            )
        outcome = _systemctl("show", "--property=Version", "--value")
        if outcome.code != 0:
            raise InstallError(
                f"Your user has no running systemd instance ({outcome.last_line}).",
                "Log in as that user itself, not through su or sudo, nor in a container; for a machine that "
                f"several people share, `python3 install service --system USER` as root. {_NOT_NEEDED}",
            )
        self._version = version_in(outcome.last_line)
        self._sandbox = _can_sandbox()

    def note(self) -> str:
        """What the user should know."""
        if self._sandbox:
            return ""
        return "This system grants no user namespaces: the service runs without write-protected folders."

    def content(self, service: Service) -> bytes:
        """The unit's text."""
        return for_user(service, version=self._version, sandbox=self._sandbox).encode()

    def is_running(self) -> bool:
        """Whether the unit runs, and starts on login."""
        return _systemctl("is-active", _UNIT).code == 0 and _systemctl("is-enabled", _UNIT).code == 0

    def start(self) -> None:
        """Have systemd read the unit and start it, now and on login. Raises InstallError."""
        for words in (("daemon-reload",), ("reset-failed", _UNIT), ("enable", _UNIT), ("restart", _UNIT)):
            outcome = _systemctl(*words)
            # a new unit has nothing to reset
            if outcome.code != 0 and words[0] != "reset-failed":
                command = " ".join(("systemctl --user", *words))
                raise InstallError(f"`{command}` failed: {outcome.last_line}")

    def remove(self) -> None:
        """Stop the unit and remove it; without systemd, only its files."""
        if shutil.which("systemctl"):
            _systemctl("disable", "--now", _UNIT)
        (self.file().parent / "default.target.wants" / _UNIT).unlink(missing_ok=True)
        self.file().unlink(missing_ok=True)
        if shutil.which("systemctl"):
            _systemctl("daemon-reload")


def _systemctl(*words: str) -> processes.Outcome:
    return processes.run(["systemctl", "--user", *words], log=False)


def _can_sandbox() -> bool:
    # tried for real: it depends on the kernel's settings, AppArmor's rules and systemd's version
    if shutil.which("systemd-run") is None:
        return False
    properties = [f"--property={line}" for line in (*SANDBOX, "PrivateTmp=yes")]
    command = ["systemd-run", "--user", "--quiet", "--collect", "--wait", *properties, "true"]
    return processes.run(command, log=False).code == 0
