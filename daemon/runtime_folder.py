"""The runtime folder of the daemon, private to its user, and the address file in it."""

import contextlib
import os
import stat
import sys
from pathlib import Path

from retouchml import paths
from retouchml.errors import DaemonError, Refused
from retouchml.system import locks
from retouchml.system.files import changeable_by_others, private_folder, retry_while_open

if sys.platform == "win32":
    from retouchml.system import windows


class AddressFile:
    """The file by which clients find the daemon: its Unix socket, or its loopback connection file.

    The latter is locked, and believed only while it is: after a crash a new daemon holds its own lock for a
    moment before the old address is removed.
    """

    def __init__(self, path: Path) -> None:
        """Remove what a crash left at ``path``; call it with the lock held. Raises DaemonError."""
        self.path = path
        self._inode: int | None = None
        self._locked = contextlib.ExitStack()
        self._remove_stale()

    def note(self) -> None:
        """Note the socket that was bound, or the connection file that was written, just now."""
        self.path.chmod(0o600)
        self._inode = self.path.stat().st_ino
        if not paths.IPC:
            file = self._locked.enter_context(self.path.open("r+b"))
            if not locks.take(file.fileno()):
                raise DaemonError(f"{self.path} cannot be locked.", "Set RETOUCHML_HOME to a local folder.")

    def is_intact(self) -> bool:
        """Whether it is still the file that was noted; otherwise no client can reach this daemon any more."""
        try:
            return self.path.stat().st_ino == self._inode
        except OSError:
            return False

    def remove(self) -> None:
        """Remove it if it is this daemon's."""
        self._locked.close()  # first, since Windows removes no open file
        if self._inode is not None and self.is_intact():
            with contextlib.suppress(OSError):
                retry_while_open(self.path.unlink)

    def _remove_stale(self) -> None:
        # the lock was free, so whoever made the file has ended
        try:
            is_expected = stat.S_ISSOCK if paths.IPC else stat.S_ISREG
            if not is_expected(self.path.lstat().st_mode):
                kind = "socket" if paths.IPC else "connection file"
                raise DaemonError(f"{self.path} is in the way: it is no {kind}.", "Move it elsewhere.")
            retry_while_open(self.path.unlink)
        except FileNotFoundError:
            return
        except OSError as error:
            raise DaemonError(f"{self.path} cannot be removed: {error.strerror}.") from error


def prepare_folder(folder: Path) -> Path:
    """Make the runtime folder if need be, and make it private to this user. Raises Refused or DaemonError."""
    try:
        private_folder(folder)
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
        # the folder's access list does not change what others put there, and may hold open, until now
        for entry in folder.iterdir():
            if not windows.is_private(entry) or entry.lstat().st_nlink > 1:
                raise _suspicious(entry)

else:

    def _make_private(folder: Path) -> None:
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
            raise Refused(
                f"{folder} is not a folder of this user.", "Move it elsewhere, or set RETOUCHML_HOME."
            )
        if stat.S_IMODE(status.st_mode) & 0o077:
            folder.chmod(0o700)
        if stat.S_IMODE(status.st_mode) & 0o022:
            _check_content(folder)

    def _check_content(folder: Path) -> None:
        # others could write here until now: a link in place of the log would have another file written to
        for entry in folder.iterdir():
            status = entry.lstat()
            if status.st_uid != os.getuid() or stat.S_ISLNK(status.st_mode) or status.st_nlink > 1:
                raise _suspicious(entry)


def _suspicious(entry: Path) -> Refused:
    return Refused(
        f"{entry} may have been put there by another user.", "Delete it, if it is nothing of yours."
    )
