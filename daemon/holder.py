"""Which process is the daemon, and how to make it leave."""

import contextlib
import os
import signal
import stat
import sys
from pathlib import Path

from retouchml.errors import DaemonError, RetouchError
from retouchml.paths import LOCK
from retouchml.system import locks

_IS_LINUX = sys.platform == "linux"
_SECONDS_TO_ANSWER = 2.0
# absent from Windows, where a link takes a privilege to make and no file is inherited
NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


def running_pid(folder: Path) -> int | None:
    """The pid of the daemon that holds the lock in ``folder``; None where none does.

    Raises DaemonError where the holder is out of this process's sight, or another user's.
    """
    try:
        descriptor = os.open(folder / LOCK, os.O_RDONLY | NO_LINK | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    try:
        pid = locks.holder(descriptor) if is_own(descriptor) else None
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


def is_own(descriptor: int) -> bool:
    """Whether an open file is a plain file of this user, under one name alone."""
    found = os.fstat(descriptor)
    is_mine = sys.platform == "win32" or found.st_uid == os.getuid()  # there the folder's access list guards
    return stat.S_ISREG(found.st_mode) and is_mine and found.st_nlink == 1


if sys.platform == "win32":
    import psutil

    from retouchml.client.client import Client

    def ask_to_leave(_folder: Path, _pid: int) -> None:
        """Let the daemon finish and leave; there is no signal for that, so it is asked."""
        with contextlib.suppress(RetouchError), Client(name="stop", start=False) as client:
            client.shutdown().result(_SECONDS_TO_ANSWER)

    def kill(folder: Path, pid: int) -> None:
        """End ``pid`` at once if it is still the daemon of ``folder``. Raises DaemonError."""
        try:
            process = psutil.Process(pid)  # knows when it started, so that no other can have got the number
            if running_pid(folder) == pid:
                process.kill()
        except psutil.NoSuchProcess:
            return
        except psutil.Error as error:
            raise DaemonError(f"The daemon (process {pid}) cannot be ended: {error}.") from error

else:

    def ask_to_leave(folder: Path, pid: int) -> None:
        """Let ``pid`` finish and leave, if it is still the daemon of ``folder``. Raises DaemonError."""
        _send(folder, pid, signal.SIGTERM)

    def kill(folder: Path, pid: int) -> None:
        """End ``pid`` at once if it is still the daemon of ``folder``. Raises DaemonError."""
        _send(folder, pid, signal.SIGKILL)

    def _send(folder: Path, pid: int, number: signal.Signals) -> None:
        process = None
        try:
            # held before it is asked who holds the lock, so that no other process can have got the number
            # since
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


def _is_own_process(pid: int) -> bool:
    if sys.platform != "linux":
        return True
    try:
        return Path(f"/proc/{pid}").stat().st_uid == os.getuid()
    except FileNotFoundError:  # it left just now, or there is no /proc: the kernel's word is enough
        return True
