"""Copies uploads into blocks, large ones in a thread, so that nobody else waits for it."""

import collections
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from daemon.memory.blocks import Block
from retouchml.errors import RetouchError

_LARGE = 1 << 20  # bytes; less is copied sooner than handed over
_Done = Callable[["Block | RetouchError"], None]


class Uploads:
    """``wake`` is called from the thread when ``finish`` has something to do."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._thread = ThreadPoolExecutor(1, "upload")
        self._finished: collections.deque[tuple[_Done, Block | RetouchError]] = collections.deque()

    def copy(self, data: memoryview, done: _Done) -> None:
        """Call ``done`` with the block or the error: at once, or from ``finish``."""
        if len(data) < _LARGE:
            done(_copied(data))
        else:
            self._thread.submit(self._work, data, done)

    def finish(self) -> None:
        """Make the calls that are due."""
        while self._finished:
            done, outcome = self._finished.popleft()
            done(outcome)

    def close(self) -> None:
        """Wait for the copy that is being made."""
        self._thread.shutdown(cancel_futures=True)

    def _work(self, data: memoryview, done: _Done) -> None:
        self._finished.append((done, _copied(data)))
        self._wake()


def _copied(data: memoryview) -> "Block | RetouchError":
    try:
        return Block.of([data])
    except RetouchError as error:
        return error
