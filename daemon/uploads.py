"""Copies uploads into blocks of memory, large ones in a thread, so that no other client waits for it."""

import collections
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from daemon.memory.blocks import Block
from retouchml.errors import RetouchError
from retouchml.failures import explain

_log = logging.getLogger(__name__)
_LARGE = 1 << 20  # bytes; a smaller upload is copied sooner than handed to the thread
_NOTHING = memoryview(b"")
_Done = Callable[["Block | RetouchError"], None]


class Uploads:
    """The thread that copies large uploads, and the calls that are due when it is done."""

    def __init__(self, wake: Callable[[], None]) -> None:
        """wake: called from the thread when ``finish`` has something to do."""
        self._wake = wake
        self._thread = ThreadPoolExecutor(1, "upload")
        self._due_calls: collections.deque[tuple[_Done, Block | RetouchError]] = collections.deque()

    def copy(self, data: memoryview, done: _Done, before: memoryview = _NOTHING) -> None:
        """Call ``done`` with the block or the error: at once, or from ``finish``.

        before: what comes first in the block
        """
        if len(before) + len(data) >= _LARGE:
            try:
                self._thread.submit(self._copy_in_thread, [before, data], done)
            except RuntimeError:  # the system allows no more threads
                pass
            else:
                return
        done(_copy([before, data]))

    def finish(self) -> None:
        """Make the calls that are due; called in the main thread."""
        while self._due_calls:
            done, outcome = self._due_calls.popleft()
            done(outcome)

    def close(self) -> None:
        """Wait for the copy that is being made."""
        self._thread.shutdown(cancel_futures=True)

    def _copy_in_thread(self, parts: list[memoryview], done: _Done) -> None:
        outcome = _copy(parts)
        parts.clear()  # the executor refers to its arguments for longer
        self._due_calls.append((done, outcome))
        self._wake()


def _copy(parts: list[memoryview]) -> "Block | RetouchError":
    try:
        return Block.of(parts)
    except RetouchError as error:
        return error
    except Exception as error:
        _log.exception("an upload could not be copied")
        return RetouchError(explain(error)[0])
