"""The service on macOS: an agent that launchd starts when the user logs in. See launchd.plist(5)."""

import os
import plistlib
import shutil
from pathlib import Path

from install import processes
from install.errors import InstallError
from install.service.plan import Service
from retouchml.system.processes import FOREIGN_VARIABLES

LABEL = "org.retouchml.daemon"


class LaunchdAgent:
    """macOS' launchd, as a ``manager.Manager``."""

    stop_command = "launchctl bootout " + "gui/$(id -u)/" + LABEL
    logs = "~/Library/Logs/retouchml.log, retouchml daemon logs"

    def file(self) -> Path:
        """The agent's property list."""
        return Path.home() / "Library" / "LaunchAgents" / f"{LABEL}.plist"

    def check(self) -> None:
        """Raises InstallError if there is no launchd."""
        if shutil.which("launchctl") is None:
            raise InstallError(
                "There is no launchctl here, so nothing can be started on login.", "Check PATH."
            )

    def note(self) -> str:
        """Nothing that the user should know."""
        return ""

    def content(self, service: Service) -> bytes:
        """The property list."""
        unset = [word for name in FOREIGN_VARIABLES for word in ("-u", name)]
        return plistlib.dumps(
            {
                "Label": LABEL,
                # launchd can set variables, but not unset those of `launchctl setenv`
                "ProgramArguments": ["/usr/bin/env", *unset, str(service.python), *service.arguments],
                "EnvironmentVariables": service.environment,
                "WorkingDirectory": "/",
                "RunAtLoad": True,
                # the daemon exits with 0 when it is asked to stop, and is not restarted then
                "KeepAlive": {"SuccessfulExit": False},
                "ThrottleInterval": 30,
                "ExitTimeOut": 10,
                "Umask": 0o077,
                "HardResourceLimits": {"Core": 0},
                "StandardErrorPath": str(Path.home() / "Library" / "Logs" / "retouchml.log"),
            }
        )

    def is_running(self) -> bool:
        """Whether launchd has loaded the agent."""
        return processes.run(["launchctl", "print", _target()], log=False).code == 0

    def start(self) -> None:
        """Load the agent, which starts it; a former one is unloaded first. Raises InstallError."""
        if self.is_running():
            processes.run(["launchctl", "bootout", _target()], log=False)
        # undoes a `launchctl disable` of the user's, with which bootstrap would fail without a reason
        processes.run(["launchctl", "enable", _target()], log=False)
        outcome = processes.run(["launchctl", "bootstrap", _domain(), self.file()], log=False)
        if outcome.code != 0:
            raise InstallError(
                f"launchd did not take the service: {outcome.last_line}",
                "Log in on the machine's own screen, not over ssh, and run this again.",
            )

    def remove(self) -> None:
        """Unload the agent and delete its file."""
        if shutil.which("launchctl"):
            processes.run(["launchctl", "bootout", _target()], log=False)
        self.file().unlink(missing_ok=True)


def _domain() -> str:
    return f"gui/{os.getuid()}"  # type: ignore[attr-defined, unused-ignore]  # Windows has none


def _target() -> str:
    return f"{_domain()}/{LABEL}"
