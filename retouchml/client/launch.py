"""Starts the daemon in the background, with the project's own interpreter and an environment of its own.

Editors embed a Python that is not the project's, and AppImages bend the environment to their own libraries:
neither may reach the daemon.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from retouchml.errors import DaemonAbsent, Refused
from retouchml.paths import data_dir
from retouchml.system.files import changeable_by_others
from retouchml.system.processes import CREATION_FLAGS

RECORD = "install.json"
_SECONDS = 60.0  # a first start compiles every module, perhaps from a cold disk
_FOREIGN = ("PYTHON", "LD_", "DYLD_", "__PYVENV", "QT_", "GI_TYPELIB", "GIO_", "GTK_", "GEGL_", "BABL_")
_ADVICE = "Run `retouchml doctor`: it says what is wrong."


def start(
    options: Sequence[str] = (), *, interpreter: Sequence[str] = (), idle_exit: float | None = 30.0
) -> None:
    """Start a daemon and return once it answers; one that runs already is as good.

    options: more of ``retouchml daemon run``; interpreter: the command to use in place of the installed one;
    idle_exit: minutes, None for never. Raises DaemonAbsent.
    """
    command, environment = _own(interpreter) if interpreter else find_interpreter()
    idle = [] if idle_exit is None else ["--idle-exit", str(idle_exit)]
    try:
        code, said = _outcome([*command, "-m", "daemon", "--detach", *idle, *options], environment)
    except subprocess.TimeoutExpired as error:
        raise DaemonAbsent(f"The daemon did not start within {_SECONDS:.0f} s.", _ADVICE) from error
    except OSError as error:
        raise DaemonAbsent(f"{command[0]} cannot be run: {error.strerror}.", _ADVICE) from error
    if code and not (said and "runs already" in said[-1]):
        reason = said[-1] if said else f"it ended with code {code}."
        raise DaemonAbsent(f"The daemon cannot be started: {reason}", _ADVICE)


def find_interpreter() -> tuple[list[str], dict[str, str]]:
    """The installed project's interpreter, else this one if it is the project's; and the environment for it.

    Raises DaemonAbsent, or Refused where another user could have chosen what is run.
    """
    record = data_dir() / RECORD
    try:
        python = json.loads(record.read_text(encoding="utf-8"))["python"]
    except FileNotFoundError:
        return _own()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DaemonAbsent(f"{record} cannot be understood.", "Run `python3 install demo` again.") from error
    if not isinstance(python, str) or not Path(python).is_file():
        raise DaemonAbsent(
            f"The interpreter that {record} names is gone.", "Run `python3 install demo` again."
        )
    for path in (record, Path(python)):
        step = changeable_by_others(path)
        if step is not None:
            raise Refused(
                f"{step}, which decides what is run as the daemon, can be changed by other users.",
                f"`chmod go-w {step}` if it is yours, then `python3 install demo` again.",
            )
    return [python], clean(os.environ)


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without what an editor or an AppImage put there for itself."""
    kept = {name: value for name, value in environment.items() if not name.startswith(_FOREIGN)}
    return {**kept, "PYTHONSAFEPATH": "1"}


def _outcome(command: Sequence[str], environment: Mapping[str, str]) -> tuple[int, list[str]]:
    """The exit code, and the lines of what a command that failed had to say."""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=Path.home().anchor,
        env={**environment, "PYTHONIOENCODING": "utf-8"},
        start_new_session=True,
        creationflags=CREATION_FLAGS,
    ) as process:
        assert process.stderr is not None
        try:
            code = process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        # the end of what a daemon says that stays may never come: it could have inherited the pipe
        words = process.stderr.read() if code else b""
    return code, words.decode("utf-8", "replace").strip().splitlines()


def _own(interpreter: Sequence[str] = ()) -> tuple[list[str], dict[str, str]]:
    checkout = Path(__file__).resolve().parents[2]
    is_python = Path(sys.executable or "").name.startswith("python")  # not krita, not gimp
    if not interpreter and not (is_python and (checkout / "daemon").is_dir()):
        raise DaemonAbsent("RetouchML is not installed for this user.", "Run `python3 install demo` first.")
    command = list(interpreter) or [sys.executable]
    return command, {**clean(os.environ), "PYTHONPATH": str(checkout)}
