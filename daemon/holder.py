"""Which process is the daemon: the one that the kernel names as holding the lock, whatever the file says."""

import fcntl
import os
import signal
import stat
import struct
import sys
from pathlib import Path

from retouchml.errors import DaemonError

LOCK = "lock"
# struct flock of fcntl(2), for the whole file: Linux has type and whence first, the BSDs have them last
_IS_LINUX = sys.platform == "linux"
_FLOCK = struct.Struct("hhqqi" if _IS_LINUX else "qqihh")


def running_pid(folder: Path) -> int | None:
    """The pid of the daemon that holds the lock in ``folder``; None where none does.

    Asking takes nothing, so that a daemon that starts meanwhile is not disturbed. Raises DaemonError where
    the holder is out of this process's sight, or another user's.
    """
    try:
        descriptor = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        pid = _holder(descriptor) if is_own(descriptor) else None
    finally:
        os.close(descriptor)
    if pid is None:
        return None
    if pid <= 0 or not _is_own_process(pid):
        raise DaemonError(
            "A daemon runs where this process cannot reach it: in another container, or on another machine.",
            "Run the command there, or set RETOUCHML_HOME to a folder that is not shared.",
        )
    return pid


def send(folder: Path, pid: int, number: signal.Signals) -> None:
    """Send a signal to ``pid`` if it is still the daemon of ``folder``. Raises DaemonError."""
    process = None
    try:
        # held before it is asked who holds the lock, so that no other process can have got the number since
        process = os.pidfd_open(pid) if _IS_LINUX else None
        if running_pid(folder) != pid:
            return
        if _IS_LINUX and process is not None:
            signal.pidfd_send_signal(process, number)
        else:
            os.kill(pid, number)
    except ProcessLookupError:
        return
    except OSError as error:
        raise DaemonError(f"The daemon (process {pid}) cannot be ended: {error.strerror}.") from error
    finally:
        if process is not None:
            os.close(process)


def is_own(descriptor: int) -> bool:
    """Whether an open file is a plain file of this user, under one name alone."""
    found = os.fstat(descriptor)
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.getuid() and found.st_nlink == 1


def _holder(descriptor: int) -> int | None:
    """Its pid as this process sees it, 0 or less where it does not; None where the file is not locked."""
    wanted = (fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0) if _IS_LINUX else (0, 0, 0, fcntl.F_WRLCK, os.SEEK_SET)
    answer = _FLOCK.unpack(fcntl.fcntl(descriptor, fcntl.F_GETLK, _FLOCK.pack(*wanted)))
    kind, pid = (answer[0], answer[4]) if _IS_LINUX else (answer[3], answer[2])
    return None if kind == fcntl.F_UNLCK else int(pid)


def _is_own_process(pid: int) -> bool:
    try:
        return not _IS_LINUX or Path(f"/proc/{pid}").stat().st_uid == os.getuid()
    except FileNotFoundError:  # it left just now, or there is no /proc: the kernel's word is enough
        return True
