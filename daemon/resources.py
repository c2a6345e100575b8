"""The resources of this process: open files, and freed memory."""

import contextlib
import ctypes
import sys

_MAX_FILES = 1 << 16
_M_MMAP_THRESHOLD = -3  # in glibc's malloc.h

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


def return_large_blocks_when_freed() -> None:
    """Let the C library return every freed block of a megabyte or more to the system, glibc's at least.

    It raises that limit to 32 MB as large blocks are freed (M_MMAP_THRESHOLD in mallopt(3)), and then keeps
    an upload's memory at the end of a thread's heap, which malloc_trim(3) does not shrink.
    """
    _call_in_glibc("mallopt", _M_MMAP_THRESHOLD, 1 << 20)


def give_back_memory() -> None:
    """Return freed memory to the system, where the C library would keep it (glibc's malloc_trim)."""
    _call_in_glibc("malloc_trim", 0)


def _call_in_glibc(name: str, *arguments: int) -> None:
    function = getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
    if function is not None:
        function(*arguments)
