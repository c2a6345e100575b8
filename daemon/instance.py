"""One daemon for each runtime folder: the folder itself, its lock, and what a crash left in it."""

import contextlib
import os
import stat
import sys
from pathlib import Path

from daemon.holder import NO_LINK, is_own
from retouchml import paths
from retouchml.client import connection_file
from retouchml.errors import DaemonError, DaemonRuns, Refused
from retouchml.paths import LOCK, private_dir
from retouchml.system import locks
from retouchml.system.files import changeable_by_others

if sys.platform == "win32":
    from retouchml.system import windows


class Instance:
    """The right to be the daemon of this runtime folder, for as long as the process lives."""

    def __init__(self) -> None:
        """Make the folder and take the lock. Raises DaemonRuns, Refused, UsageError or DaemonError."""
        self.address = paths.address_path()
        self.folder = prepare_folder(paths.runtime_dir())
        self._lock = self._take_lock()
        self._remove_stale()
        self._inode: int | None = None

    def bound(self) -> None:
        """Note the socket that was bound, or the connection file that was written, just now."""
        self.address.chmod(0o600)
        self._inode = self.address.stat().st_ino

    def is_intact(self) -> bool:
        """Whether ``address`` is still what it was then; else nobody can reach this daemon any more."""
        try:
            return self.address.stat().st_ino == self._inode
        except OSError:
            return False

    def release(self) -> None:
        """Take away the address if it is ours, then the lock."""
        if self._inode is not None and self.is_intact():
            with contextlib.suppress(OSError):
                connection_file.patiently(self.address.unlink)
        with contextlib.suppress(OSError):
            os.ftruncate(self._lock, 0)
        os.close(self._lock)

    def _take_lock(self) -> int:
        try:
            descriptor = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT | NO_LINK, 0o600)
        except OSError as error:
            raise DaemonError(f"{self.folder / LOCK} cannot be opened: {error.strerror}.") from error
        if not is_own(descriptor):
            os.close(descriptor)
            raise Refused(
                f"{self.folder / LOCK} is not this user's alone.", "Delete it, if it is nothing of yours."
            )
        if not locks.take(descriptor):
            pid = locks.written(descriptor)
            os.close(descriptor)
            raise DaemonRuns(
                f"A daemon runs already (process {pid or 'unknown'}).",
                "`retouchml daemon status` shows it, `retouchml daemon restart` replaces it.",
            )
        if sys.platform != "win32":
            os.fchmod(descriptor, 0o600)
        locks.write_pid(descriptor)
        return descriptor

    def _remove_stale(self) -> None:
        # Whoever made it is dead: the lock was free.
        try:
            is_ours = stat.S_ISSOCK if paths.IPC else stat.S_ISREG
            if not is_ours(self.address.lstat().st_mode):
                kind = "socket" if paths.IPC else "connection file"
                raise DaemonError(f"{self.address} is in the way: it is no {kind}.", "Move it elsewhere.")
            connection_file.patiently(self.address.unlink)
        except FileNotFoundError:
            return
        except OSError as error:
            raise DaemonError(f"{self.address} cannot be removed: {error.strerror}.") from error


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
        _make_private(folder)
    except OSError as error:
        raise DaemonError(
            f"The runtime folder {folder} cannot be used: {error.strerror}.", "Set RETOUCHML_HOME."
        ) from error
    return folder


if sys.platform == "win32":

    def _make_private(folder: Path) -> None:
        was_private = windows.is_private(folder)
        windows.make_private(folder)
        if not was_private:
            _check_content(folder)
        if not windows.is_private(folder):
            raise Refused(
                f"{folder} cannot be kept for this user alone.",
                "Set RETOUCHML_HOME to a folder of your own, on a disk with access lists (NTFS).",
            )

    def _check_content(folder: Path) -> None:
        # its list does not change what others put there, and may hold open, until now
        for entry in folder.iterdir():
            if not windows.is_private(entry) or entry.lstat().st_nlink > 1:
                raise Refused(
                    f"{entry} may have been put there by another user.",
                    "Delete it, if it is nothing of yours.",
                )

else:

    def _make_private(folder: Path) -> None:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise Refused(
                f"{folder} is not a folder of this user.", "Move it elsewhere, or set RETOUCHML_HOME."
            )
        if stat.S_IMODE(found.st_mode) & 0o077:
            folder.chmod(0o700)
        if stat.S_IMODE(found.st_mode) & 0o022:
            _check_content(folder)

    def _check_content(folder: Path) -> None:
        # others could write here until now: a link in place of the log would have another file written to
        for entry in folder.iterdir():
            found = entry.lstat()
            if found.st_uid != os.getuid() or stat.S_ISLNK(found.st_mode) or found.st_nlink > 1:
                raise Refused(
                    f"{entry} may have been put there by another user.",
                    "Delete it, if it is nothing of yours.",
                )
