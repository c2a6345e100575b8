"""The daemon's lock file: which process is the daemon of a runtime folder.

The lock, not the file, says that a daemon runs: the system releases it when the daemon ends, however it ends.
"""

import contextlib
import os
import stat
import sys
from pathlib import Path

from retouchml.errors import DaemonError, DaemonRuns, Refused
from retouchml.paths import LOCK
from retouchml.system import locks

# absent from Windows, where making a link takes a privilege and no file is inherited
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


class PidFile:
    """The locked file: the right to be the daemon of a runtime folder, until ``release``."""

    def __init__(self, folder: Path) -> None:
        """Take the lock and write this process's pid. Raises DaemonRuns, Refused or DaemonError."""
        path = folder / LOCK
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _NO_LINK, 0o600)
        except OSError as error:
            raise DaemonError(f"{path} cannot be opened: {error.strerror}.") from error
        if not _is_own(descriptor):
            os.close(descriptor)
            raise Refused(f"{path} is not this user's alone.", "Delete it, if it is nothing of yours.")
        if not locks.take(descriptor):
            pid = locks.read_pid(descriptor)
            os.close(descriptor)
            raise DaemonRuns(
                f"A daemon runs already (process {pid or 'unknown'}).",
                "`retouchml daemon status` shows it, `retouchml daemon restart` replaces it.",
            )
        if sys.platform != "win32":
            os.fchmod(descriptor, 0o600)
        locks.write_pid(descriptor)
        self._descriptor = descriptor

    def release(self) -> None:
        """Empty the file and release the lock."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def running_pid(folder: Path) -> int | None:
    """The pid of the daemon that holds the lock in ``folder``; None if no daemon does.

    Raises DaemonError if the daemon is another user's, or in another container.
    """
    try:
        descriptor = os.open(folder / LOCK, os.O_RDONLY | _NO_LINK | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    try:
        pid = locks.holder(descriptor) if _is_own(descriptor) else None
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


def _is_own(descriptor: int) -> bool:
    """Whether an open file is a plain file of this user, under one name alone."""
    status = os.fstat(descriptor)
    is_mine = sys.platform == "win32" or status.st_uid == os.getuid()  # there the folder's access list guards
    return stat.S_ISREG(status.st_mode) and is_mine and status.st_nlink == 1


def _is_own_process(pid: int) -> bool:
    if sys.platform != "linux":
        return True
    try:
        return Path(f"/proc/{pid}").stat().st_uid == os.getuid()
    except FileNotFoundError:  # it ended just now, or there is no /proc: the lock is enough
        return True
