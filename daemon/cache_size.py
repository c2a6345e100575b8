"""The size of the result caches, counted in a thread: no huge folder or dead disk delays a client."""

import contextlib
import os
import threading
from pathlib import Path

from retouchml.paths import RESULT_CACHES, cache_dir

_SECONDS_TO_WAIT = 0.05  # in the server's loop; a full cache of a few thousand entries takes less


class CacheSize:
    """Counts the result caches, one count at a time."""

    def __init__(self) -> None:
        self._bytes: int | None = None
        self._count: threading.Thread | None = None

    def latest(self) -> int | None:
        """Bytes of all entries: counted now if that is quick, else the last count; None before the first."""
        if self._count is None or not self._count.is_alive():
            # not a pool's thread, for which the interpreter waits when it ends
            self._count = threading.Thread(target=self._measure, daemon=True, name="retouchml-cache-size")
            try:
                self._count.start()
            except RuntimeError:  # the system allows no more threads
                self._count = None
                return self._bytes
            self._count.join(_SECONDS_TO_WAIT)
        return self._bytes

    def _measure(self) -> None:
        self._bytes = sum(_folder_size(cache_dir() / name) for name in RESULT_CACHES)


def _folder_size(folder: Path) -> int:
    total = 0
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                total += entry.stat().st_size
    return total
