"""``service``: the daemon as a background service that starts on login."""

import argparse
import time
from contextlib import suppress
from pathlib import Path

from install import processes, running_daemon
from install.actions.base import Action, Part, delete, existing
from install.checkout import COMMAND_LINE, IS_PACKAGED, PYTHON
from install.console import Console, Tick
from install.data_folders import Folders
from install.errors import InstallError
from install.service import plan, systemd_system
from install.service.manager import Manager, manager_of_this_system
from retouchml.system.files import write_atomically

_POLL_SECONDS = 0.3


class BackgroundService(Action, Part):
    """The service of this user, or of several users of a machine."""

    summary = "let the daemon start on login and stay"
    title = "background service"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the daemon's options, and for whom it runs."""
        plan.add_arguments(parser)
        parser.add_argument(
            "--system",
            nargs="+",
            default=[],
            metavar="USER",
            help="as root: start it with the machine for these users (Linux)",
        )

    def run(self, arguments: argparse.Namespace, console: Console) -> int:
        """Make the service, or bring it up to date, and see that it answers. Raises InstallError."""
        if arguments.system:
            systemd_system.install(arguments, console)
            return 0
        manager = manager_of_this_system()
        manager.check()
        content = manager.content(plan.for_this_user(arguments))
        file = manager.file()
        if _holds(file, content) and manager.is_running() and running_daemon.answers_as_service():
            console.say(f"The service is there already, and runs: {file}")
            return 0
        with console.step(self.title) as tick:
            _install(manager, content)
            _wait_for_answer(manager, tick)
        if manager.note():
            console.say(manager.note())
        console.say(f"It starts when you log in. Described in {file}")
        console.say(f"Stop it until then: {manager.stop_command}")
        removal = "service --remove" if IS_PACKAGED else "uninstall service"
        console.say(f"Remove it: {COMMAND_LINE} {removal}")
        return 0

    def installed(self, folders: Folders) -> list[Path]:  # noqa: ARG002
        """The files that describe the services, and the caches of those for several users."""
        try:
            own = [manager_of_this_system().file()]
        except InstallError:
            own = []
        return existing([*own, *systemd_system.files()])

    def remove(self, path: Path, console: Console) -> None:  # noqa: ARG002
        """Stop the services that one of the files describes, and remove it."""
        if path.name == systemd_system.TEMPLATE:
            systemd_system.remove()
        elif path == systemd_system.CACHES:
            delete(path)
        else:
            manager_of_this_system().remove()


def _install(manager: Manager, content: bytes) -> None:
    file = manager.file()
    existed = file.exists()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, content)
    except OSError as error:
        raise InstallError(
            f"{file} cannot be written: {error.strerror}.", "Make its folder writable, then run this again."
        ) from error
    try:
        _stop_other_daemon()
        manager.start()
    except BaseException:
        if not existed:
            with suppress(OSError):
                manager.remove()
        raise


def _stop_other_daemon() -> None:
    """Stop a daemon that a program started by itself: two cannot listen in one place."""
    outcome = processes.run([PYTHON, "-m", "retouchml", "daemon", "stop"], log=False)
    if outcome.code != 0:
        raise InstallError(f"The running daemon does not stop: {outcome.last_line}")


def _wait_for_answer(manager: Manager, tick: Tick) -> None:
    end = time.monotonic() + running_daemon.START_SECONDS
    while not running_daemon.answers_as_service():
        if time.monotonic() > end:
            raise InstallError(
                "The service is set up, but no daemon answers as one.",
                f"Read what it says: {manager.logs}. Then run this again.",
            )
        tick()
        time.sleep(_POLL_SECONDS)


def _holds(file: Path, content: bytes) -> bool:
    try:
        return file.read_bytes() == content
    except OSError:
        return False
