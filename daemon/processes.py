"""Python processes of this project, and what the system tells about a process and allows it."""

import contextlib
import ctypes
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

from retouchml.system.surroundings import search_path

_CHECKOUT = str(Path(__file__).parents[1])
_MAX_FILES = 1 << 16
_WORKING_SHARE = 0.01  # of one CPU; heartbeats alone take a tenth of that
_WORKING_BYTES = 1 << 20


def python_command(*arguments: str) -> list[str]:
    """A command that runs this interpreter.

    On Windows the python.exe of a virtual environment only starts the real one, whose pid would be unknown
    here. So the real one is run, and a variable in its environment says which virtual environment it belongs
    to, as ``multiprocessing`` does (bpo-35797).
    """
    return [_base_executable() or sys.executable, *arguments]


def python_environment() -> dict[str, str]:
    """The environment for a Python that can import this project, which may not be installed."""
    # PYTHONSAFEPATH: import nothing from the current folder
    variables = {**os.environ, "PYTHONPATH": search_path(_CHECKOUT), "PYTHONSAFEPATH": "1"}
    if _base_executable():
        variables["__PYVENV_LAUNCHER__"] = sys.executable
    return variables


def _base_executable() -> str:
    """The interpreter behind a virtual environment's on Windows; "" if there is none."""
    base: str = getattr(sys, "_base_executable", "")
    return base if sys.platform == "win32" and base != sys.executable else ""


def resident_bytes(pid: int) -> int | None:
    """Resident memory of a process; None if the system does not tell."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except (psutil.Error, OSError):
        return None


@dataclass(frozen=True)
class Activity:
    """What a process and its children had done by some moment: CPU seconds, bytes read, resident bytes."""

    cpu: float = 0.0
    read: int = 0
    resident: int = 0

    def is_work_since(self, earlier: "Activity", seconds: float) -> bool:
        """Whether the process did something in the ``seconds`` since an earlier moment."""
        return (
            self.cpu - earlier.cpu > _WORKING_SHARE * seconds
            or self.read - earlier.read > _WORKING_BYTES
            or abs(self.resident - earlier.resident) > _WORKING_BYTES
        )


def activity_of(pid: int) -> Activity:
    """What a process and its children have done; what the system does not tell counts as nothing."""
    cpu, read, resident = 0.0, 0, 0
    try:
        root = psutil.Process(pid)
        processes = [root, *root.children(recursive=True)]
    except (psutil.Error, OSError):
        return Activity()
    for process in processes:
        with contextlib.suppress(psutil.Error, OSError), process.oneshot():
            times = process.cpu_times()
            cpu += times.user + times.system
            resident += process.memory_info().rss
            if hasattr(process, "io_counters"):  # not on macOS
                counters = process.io_counters()
                read += getattr(counters, "read_chars", counters.read_bytes)
    return Activity(cpu, read, resident)


if sys.platform == "win32":

    def raise_file_limit() -> None:
        """Let this process open as many files as it may; on Windows sockets do not count as files."""

    def file_limit() -> int:
        """How many files this process may have open."""
        return _MAX_FILES

else:
    import resource

    def raise_file_limit() -> None:
        """Let this process open as many files as it may; the usual limit of a login is made for select(2)."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        limit = _MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, _MAX_FILES)
        if soft != resource.RLIM_INFINITY and soft < limit:
            with contextlib.suppress(ValueError, OSError):  # macOS has a second limit, which it does not tell
                resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))

    def file_limit() -> int:
        """How many files this process may have open."""
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return _MAX_FILES if soft == resource.RLIM_INFINITY else soft


def give_back_memory() -> None:
    """Return freed memory to the system, where the C library would keep it (glibc's malloc_trim)."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
