"""What starts services on each system."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from install.problem import Problem
from install.service.launchd_agent import LaunchdAgent
from install.service.plan import Service
from install.service.systemd_user import SystemdUser
from install.service.windows_task import WindowsTask


class Manager(Protocol):
    """One system's way to start something on login.

    logs:     where to read what the service wrote
    stopping: the command that stops it until the next login
    """

    logs: str
    stopping: str

    def file(self) -> Path:
        """Where it wants the service described."""

    def check(self) -> None:
        """Raises Problem where it cannot be asked."""

    def note(self) -> str:
        """What the user should know about the service here; "" for nothing."""

    def content(self, service: Service) -> bytes:
        """The description, for ``file``. Raises Problem."""

    def is_running(self) -> bool:
        """Whether the service is known and at work."""

    def start(self) -> None:
        """Start what ``file`` describes, now and on login, in place of an older one. Raises Problem."""

    def remove(self) -> None:
        """Stop it and forget it, also where it was never there."""


MANAGERS: dict[str, Callable[[], Manager]] = {
    "linux": SystemdUser,
    "darwin": LaunchdAgent,
    "win32": WindowsTask,
}


def here() -> Manager:
    """This system's. Raises Problem."""
    if sys.platform not in MANAGERS:
        raise Problem(
            f"No kind of service is known for {sys.platform}.", "Editors start the daemon by themselves."
        )
    return MANAGERS[sys.platform]()
