"""Files that are written whole or not at all, and files that are this user's alone.

Owners are checked as OpenSSH checks the way to a file of keys (``safe_path`` in misc.c), with the exceptions
that its distributors make: folders with the sticky bit, such as /tmp, and groups of this user alone or of
administrators.
"""

import errno
import os
import re
import secrets
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

if sys.platform == "win32":
    from retouchml.system import windows
else:
    import grp
    import pwd

_LONGEST_CHAIN = 40  # of links, as in Linux
_ADMINISTRATORS = {"root", "wheel", "admin"} | ({"staff"} if sys.platform == "linux" else set())
_ATTEMPTS, _SECONDS_BETWEEN = 50, 0.02
# what ``temporary_name`` makes, and what version 0.1 made
_TEMPORARY = re.compile(r"\.retouchml-([0-9a-f]{16}\.part|[0-9a-f]{12}(\.[^/]*)?)", re.DOTALL)


@contextmanager
def atomic_file(path: Path, mode: "int | None" = None, *, durable: bool = True) -> "Iterator[BinaryIO]":
    """A file open for writing and reading that becomes ``path`` at the end, or leaves nothing behind.

    mode: by default that of the file which is replaced, else that of any new file; durable: whether it
    survives a power cut, which takes time. Raises OSError.
    """
    temporary = path.parent / temporary_name()
    try:
        with new_file(temporary, mode, durable=durable) as file:
            yield file
        move_into_place(temporary, path, mode)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


@contextmanager
def new_file(path: Path, mode: "int | None" = None, *, durable: bool = True) -> "Iterator[BinaryIO]":
    """A file that did not exist, open for writing and reading: the first half of ``atomic_file``."""

    def create(name: str, flags: int) -> int:
        return os.open(name, flags, 0o666 if mode is None else mode & 0o600)

    # "x": not there yet, so that no link is followed
    with open(path, "x+b", opener=create) as file:
        yield file
        file.flush()
        if durable:
            os.fsync(file.fileno())


def move_into_place(temporary: Path, path: Path, mode: "int | None" = None) -> None:
    """Rename ``temporary`` to ``path``: the second half of ``atomic_file``. Raises OSError."""
    if mode is None:
        copy_mode(path, temporary)
    else:
        temporary.chmod(mode)  # whatever the umask is
    retry_while_open(lambda: temporary.replace(path))


def open_regular(path: Path) -> BinaryIO:
    """A regular file open for reading; raises OSError for anything else, and never waits for a pipe."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    file = open(path, "rb", opener=lambda name, _: os.open(name, flags))  # noqa: SIM115 (it is returned)
    try:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "Not a regular file", str(path))
    except OSError:
        file.close()
        raise
    return file


def read_bounded(path: Path, longest: int) -> bytes:
    """The content of a regular file of at most ``longest`` bytes. Raises OSError for any other."""
    with open_regular(path) as file:
        content = file.read(longest + 1) if os.fstat(file.fileno()).st_size <= longest else b""
        if len(content) > longest or os.fstat(file.fileno()).st_size > longest:
            raise OSError(errno.EFBIG, f"Larger than {longest} bytes", str(path))
    return content


def write_atomically(path: Path, content: bytes, mode: "int | None" = None, *, durable: bool = True) -> None:
    """Write a file, whole or not at all; ``mode`` and ``durable`` as for ``atomic_file``. Raises OSError."""
    with atomic_file(path, mode, durable=durable) as file:
        file.write(content)


def temporary_name(key: bytes = b"") -> str:
    """A name for a file beside the one that it is to become; ``.retouchml-0123456789abcdef.part``.

    key: bytes that make it always the same, eight or more; b"" for one that nobody else has
    """
    return f".retouchml-{(key or secrets.token_bytes(8))[:8].hex()}.part"


def sweep(folder: Path, seconds: float) -> None:
    """Remove the temporary files in ``folder`` that this user's killed processes left so many seconds ago."""
    oldest = time.time() - seconds
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not _TEMPORARY.fullmatch(entry.name):
                continue
            with suppress(OSError):
                status = entry.stat(follow_symlinks=False)
                is_own = not hasattr(os, "getuid") or status.st_uid == os.getuid()
                if stat.S_ISREG(status.st_mode) and is_own and status.st_mtime < oldest:
                    os.unlink(entry.path)  # noqa: PTH108 - undecodable names, too


def copy_mode(source: Path, target: Path) -> None:
    """Give ``target`` the permissions of ``source``, if there is such a file. Raises OSError.

    Not on Windows, where a file inherits its permissions from its folder, and all that is left of a mode is a
    flag, read-only: what has it cannot be removed, if things go wrong.
    """
    if sys.platform != "win32":
        with suppress(FileNotFoundError):
            target.chmod(stat.S_IMODE(source.stat().st_mode))


def retry_while_open(change: Callable[[], object]) -> None:
    """Replace or remove a file; on Windows that fails while another process has it open. Raises OSError."""
    for attempt in range(_ATTEMPTS if sys.platform == "win32" else 1):
        if attempt:
            time.sleep(_SECONDS_BETWEEN)
        try:
            change()
        except PermissionError as error:
            failure = error
        else:
            return
    raise failure


def private_folder(path: Path) -> Path:
    """Create a folder for this user alone (mode 0700) and return it.

    Only folders that are created here get that mode: one that existed keeps what its owner chose.
    Raises OSError.
    """
    if not path.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.mkdir(mode=0o700, exist_ok=True)
    return path


if sys.platform == "win32":
    MAKE_PRIVATE = '`icacls "{}" /inheritance:r /grant:r "%USERNAME%:F"`'

    def is_private(descriptor: int) -> bool:
        """Whether an open file is this user's, and nobody else may read it. Raises OSError."""
        return windows.is_private(descriptor)

    def changeable_by_others(_path: Path) -> "Path | None":
        """None: in a user's profile, where all of this lies, nobody else changes anything."""
        return None

else:
    MAKE_PRIVATE = "`chmod 600 {}`"

    def is_private(descriptor: int) -> bool:
        """Whether an open file is this user's, and nobody else may read it. Raises OSError."""
        status = os.fstat(descriptor)
        return status.st_uid == os.getuid() and not stat.S_IMODE(status.st_mode) & 0o077

    def changeable_by_others(path: Path) -> "Path | None":
        """``path``, or the folder or link on the way to it, that another user may change; else None.

        Raises OSError if something on the way is missing.
        """
        return next((step for step in _way(path) if _others_may_change(step)), None)

    def _way(path: Path) -> Iterator[Path]:
        """All that decides what ``path`` means: its folders, and those of every link's target."""
        step = path.absolute()
        for _ in range(_LONGEST_CHAIN):
            real = step.parent.resolve() / step.name
            yield from (step, *step.parents, real, *real.parents)
            if not real.is_symlink():
                return
            step = real.parent / real.readlink()

    def _others_may_change(step: Path) -> bool:
        status = step.lstat()
        # where root is not mapped into a sandbox, the system's files seem to be of whoever owns /
        if status.st_uid not in (0, os.getuid(), Path("/").stat().st_uid):
            return True
        if stat.S_ISLNK(status.st_mode):
            return False
        if stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX:
            return False
        if status.st_mode & stat.S_IWOTH:
            return True
        return bool(status.st_mode & stat.S_IWGRP) and not _is_trusted(status.st_gid)

    def _is_trusted(gid: int) -> bool:
        try:
            group, user = grp.getgrgid(gid), pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            return False
        return group.gr_name in _ADMINISTRATORS or (group.gr_name == user and set(group.gr_mem) <= {user})
