"""What the system tells about a process, and allows it."""

import contextlib
import ctypes
import sys

import psutil

_FILES = 1 << 16


def resident_bytes(pid: int) -> int | None:
    """Resident memory of a process; None where the system does not tell."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except (psutil.Error, OSError):
        return None


if sys.platform == "win32":

    def raise_file_limit() -> None:
        """Let this process open as many files as it may; on Windows sockets do not count as such."""

    def file_limit() -> int:
        """How many files this process may have open."""
        return _FILES

else:
    import resource

    def raise_file_limit() -> None:
        """Let this process open as many files as it may; a session's usual limit is made for select(2)."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            with contextlib.suppress(ValueError, OSError):  # macOS has a second limit, which it does not tell
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))

    def file_limit() -> int:
        """How many files this process may have open."""
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return _FILES if soft == resource.RLIM_INFINITY else soft


def give_back_memory() -> None:
    """Hand freed memory to the system, where the C library would keep it (glibc's malloc_trim)."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
