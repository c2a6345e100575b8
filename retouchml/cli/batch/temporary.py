"""The temporary folder of a command, for copies of what is at URLs.

A lock file in it is held as long as the command lives, so that the next one can tell what a killed one left:
photographs of people, which must not lie there.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from retouchml.system import locks

_PREFIX, _LOCK = "retouchml-urls-", ".lock"
_YOUNG = 60.0  # seconds, in which a command may not yet have its lock


@contextmanager
def folder() -> Iterator[Path]:
    """A new folder of this user's alone, removed after the block. Raises OSError."""
    _sweep()
    path = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        with locks.exclusive(path / _LOCK):
            yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _sweep() -> None:
    """Remove the folders that no command holds any more."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError, _Held):
            status = path.lstat()
            is_own = not hasattr(os, "getuid") or status.st_uid == os.getuid()
            if path.is_symlink() or not is_own or time.time() - status.st_mtime < _YOUNG:
                continue
            with locks.exclusive(path / _LOCK, _give_up) as lock:
                if lock is not None:
                    shutil.rmtree(path, ignore_errors=True)
            if lock is not None:
                shutil.rmtree(path, ignore_errors=True)  # Windows keeps a file that is open


class _Held(Exception):
    """A command works with that folder."""


def _give_up() -> None:
    raise _Held
