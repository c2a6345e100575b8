"""One daemon for each runtime folder: the folder itself, its lock, and what a crash left in it."""

import contextlib
import fcntl
import os
import stat
import time
from pathlib import Path

from retouchml.errors import DaemonError, DaemonRuns, Refused
from retouchml.paths import private_dir, runtime_dir, socket_path

LOCK = "lock"
_SECONDS_TO_LOCK = 0.3


class Instance:
    """The right to be the daemon of this runtime folder, for as long as the process lives."""

    def __init__(self) -> None:
        """Make the folder and take the lock. Raises DaemonRuns, Refused, UsageError or DaemonError."""
        self.socket = socket_path()
        self.folder = prepare_folder(runtime_dir())
        self._lock = self._take_lock()
        self._remove_stale()
        self._inode: int | None = None

    @property
    def endpoint(self) -> str:
        """Where to bind."""
        return f"ipc://{self.socket}"

    def bound(self) -> None:
        """Note the socket that was bound just now."""
        self.socket.chmod(0o600)
        self._inode = self.socket.stat().st_ino

    def is_intact(self) -> bool:
        """Whether the socket is still the one that was bound; else nobody can reach this daemon any more."""
        try:
            return self.socket.stat().st_ino == self._inode
        except OSError:
            return False

    def release(self) -> None:
        """Take away the socket if it is ours, then the lock."""
        if self._inode is not None and self.is_intact():
            with contextlib.suppress(OSError):
                self.socket.unlink()
        with contextlib.suppress(OSError):
            os.ftruncate(self._lock, 0)
        os.close(self._lock)

    def _take_lock(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            descriptor = os.open(self.folder / LOCK, flags, 0o600)
        except OSError as error:
            raise DaemonError(f"{self.folder / LOCK} cannot be opened: {error.strerror}.") from error
        try:
            _lock(descriptor)
        except OSError as error:
            pid = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise DaemonRuns(
                f"A daemon runs already (process {pid or 'unknown'}).",
                "`retouchml daemon status` shows it, `retouchml daemon restart` replaces it.",
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return descriptor

    def _remove_stale(self) -> None:
        # Whoever made it is dead: the lock was free.
        try:
            if not stat.S_ISSOCK(self.socket.lstat().st_mode):
                raise DaemonError(f"{self.socket} is in the way: it is no socket.", "Move it elsewhere.")
            self.socket.unlink()
        except FileNotFoundError:
            return


def _lock(descriptor: int) -> None:
    # whoever asks whether a daemon runs holds the lock for an instant: that is no daemon
    deadline = time.monotonic() + _SECONDS_TO_LOCK
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def prepare_folder(folder: Path) -> Path:
    """The runtime folder, made if need be, for this user alone. Raises Refused or DaemonError."""
    try:
        private_dir(folder)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise Refused(
                f"{folder} is not a folder of this user.", "Move it elsewhere, or set RETOUCHML_HOME."
            )
        if stat.S_IMODE(found.st_mode) & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise DaemonError(
            f"The runtime folder {folder} cannot be used: {error.strerror}.", "Set RETOUCHML_HOME."
        ) from error
    return folder


def running_pid(folder: Path) -> int | None:
    """The pid of the daemon that holds the lock in ``folder``; None where none does."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        text = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
        return int(text) if text.isdigit() else None
    finally:
        os.close(descriptor)
    return None
