"""Lock files, which the system itself releases when the process that holds them ends.

``exclusive`` is for work that one process at a time may do. ``take`` and ``holder`` are for a file whose
holder can be asked for: its first line is the holder's pid, and on POSIX the kernel names the holder,
whatever the file says. The kernel does so for the locks of fcntl(2), which a process loses as soon as it
closes the file anywhere, and not for those of flock(2), which ``exclusive`` takes. A child process that is
given the descriptor of such a lock holds it as well: if its parent is killed, the lock stays taken until the
child ends.
"""

import errno
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl
    import struct

_TAKEN = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
_POLL_SECONDS = 0.1
_ATTEMPTS_TO_TAKE, _ATTEMPTS_TO_ASK, _SECONDS_BETWEEN = 50, 5, 0.002


@contextmanager
def exclusive(
    path: Path,
    on_wait: Callable[[], None] = lambda: None,
    *,
    poll: Callable[[], None] = lambda: None,
    remove: bool = False,
) -> "Iterator[int | None]":
    """Hold a lock file, made with its folder if need be, for as long as the block runs.

    Yields the locked file's descriptor; None, without a lock, on file systems that know none.
    on_wait: called once if another process holds it; poll: called about ten times a second meanwhile, may
    raise to give up; remove: whether the file is deleted at the end. Raises OSError if the file cannot be
    created.
    """
    has_waited = False
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as stream:
            is_locked = _try_exclusive(stream)
            if is_locked is False or (is_locked and _is_still_at(path, stream)):
                with _deleted_after(path, stream) if remove else nullcontext():
                    yield stream.fileno() if is_locked else None
                return
            if is_locked:
                continue
        if not has_waited:
            has_waited = True
            on_wait()
        poll()
        time.sleep(_POLL_SECONDS)


@contextmanager
def _deleted_after(path: Path, stream: IO[bytes]) -> Iterator[None]:
    """Delete a locked file after the block: whoever waits for it notices, and makes another."""
    try:
        yield
    finally:
        if sys.platform == "win32":
            stream.close()  # an open file cannot be deleted there, nor one that another process has open
        with suppress(OSError):
            path.unlink()


def _try_exclusive(stream: IO[bytes]) -> "bool | None":
    """True: locked. None: another process has it. False: there are no locks here."""
    try:
        _lock_exclusive(stream)
    except OSError as error:
        return None if error.errno in _TAKEN else False
    return True


def _is_still_at(path: Path, stream: IO[bytes]) -> bool:
    # the process that had the lock before may have deleted the folder
    try:
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    _PLACE = 1 << 20  # of the one locked byte, beyond the pid: on Windows nobody else can read a locked byte

    def _lock_exclusive(stream: IO[bytes]) -> None:
        stream.seek(0)
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)

    def take(descriptor: int) -> bool:
        """Lock an open file for as long as this process lives; False if another process holds it."""
        return _try_byte(descriptor, _ATTEMPTS_TO_TAKE)

    def holder(descriptor: int) -> "int | None":
        """The pid of the process that holds the lock, 0 if it is out of sight, None if no process does."""
        if _try_byte(descriptor, _ATTEMPTS_TO_ASK):
            _lock_byte(descriptor, msvcrt.LK_UNLCK)
            return None
        text = read_pid(descriptor)
        return int(text) if text.isdecimal() else 0

    def _try_byte(descriptor: int, attempts: int) -> bool:
        for _ in range(attempts):  # a process that asks for the holder locks it for a moment
            if _lock_byte(descriptor, msvcrt.LK_NBLCK):
                return True
            time.sleep(_SECONDS_BETWEEN)
        return False

    def _lock_byte(descriptor: int, how: int) -> bool:
        os.lseek(descriptor, _PLACE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, how, 1)
        except OSError:
            return False
        return True

else:
    # struct flock of fcntl(2), for the whole file: Linux has type and whence first, the BSDs have them last
    _IS_LINUX = sys.platform == "linux"
    _FLOCK = struct.Struct("hhqqi" if _IS_LINUX else "qqihh")

    def _lock_exclusive(stream: IO[bytes]) -> None:
        fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)

    def take(descriptor: int) -> bool:
        """Lock an open file for as long as this process lives; False if another process holds it."""
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def holder(descriptor: int) -> "int | None":
        """The pid of the process that holds the lock, 0 if it is out of sight, None if no process does.

        Asking takes nothing, so that a process which starts meanwhile is not disturbed.
        """
        query = (fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0) if _IS_LINUX else (0, 0, 0, fcntl.F_WRLCK, os.SEEK_SET)
        answer = _FLOCK.unpack(fcntl.fcntl(descriptor, fcntl.F_GETLK, _FLOCK.pack(*query)))
        kind, pid = (answer[0], answer[4]) if _IS_LINUX else (answer[3], answer[2])
        return None if kind == fcntl.F_UNLCK else max(0, int(pid))


def write_pid(descriptor: int) -> None:
    """Note this process as the holder."""
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, f"{os.getpid()}\n".encode())


def read_pid(descriptor: int) -> str:
    """The pid that the file names; "" if it names none."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    return os.read(descriptor, 32).decode("ascii", "replace").strip()
