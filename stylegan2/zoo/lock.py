"""One process at a time: a lock that the system itself releases when its holder dies."""

import errno
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_TAKEN = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}
_POLL_SECONDS = 0.1


@contextmanager
def exclusive(file: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[bool]:
    """Hold ``file`` locked; while another process holds it, call ``waiting`` about ten times a second.

    Yields False, without a lock, on file systems that know none. ``waiting`` may raise to give up. Raises
    OSError if ``file`` cannot be created.
    """
    with file.open("ab") as stream:
        while (outcome := _try(stream)) is None:
            waiting()
            time.sleep(_POLL_SECONDS)
        yield outcome


def _try(stream: IO[bytes]) -> bool | None:
    """True: locked. None: somebody else has it. False: no locks here."""
    try:
        _lock(stream)
    except OSError as error:
        return None if error.errno in _TAKEN else False
    return True


if sys.platform == "win32":
    import msvcrt

    def _lock(stream: IO[bytes]) -> None:
        stream.seek(0)
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(stream: IO[bytes]) -> None:
        fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
