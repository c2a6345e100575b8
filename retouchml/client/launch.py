"""Starts the daemon in the background, with the project's own interpreter and a clean environment.

Editors embed another Python, and AppImages point the environment to their own libraries: neither may reach
the daemon. The daemon's side is ``run_in_background`` in ``daemon.start``.
"""

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from retouchml import engine
from retouchml.client import protocol, sandbox
from retouchml.errors import DaemonAbsent, DaemonRuns, Refused, RetouchError
from retouchml.paths import data_dir
from retouchml.set_up_command import set_up_again, set_up_first
from retouchml.system.file_names import INSTALL_RECORD
from retouchml.system.files import changeable_by_others, read_bounded
from retouchml.system.processes import CREATION_FLAGS, clean_environment

IDLE_EXIT_MINUTES = 30.0
"""How long a daemon without requests stays, if a client started it."""
_START_SECONDS = 60.0  # a first start compiles every module, perhaps from a slow disk
_EXIT_SECONDS = 10.0
_LONGEST_RECORD = 1 << 16  # bytes
_ADVICE = "Run `retouchml doctor`: it says what is wrong."


def start(
    options: Sequence[str] = (),
    *,
    interpreter: Sequence[str] = (),
    idle_exit: float | None = IDLE_EXIT_MINUTES,
) -> bool:
    """Start a daemon and return once clients can connect to it; False if one ran already, and answers.

    options: more of ``retouchml daemon run``; interpreter: the command to use in place of the installed one;
    idle_exit: minutes, None for never. Raises DaemonAbsent, Refused, or DaemonLost if one runs and hangs.
    """
    from retouchml.client import greeting  # which needs this module, to connect

    command, environment = _from_checkout(interpreter) if interpreter else find_interpreter()
    idle = [] if idle_exit is None else [f"--idle-exit={idle_exit}"]
    arguments = [*command, "-m", "daemon", "--background", *idle, *options]
    try:
        report = _first_report(arguments, environment)
    except OSError as error:
        raise DaemonAbsent(f"{command[0]} cannot be run: {error.strerror}.", _ADVICE) from error
    if report.get("ready"):
        return True
    reason = protocol.error_from(report)
    if isinstance(reason, DaemonRuns):
        greeting.wait_for_answer()
        return False
    raise DaemonAbsent(f"The daemon cannot be started: {reason.explain()}", _ADVICE)


def find_interpreter() -> tuple[list[str], dict[str, str]]:
    """The command of the project's interpreter, and the environment for it.

    The interpreter is that of the installed project, or this one if it runs from a checkout. Raises
    DaemonAbsent, or Refused if another user may choose what is run.
    """
    record = data_dir() / INSTALL_RECORD
    try:
        python = json.loads(read_bounded(record, _LONGEST_RECORD).decode("utf-8"))["python"]
    except FileNotFoundError:
        return _from_checkout()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DaemonAbsent(f"{record} cannot be understood.", set_up_again()) from error
    if not isinstance(python, str) or not Path(python).is_file():
        raise DaemonAbsent(f"The interpreter that {record} names does not exist.", set_up_again())
    refuse_if_changeable(record, Path(python))
    return [python], clean_environment(PYTHONSAFEPATH="1")


def refuse_if_changeable(*paths: Path) -> None:
    """Raises Refused if another user may change one of these files, or what leads to it."""
    for path in paths:
        step = changeable_by_others(path)
        if step is not None:
            raise Refused(
                f"{step}, which decides what is run as the daemon, can be changed by other users.",
                f"`chmod go-w {step}` if it is yours. {set_up_again()}",
            )


def is_installed() -> bool:
    """Whether this user has an installed project here: in a sandbox, one of the sandbox's own."""
    return (data_dir() / INSTALL_RECORD).is_file()


def start_outside(box: sandbox.Sandbox, idle_exit: float = IDLE_EXIT_MINUTES) -> None:
    """Start a daemon outside of the sandbox, unless one runs there. Raises DaemonAbsent."""
    command = find_interpreter_outside(box)
    arguments = [*command, "-m", "daemon", "--background", f"--idle-exit={idle_exit}"]
    try:
        report = _first_report(arguments, dict(os.environ))
    except OSError as error:
        raise DaemonAbsent(f"{command[0]} cannot be run: {error.strerror}.", _ADVICE) from error
    if not report.get("ready") and not isinstance(protocol.error_from(report), DaemonRuns):
        raise sandbox.no_daemon(box)


def find_interpreter_outside(box: sandbox.Sandbox, *, ends_with_us: bool = False) -> list[str]:
    """The command that runs the project's Python outside of a sandbox which may start programs there.

    ends_with_us: it is ended when this process ends. Raises DaemonAbsent.
    """
    try:
        record = read_bounded(sandbox.record_outside(), _LONGEST_RECORD)
        python = str(json.loads(record.decode("utf-8"))["python"])
    except (OSError, ValueError, KeyError, TypeError) as error:  # out of sight, too
        raise sandbox.no_daemon(box) from error
    return box.outside([python], ends_with_us=ends_with_us)


def _first_report(command: Sequence[str], environment: Mapping[str, str]) -> dict[str, Any]:
    """Start the daemon's process and read its report, its first line; an error's fields if there is none.

    Raises DaemonAbsent if nothing comes in time, and OSError if the command cannot be run.
    """
    with tempfile.TemporaryFile() as errors:  # not a pipe, which nobody would empty
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=Path.home().anchor,
            env={**environment, "PYTHONIOENCODING": "utf-8"},
            start_new_session=True,
            creationflags=CREATION_FLAGS,
        )
        # threads, since Windows can watch no pipe, and a daemon that ends has to be waited for
        lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        _in_background(_read_line, process, lines)
        try:
            line = lines.get(timeout=_START_SECONDS)
        except queue.Empty:
            process.kill()
            raise DaemonAbsent(f"The daemon did not start within {_START_SECONDS:.0f} s.", _ADVICE) from None
        finally:
            _in_background(process.wait)
        try:
            report = json.loads(line)
        except ValueError:
            report = None
        if isinstance(report, dict):
            return report
        # another Python, or a daemon that cannot even be imported
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_EXIT_SECONDS)
        errors.seek(0)
        text = errors.read().decode("utf-8", "replace").strip()
    last_line = text.splitlines()[-1] if text else f"it ended with code {process.returncode}."
    return protocol.error_fields(RetouchError(last_line))


def _read_line(process: "subprocess.Popen[bytes]", lines: "queue.SimpleQueue[bytes]") -> None:
    with process.stdout as stream:  # type: ignore[union-attr]  # it was asked for a pipe
        # its first line, not its end: on Windows other processes may inherit the pipe
        lines.put(stream.readline())


def _in_background(work: Callable[..., object], *arguments: object) -> None:
    threading.Thread(target=work, args=arguments, daemon=True, name="retouchml-launch").start()


def _from_checkout(interpreter: Sequence[str] = ()) -> tuple[list[str], dict[str, str]]:
    checkout = Path(__file__).resolve().parents[2]
    is_python = Path(sys.executable or "").name.startswith("python")  # not krita, not gimp
    if not interpreter and not (is_python and engine.is_beside(checkout)):
        raise DaemonAbsent("RetouchML is not installed for this user.", set_up_first())
    command = list(interpreter) or [sys.executable]
    # not ``python_environment``: the interpreter may be another than this process's, with packages of its own
    return command, clean_environment(PYTHONSAFEPATH="1", PYTHONPATH=str(checkout))
