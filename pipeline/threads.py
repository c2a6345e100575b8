"""How many of torch's threads pay at this moment, beside what other programs run.

Threads that share one piece of work wait for the slowest of them, thousands of times a second. With a core
for each that costs nothing. On cores that other programs use, too, each wait lasts until the system lets the
slowest thread run again, and the work takes many times as long as it would in fewer threads.
"""

import math
import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import torch

_CHOSEN = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
_LOAD = Path("/proc/loadavg")  # proc_loadavg(5)
_SAMPLES, _SECONDS_BETWEEN = 10, 0.004
_NEWS = 2.0  # seconds; a short stage of an inversion begins with what the one before was told


@contextmanager
def threads_restored() -> Iterator[None]:
    """A block, or a decorated function, after which torch has as many threads as before."""
    threads = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def use_share(threads: int, device: torch.device) -> None:
    """Let torch use as many of ``threads`` as pay now, for work on the CPU.

    It takes 40 ms to tell, unless that was told less than two seconds ago.

    Nothing changes if the user has chosen the number of threads. With another number, sums are rounded
    differently. In an inversion, which is a descent, such differences grow: the result is as good, but not
    the same.
    """
    if device.type == "cpu" and threads > 1 and not any(name in os.environ for name in _CHOSEN):
        machine = os.cpu_count() or threads
        cores = usable_cores(machine)
        # Those that run elsewhere are spread over all cores of the machine, as far as one can tell.
        torch.set_num_threads(share(threads, cores, _running.now() * cores / machine))


def usable_cores(machine: int) -> int:
    """How many of a machine's cores this process may use: ``taskset`` or a cpuset may allow fewer."""
    if sys.platform != "linux":
        return machine
    return min(machine, len(os.sched_getaffinity(0)))


def share(threads: int, cores: int, others: float) -> int:
    """A thread for each core of a fair share, for a process that has ``threads``.

    others: threads of other programs that run or wait for a core, on average. There is at least one thread;
    where there are cores enough for all, there are all.
    """
    wanted = threads + others
    return threads if wanted <= cores else max(1, min(threads, round(threads * cores / wanted)))


def running_elsewhere() -> float:
    """How many other threads run or wait for a core, the mean of a moment; 0 if the system does not tell."""
    if sys.platform != "linux":  # how many cores are in use is the nearest that others tell
        percent = psutil.cpu_percent(_SAMPLES * _SECONDS_BETWEEN)
        return (os.cpu_count() or 1) * float(percent) / 100.0
    try:
        return statistics.fmean(_running_now() for _ in range(_SAMPLES))
    except (OSError, ValueError, IndexError):
        return 0.0


class _Running:
    """How many other threads run, as it was told last, for as long as that is news."""

    def __init__(self) -> None:
        self._told = -math.inf, 0.0  # when, and how many

    def now(self) -> float:
        """As ``running_elsewhere``."""
        when, many = self._told
        if time.monotonic() - when > _NEWS:
            many = running_elsewhere()
            self._told = time.monotonic(), many
        return many


_running = _Running()


def _running_now() -> int:
    time.sleep(_SECONDS_BETWEEN)
    running = int(_LOAD.read_text().split()[3].partition("/")[0])
    return max(0, running - 1)  # without this one
