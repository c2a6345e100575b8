"""Processes that share a long work, and that are ended together."""

import multiprocessing
import signal
from multiprocessing.pool import Pool


def processes(count: int) -> Pool:
    """Fresh processes that leave Ctrl-C to this one: leaving the pool's block ends them.

    They ignore it from their first moment, not only from when they have imported what they need: they would
    print a traceback each. To be called from the main thread.
    """
    ignored = (signal.SIGINT, signal.SIG_IGN)
    former = signal.signal(*ignored)
    try:
        # What is ignored here stays so in a new process, but not on Windows.
        return multiprocessing.get_context("spawn").Pool(count, initializer=signal.signal, initargs=ignored)
    finally:
        signal.signal(signal.SIGINT, former)
