"""The service on macOS: an agent that launchd starts when the user logs in. See launchd.plist(5)."""

import os
import plistlib
import shutil
from pathlib import Path

from install import processes
from install.problem import Problem
from install.service.plan import Service
from retouchml.system.processes import FOREIGN_VARIABLES

LABEL = "org.retouchml.daemon"


class LaunchdAgent:
    """See ``service_manager.Manager``."""

    stopping = "launchctl bootout " + "gui/$(id -u)/" + LABEL
    logs = "~/Library/Logs/retouchml.log, retouchml daemon logs"

    def file(self) -> Path:
        """The agent's property list."""
        return Path.home() / "Library" / "LaunchAgents" / f"{LABEL}.plist"

    def check(self) -> None:
        """Raises Problem where launchd cannot be asked."""
        if shutil.which("launchctl") is None:
            raise Problem("There is no launchctl here, so nothing can be started on login.", "Check PATH.")

    def note(self) -> str:
        """What the user should know: nothing."""
        return ""

    def content(self, service: Service) -> bytes:
        """The property list."""
        unset = [word for name in FOREIGN_VARIABLES for word in ("-u", name)]
        return plistlib.dumps(
            {
                "Label": LABEL,
                # launchd can set variables but not take away those of `launchctl setenv`
                "ProgramArguments": ["/usr/bin/env", *unset, str(service.python), *service.arguments],
                "EnvironmentVariables": service.environment,
                "WorkingDirectory": "/",
                "RunAtLoad": True,
                # it leaves with 0 when asked to, and then stays away until the next login
                "KeepAlive": {"SuccessfulExit": False},
                "ThrottleInterval": 30,
                "ExitTimeOut": 10,
                "Umask": 0o077,
                "HardResourceLimits": {"Core": 0},
                "StandardErrorPath": str(Path.home() / "Library" / "Logs" / "retouchml.log"),
            }
        )

    def is_running(self) -> bool:
        """Whether launchd has it."""
        return processes.run(["launchctl", "print", _target()], log=False).code == 0

    def start(self) -> None:
        """Load it, which starts it; an older one is unloaded first."""
        if self.is_running():
            processes.run(["launchctl", "bootout", _target()], log=False)
        # "enable" undoes a "disable" of the user's, with which bootstrap would fail without a reason
        processes.run(["launchctl", "enable", _target()], log=False)
        outcome = processes.run(["launchctl", "bootstrap", _domain(), self.file()], log=False)
        if outcome.code != 0:
            raise Problem(
                f"launchd did not take the service: {outcome.last_line}",
                "Log in on the machine's own screen, not over ssh, and run this again.",
            )

    def remove(self) -> None:
        """Unload it and delete its file."""
        if shutil.which("launchctl"):
            processes.run(["launchctl", "bootout", _target()], log=False)
        self.file().unlink(missing_ok=True)


def _domain() -> str:
    return f"gui/{os.getuid()}"  # type: ignore[attr-defined, unused-ignore]  # Windows has none


def _target() -> str:
    return f"{_domain()}/{LABEL}"
