"""A lock file that says who holds it; the system itself releases it when its holder dies.

Its first line is the holder's pid. On POSIX the kernel names the holder, whatever the file says; hence these
locks, and not those of ``zoo_lock`` and ``install/file_lock``, which are only waited for.
"""

import os
import sys
import time

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl
    import struct

_ATTEMPTS_TO_TAKE, _ATTEMPTS_TO_ASK, _SECONDS_BETWEEN = 50, 5, 0.002


if sys.platform == "win32":
    _PLACE = 1 << 20  # of the one locked byte, beyond the pid: on Windows nobody else can read a locked byte

    def take(descriptor: int) -> bool:
        """Lock an open file for as long as this process lives; whether nobody else has."""
        return _locked(descriptor, _ATTEMPTS_TO_TAKE)

    def holder(descriptor: int) -> int | None:
        """Its pid, 0 where that is out of this process's sight; None where the file is not locked."""
        if _locked(descriptor, _ATTEMPTS_TO_ASK):
            _lock(descriptor, msvcrt.LK_UNLCK)
            return None
        text = written(descriptor)
        return int(text) if text.isdecimal() else 0

    def _locked(descriptor: int, attempts: int) -> bool:
        for _ in range(attempts):  # whoever asks for the holder locks it for a moment
            if _lock(descriptor, msvcrt.LK_NBLCK):
                return True
            time.sleep(_SECONDS_BETWEEN)
        return False

    def _lock(descriptor: int, how: int) -> bool:
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

    def take(descriptor: int) -> bool:
        """Lock an open file for as long as this process lives; whether nobody else has."""
        try:
            # not flock(2), of which one cannot ask who holds it
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def holder(descriptor: int) -> int | None:
        """Its pid, 0 where that is out of this process's sight; None where the file is not locked.

        Asking takes nothing, so that a process which starts meanwhile is not disturbed.
        """
        wanted = (fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0) if _IS_LINUX else (0, 0, 0, fcntl.F_WRLCK, os.SEEK_SET)
        answer = _FLOCK.unpack(fcntl.fcntl(descriptor, fcntl.F_GETLK, _FLOCK.pack(*wanted)))
        kind, pid = (answer[0], answer[4]) if _IS_LINUX else (answer[3], answer[2])
        return None if kind == fcntl.F_UNLCK else max(0, int(pid))


def write_pid(descriptor: int) -> None:
    """Note this process as the holder."""
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, f"{os.getpid()}\n".encode())


def written(descriptor: int) -> str:
    """The pid that the file names; "" where it names none."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    return os.read(descriptor, 32).decode("ascii", "replace").strip()
