"""``service``: the daemon as a background service that starts on login."""

import argparse
import time
from contextlib import suppress
from pathlib import Path

from install import processes, running_daemon
from install.checkout import PYTHON
from install.console import Console, Tick
from install.problem import Problem
from install.service import plan, systemd_system
from install.service.manager import Manager, here
from retouchml.system.files import write_atomically

_SECONDS_TO_ANSWER = 30.0  # a first start compiles every module, perhaps from a cold disk
_POLL_SECONDS = 0.3
_TITLE = "background service"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the daemon's options, and for whom it is to run."""
    plan.add_arguments(parser)
    parser.add_argument(
        "--system",
        nargs="+",
        default=[],
        metavar="USER",
        help="as root: start it with the machine for these users (Linux)",
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Make the service, or bring it up to date, and see that it answers."""
    if arguments.system:
        return systemd_system.install(arguments, console)
    manager = here()
    manager.check()
    service = plan.plan(arguments)
    content = manager.content(service)
    if _holds(manager.file(), content) and manager.is_running() and running_daemon.answers_as_service():
        console.say(f"The service is there already, and runs: {manager.file()}")
        return 0
    with console.step(_TITLE) as tick:
        _put_in_place(manager, content)
        _wait(manager, tick)
    if manager.note():
        console.say(manager.note())
    console.say(f"It starts when you log in. Described in {manager.file()}")
    console.say(f"Stop it until then: {manager.stopping}")
    console.say("Remove it: python3 install uninstall service")
    return 0


def _put_in_place(manager: Manager, content: bytes) -> None:
    file = manager.file()
    was_there = file.exists()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, content)
    except OSError as error:
        raise Problem(
            f"{file} cannot be written: {error.strerror}.", "Make its folder writable, then run this again."
        ) from error
    try:
        _send_away_older()
        manager.start()
    except BaseException:
        if not was_there:
            with suppress(OSError):
                manager.remove()
        raise


def _send_away_older() -> None:
    """Let a daemon leave that a program started by itself: two cannot listen in one place."""
    outcome = processes.run([PYTHON, "-m", "retouchml", "daemon", "stop"], log=False)
    if outcome.code != 0:
        raise Problem(f"The daemon that runs does not make room: {outcome.last_line}")


def _wait(manager: Manager, tick: Tick) -> None:
    end = time.monotonic() + _SECONDS_TO_ANSWER
    while not running_daemon.answers_as_service():
        if time.monotonic() > end:
            raise Problem(
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
