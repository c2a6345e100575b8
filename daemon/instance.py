"""One daemon for each runtime folder: the folder itself, its lock, and what a crash left in it."""

import contextlib
import fcntl
import os
import stat
from pathlib import Path

from daemon.holder import LOCK, is_own
from retouchml.errors import DaemonError, DaemonRuns, Refused
from retouchml.ownership import changeable_by_others
from retouchml.paths import private_dir, runtime_dir, socket_path


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
        if not is_own(descriptor):
            os.close(descriptor)
            raise Refused(
                f"{self.folder / LOCK} is not this user's alone.", "Delete it, if it is nothing of yours."
            )
        try:
            # not flock(2), of which one cannot ask who holds it
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            pid = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise DaemonRuns(
                f"A daemon runs already (process {pid or 'unknown'}).",
                "`retouchml daemon status` shows it, `retouchml daemon restart` replaces it.",
            ) from error
        os.fchmod(descriptor, 0o600)
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


def prepare_folder(folder: Path) -> Path:
    """The runtime folder, made if need be, for this user alone. Raises Refused or DaemonError."""
    try:
        private_dir(folder)
        step = changeable_by_others(folder.parent)
        if step is not None:
            raise Refused(
                f"{step}, on the way to {folder}, can be changed by other users.",
                f"`chmod go-w {step}` if it is yours, or set RETOUCHML_HOME to a folder of your own.",
            )
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise Refused(
                f"{folder} is not a folder of this user.", "Move it elsewhere, or set RETOUCHML_HOME."
            )
        if stat.S_IMODE(found.st_mode) & 0o077:
            folder.chmod(0o700)
        if stat.S_IMODE(found.st_mode) & 0o022:
            _check_content(folder)
    except OSError as error:
        raise DaemonError(
            f"The runtime folder {folder} cannot be used: {error.strerror}.", "Set RETOUCHML_HOME."
        ) from error
    return folder


def _check_content(folder: Path) -> None:
    # others could write here until now: a link in place of the log would have another file written to
    for entry in folder.iterdir():
        found = entry.lstat()
        if found.st_uid != os.getuid() or stat.S_ISLNK(found.st_mode) or found.st_nlink > 1:
            raise Refused(
                f"{entry} may have been put there by another user.", "Delete it, if it is nothing of yours."
            )
