"""How this project starts other programs: away from the terminal, and without what belongs to another one."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from retouchml.system.surroundings import search_path

if sys.platform == "win32":
    # a console of its own, without a window: Ctrl-C does not reach it, and no window opens where the parent,
    # an editor or a scheduled task, has no console
    CREATION_FLAGS = subprocess.CREATE_NO_WINDOW
else:
    CREATION_FLAGS = 0
"""What ``start_new_session`` does elsewhere, on Windows: keeps a child process away from the terminal."""

_POLL_SECONDS = 0.1
_STOP_SECONDS = 10.0

FOREIGN_VARIABLES = (
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONSTARTUP",
    "PYTHONUSERBASE",
    "PYTHONPLATLIBDIR",
    "PYTHONEXECUTABLE",
    "PYTHONINSPECT",
    "PYTHONWARNINGS",
    "__PYVENV_LAUNCHER__",
    "VIRTUAL_ENV",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "LD_AUDIT",
    "DYLD_LIBRARY_PATH",
    "DYLD_FRAMEWORK_PATH",
    "DYLD_INSERT_LIBRARIES",
    "QT_PLUGIN_PATH",
    "GI_TYPELIB_PATH",
    "GIO_MODULE_DIR",
    "APPDIR",
    "APPIMAGE",
)
"""Variables by which another Python, an editor, an AppImage or a debugging tool misleads our Python."""

_FOREIGN_PREFIXES = ("PYTHON", "LD_", "DYLD_", "QT_", "GI_TYPELIB", "GIO_", "GTK_", "GEGL_", "BABL_")


def clean_environment(environment: "Mapping[str, str] | None" = None, /, **changes: str) -> dict[str, str]:
    """An environment, this process's by default, without foreign variables and with ``changes``."""
    return {
        name: value
        for name, value in (os.environ if environment is None else environment).items()
        if name not in FOREIGN_VARIABLES and not name.startswith(_FOREIGN_PREFIXES)
    } | changes


def python_command(*arguments: str) -> list[str]:
    """A command that runs this interpreter.

    On Windows the python.exe of a virtual environment only starts the real one, whose pid would be unknown
    here. So the real one is run, and a variable in its environment says which virtual environment it belongs
    to, as ``multiprocessing`` does (bpo-35797).
    """
    return [_base_executable() or sys.executable, *arguments]


def python_environment() -> dict[str, str]:
    """The environment for ``python_command``, which can import this project; it may not be installed.

    Unlike ``clean_environment``, it keeps what this process has: the same Python runs, and what this process
    needs to load its libraries, such as LD_LIBRARY_PATH, the other needs, too.
    """
    # PYTHONSAFEPATH: import nothing from the current folder
    variables = {**os.environ, "PYTHONPATH": search_path(), "PYTHONSAFEPATH": "1"}
    if _base_executable():
        variables["__PYVENV_LAUNCHER__"] = sys.executable
    return variables


def _base_executable() -> str:
    """The interpreter behind a virtual environment's on Windows; "" if there is none."""
    base: str = getattr(sys, "_base_executable", "")
    return base if sys.platform == "win32" and base != sys.executable else ""


def run(
    command: "Sequence[str | Path]",
    environment: Mapping[str, str],
    tick: "Callable[[], object]",
    folder: "Path | None" = None,
    *,
    lock: "int | None" = None,
) -> "tuple[int, str]":
    """Run a child process away from the terminal; its exit status and all that it printed.

    tick: called about ten times a second; may raise, which stops the child and its own children
    folder: its working folder, by default this process's
    lock: the descriptor of a lock that the child holds as well, on POSIX: if this process is killed, the next
    that wants the lock waits until the child ends
    """
    output: bytes | None = None
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,  # not a file: that would stay empty on a full disk
        stderr=subprocess.STDOUT,
        env=environment,
        cwd=folder,
        start_new_session=True,  # Ctrl-C reaches this process alone, which then stops the child in order
        creationflags=CREATION_FLAGS,
        pass_fds=() if lock is None or sys.platform == "win32" else (lock,),
    ) as process:
        try:
            while output is None:
                with suppress(subprocess.TimeoutExpired):
                    output = process.communicate(timeout=_POLL_SECONDS)[0]
                tick()
        finally:
            stop(process, partial(_terminate_session, process))
    return process.returncode, output.decode(errors="replace")


def stop(process: "subprocess.Popen[bytes]", ask: "Callable[[], object]") -> None:
    """Stop a child process that still runs: by ``ask``, then by SIGTERM, then by SIGKILL."""
    for signal_it in (ask, process.terminate):
        if process.poll() is not None:
            return
        signal_it()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
    process.kill()
    process.wait()


if sys.platform == "win32":

    def _terminate_session(process: "subprocess.Popen[bytes]") -> None:
        process.terminate()
else:

    def _terminate_session(process: "subprocess.Popen[bytes]") -> None:
        # with its own child processes: venv runs ensurepip, pip runs build backends
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGTERM)


def redacted(text: str) -> str:
    """``text`` without the passwords of addresses in it."""
    return re.sub(r"//[^/@\s]+@", "//", text)
