"""What processes have done and hold, as far as the system tells."""

import contextlib
from dataclasses import dataclass

import psutil

_WORKING_SHARE = 0.01  # of one CPU; heartbeats alone take a tenth of that
_WORKING_BYTES = 1 << 20


def resident_bytes(pid: int) -> int | None:
    """Resident memory of a process; None if the system does not tell."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except (psutil.Error, OSError):
        return None


@dataclass(frozen=True)
class Activity:
    """What a process and its children had done by some moment: CPU seconds, bytes read, resident bytes."""

    cpu: float = 0.0
    read: int = 0
    resident: int = 0

    def is_work_since(self, earlier: "Activity", seconds: float) -> bool:
        """Whether the process did something in the ``seconds`` since an earlier moment."""
        return (
            self.cpu - earlier.cpu > _WORKING_SHARE * seconds
            or self.read - earlier.read > _WORKING_BYTES
            or abs(self.resident - earlier.resident) > _WORKING_BYTES
        )


def activity_of(pid: int) -> Activity:
    """What a process and its children have done; what the system does not tell counts as nothing."""
    cpu, read, resident = 0.0, 0, 0
    try:
        root = psutil.Process(pid)
        processes = [root, *root.children(recursive=True)]
    except (psutil.Error, OSError):
        return Activity()
    for process in processes:
        with contextlib.suppress(psutil.Error, OSError), process.oneshot():
            times = process.cpu_times()
            cpu += times.user + times.system
            resident += process.memory_info().rss
            if hasattr(process, "io_counters"):  # not on macOS
                counters = process.io_counters()
                read += getattr(counters, "read_chars", counters.read_bytes)
    return Activity(cpu, read, resident)
