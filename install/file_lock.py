"""One installation at a time: a lock that the system itself releases when its holder dies."""

import errno
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_TAKEN = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
_POLL_SECONDS = 0.2


@contextmanager
def exclusive(file: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold ``file`` locked, in a folder that is made if need be.

    waiting: called once if somebody else has it
    """
    told = False
    while True:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("ab") as stream:
            if _taken(stream):
                if not told:
                    waiting()
                    told = True
                time.sleep(_POLL_SECONDS)
            elif _is_still(stream, file):
                yield
                return


def _is_still(stream: IO[bytes], file: Path) -> bool:
    # whoever held it before may have deleted the folder
    try:
        return os.path.samestat(os.fstat(stream.fileno()), file.stat())
    except FileNotFoundError:
        return False


def _taken(stream: IO[bytes]) -> bool:
    try:
        _lock(stream)
    except OSError as error:
        # any other error means that this file system knows no locks: better unguarded than not at all
        return error.errno in _TAKEN
    return False


if sys.platform == "win32":
    import msvcrt

    def _lock(stream: IO[bytes]) -> None:
        stream.seek(0)
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(stream: IO[bytes]) -> None:
        fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
