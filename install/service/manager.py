"""The programs that start services: one class for each system, behind one Protocol."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from install.errors import InstallError
from install.service.launchd_agent import LaunchdAgent
from install.service.plan import Service
from install.service.systemd_user import SystemdUser
from install.service.windows_task import WindowsTask


class Manager(Protocol):
    """A system's program that starts services on login.

    logs:         where to read what the service wrote
    stop_command: stops the service until the next login
    """

    logs: str
    stop_command: str

    def file(self) -> Path:
        """The file that describes the service."""

    def check(self) -> None:
        """Raises InstallError if the program does not answer."""

    def note(self) -> str:
        """What the user should know about the service on this system; "" for nothing."""

    def content(self, service: Service) -> bytes:
        """The content of ``file``. Raises InstallError."""

    def is_running(self) -> bool:
        """Whether the service is registered and runs."""

    def start(self) -> None:
        """Start what ``file`` describes, now and on login, in place of a former one. Raises InstallError."""

    def remove(self) -> None:
        """Stop the service and unregister it; does nothing if it never existed."""


MANAGERS: dict[str, Callable[[], Manager]] = {
    "linux": SystemdUser,
    "darwin": LaunchdAgent,
    "win32": WindowsTask,
}


def manager_of_this_system() -> Manager:
    """This system's manager. Raises InstallError if there is none."""
    if sys.platform not in MANAGERS:
        raise InstallError(
            f"No kind of service is known for {sys.platform}.", "Editors start the daemon by themselves."
        )
    return MANAGERS[sys.platform]()
