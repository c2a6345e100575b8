"""A pool of processes that ends with Ctrl-C, without tracebacks."""

import multiprocessing
import signal
from multiprocessing.pool import Pool


def worker_pool(count: int) -> Pool:
    """A pool of new processes that ignore Ctrl-C; leaving the pool's block ends them.

    They ignore it from the start: a process that is interrupted while it imports prints a traceback. Call
    this from the main thread.
    """
    ignore = (signal.SIGINT, signal.SIG_IGN)
    former = signal.signal(*ignore)
    try:
        # A new process inherits an ignored signal, but not on Windows.
        return multiprocessing.get_context("spawn").Pool(count, initializer=signal.signal, initargs=ignore)
    finally:
        signal.signal(signal.SIGINT, former)
