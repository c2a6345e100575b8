"""The resources of this process: open files, and freed memory."""

import contextlib
import ctypes
import sys

_MAX_FILES = 1 << 16

if sys.platform == "win32":

    def raise_file_limit() -> None:
        """Let this process open as many files as it may; on Windows sockets do not count as files."""

    def file_limit() -> int:
        """How many files this process may have open."""
        return _MAX_FILES

else:
    import resource

    def raise_file_limit() -> None:
        """Let this process open as many files as it may; the usual limit of a login is made for select(2)."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        limit = _MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, _MAX_FILES)
        if soft != resource.RLIM_INFINITY and soft < limit:
            with contextlib.suppress(ValueError, OSError):  # macOS has a second limit, which it does not tell
                resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))

    def file_limit() -> int:
        """How many files this process may have open."""
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return _MAX_FILES if soft == resource.RLIM_INFINITY else soft


def give_back_memory() -> None:
    """Return freed memory to the system, where the C library would keep it (glibc's malloc_trim)."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
