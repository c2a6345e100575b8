"""``retouchml daemon``: the background process that keeps the models loaded."""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from retouchml import engine
from retouchml.cli import daemon_keys
from retouchml.cli.context import Context, Subparsers
from retouchml.errors import DaemonAbsent, DaemonError

if TYPE_CHECKING:
    from retouchml.client.status import Status

_ANSWER_SECONDS = 10.0
_STOP_SECONDS = 6.0  # a daemon stops within 5
_LINES = 40
_LONGEST_LOG = 64 << 20  # bytes; the daemon begins a new one much earlier
_MEGABYTE = 1e6


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command and its actions."""
    parser = subparsers.add_parser(
        "daemon",
        help="run, start, stop, watch the background process",
        description="The daemon is your background process that keeps the models loaded for editors.",
        allow_abbrev=False,
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    for name, run, help_ in (
        ("run", run_daemon, "run it in the foreground"),
        ("start", start_daemon, "start it in the background"),
        ("restart", restart_daemon, "stop it, then start it"),
    ):
        action = actions.add_parser(name, help=help_, allow_abbrev=False)
        if engine.is_beside():  # elsewhere the engine's own command line reads these
            from daemon import options

            options.add_arguments(action)
            if name == "run":
                options.add_run_arguments(action)
        action.set_defaults(run=run)
    stop = actions.add_parser("stop", help="stop it", allow_abbrev=False)
    stop.set_defaults(run=stop_daemon)
    status = actions.add_parser("status", help="show its workers, photos and memory", allow_abbrev=False)
    status.add_argument("--json", action="store_true", help="print JSON")
    status.set_defaults(run=show_status)
    keys = actions.add_parser("keys", help="who may use it from other machines", allow_abbrev=False)
    if engine.is_beside():
        daemon_keys.add_actions(keys)
    logs = actions.add_parser("logs", help="show its log", allow_abbrev=False)
    logs.add_argument(
        "--lines", type=int, default=_LINES, metavar="N", help=f"only the last N lines (default: {_LINES})"
    )
    logs.add_argument("--follow", action="store_true", help="also show new lines, until Ctrl-C")
    logs.set_defaults(run=show_logs)


def run_daemon(arguments: argparse.Namespace, _context: Context) -> int:
    """Run the daemon in this process until it is stopped."""
    from daemon import start

    return start.run_or_detach(arguments)


def start_daemon(arguments: argparse.Namespace, context: Context) -> int:
    """Start the daemon with the interpreter that runs this command, unless one runs already and answers."""
    from daemon import options
    from retouchml.client import greeting, launch

    options.from_arguments(arguments)  # reports bad ones before anything is started
    pid = _pid()
    if pid is not None and greeting.wait_for_answer():
        context.console.say(f"A daemon runs already (process {pid}).")
        return 0
    command_line = options.as_command_line(arguments)
    launch.start(command_line, interpreter=[sys.executable], idle_exit=arguments.idle_exit)
    context.console.say(f"The daemon runs (process {_pid()}).")
    return 0


def restart_daemon(arguments: argparse.Namespace, context: Context) -> int:
    """Stop the daemon if it runs, and start it."""
    from daemon import options

    options.from_arguments(arguments)
    _stop()
    return start_daemon(arguments, context)


def stop_daemon(_arguments: argparse.Namespace, context: Context) -> int:
    """Stop the daemon; kill it if it does not stop by itself."""
    context.console.say("The daemon stopped." if _stop() else "No daemon runs.")
    return 0


def show_status(arguments: argparse.Namespace, context: Context) -> int:
    """Print the status of the daemon; exit code 1 if none runs."""
    from retouchml.client.client import Client

    with Client(name="retouchml daemon status") as client:
        status = client.status().result(_ANSWER_SECONDS)
    if arguments.json:
        from retouchml.cli import report

        context.console.print(report.text(status.fields()))
        return 0
    for line in _lines(status):
        context.console.print(line)
    return 0


def show_logs(arguments: argparse.Namespace, context: Context) -> int:
    """Print the end of the daemon's log."""
    from daemon.start import log_path
    from retouchml import paths
    from retouchml.system import files

    path = log_path(paths.runtime_dir())
    try:
        content = files.read_bounded(path, _LONGEST_LOG)
    except FileNotFoundError:
        raise DaemonAbsent("There is no log: no daemon has run yet.", "`retouchml daemon start`.") from None
    lines = content.decode("utf-8", "replace").splitlines()
    for line in lines[-max(arguments.lines, 0) :] if arguments.lines else ():
        context.console.print(line)
    if arguments.follow:
        for line in _new_lines(path, len(content)):
            context.console.print(line)
    return 0


def _stop() -> bool:
    """Stop the daemon; whether one ran."""
    from daemon import control
    from retouchml import paths

    pid = _pid()
    if pid is None:
        return False
    folder = paths.runtime_dir()
    control.ask_to_stop(folder, pid)
    if not _has_stopped(pid, _STOP_SECONDS):
        control.kill(folder, pid)
        if not _has_stopped(pid, _STOP_SECONDS):
            raise DaemonError(f"The daemon (process {pid}) does not stop.", "Kill it by hand.")
    return True


def _pid() -> int | None:
    from daemon.pidfile import running_pid
    from retouchml import paths

    return running_pid(paths.runtime_dir())


def _has_stopped(pid: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if _pid() != pid:
            return True
        time.sleep(0.05)
    return False


def _new_lines(path: Path, position: int) -> Iterator[str]:
    """Lines that are written to the log from ``position`` on; endless."""
    while True:
        time.sleep(0.2)
        try:
            size = path.stat().st_size
            if size < position:  # the log was rotated
                position = 0
            with path.open("rb") as file:
                file.seek(position)
                data = file.read()
        except OSError:
            continue
        whole = data[: data.rfind(b"\n") + 1]
        position += len(whole)
        yield from whole.decode("utf-8", "replace").splitlines()


def _lines(status: "Status") -> list[str]:
    from retouchml.cli.progress_bar import duration

    keep_alive = status.keep_alive
    idle_exit = status.idle_exit
    service = ", as a service" if status.service else ""
    lines = [
        f"daemon     process {status.pid}, version {status.software}, for {duration(status.uptime)}{service}",
        f"memory     {_megabytes(status.memory)}",
        f"clients    {status.clients}",
        f"photos     {status.photos}, {_megabytes(status.photo_bytes)}",
        f"queue      {status.queue} of {status.queue_limit}",
        f"cache      {_megabytes(status.cache_bytes)}",
        f"keep alive {'for ever' if keep_alive < 0 else duration(keep_alive)}",
        f"idle exit  {'never' if idle_exit is None else f'after {duration(idle_exit)}'}",
        f"log        {status.log}",
    ]
    for person in status.people:
        lines.append(
            f"person     {person.name}: {person.photos} photos, {person.pixels / 1e6:.0f} megapixels, "
            f"{person.waiting} waiting, {person.jobs} done in {duration(person.seconds)}"
        )
    for worker in status.workers:
        line = f"worker     {worker.device}: {worker.state}"
        if worker.pid is not None:
            line += f", process {worker.pid}, {_megabytes(worker.memory)}"
            line += f", models: {', '.join(worker.models) or 'none'}"
            if worker.device_memory:
                line += f", {_megabytes(worker.device_memory)} on the device"
        lines.append(line)
    return lines


def _megabytes(size: int | None) -> str:
    return "unknown" if size is None else f"{size / _MEGABYTE:.0f} MB"
