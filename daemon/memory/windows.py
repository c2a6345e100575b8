"""Anonymous memory behind a handle, for Windows: a section of the paging file, and copies of its handle.

Windows passes no handles along a socket. The server may open its worker's process, so it does that for both:
it puts a copy of a handle into the worker (``lend``), and fetches one that the worker has made (``fetch``).
"""

import ctypes
import sys
import weakref
from collections.abc import Sequence
from ctypes import wintypes

assert sys.platform == "win32"

_PAGE_READWRITE = 0x04
_FILE_MAP_WRITE, _FILE_MAP_READ = 0x0002, 0x0004
_PROCESS_DUP_HANDLE = 0x0040
_DUPLICATE_CLOSE_SOURCE, _DUPLICATE_SAME_ACCESS = 0x1, 0x2
_INVALID_HANDLE = wintypes.HANDLE(-1).value
_CHUNK = 4 << 20  # bytes copied while no other thread of Python's runs

_kernel = ctypes.WinDLL("kernel32", use_last_error=True)
_kernel.GetCurrentProcess.restype = wintypes.HANDLE
_kernel.OpenProcess.restype = wintypes.HANDLE
_kernel.OpenProcess.argtypes = (wintypes.DWORD, wintypes.BOOL, wintypes.DWORD)
_kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
_kernel.CreateFileMappingW.restype = wintypes.HANDLE
_kernel.CreateFileMappingW.argtypes = (
    wintypes.HANDLE,
    ctypes.c_void_p,
    wintypes.DWORD,
    wintypes.DWORD,
    wintypes.DWORD,
    wintypes.LPCWSTR,
)
_kernel.MapViewOfFile.restype = ctypes.c_void_p
_kernel.MapViewOfFile.argtypes = (
    wintypes.HANDLE,
    wintypes.DWORD,
    wintypes.DWORD,
    wintypes.DWORD,
    ctypes.c_size_t,
)
_kernel.UnmapViewOfFile.argtypes = (ctypes.c_void_p,)
_kernel.DuplicateHandle.argtypes = (
    wintypes.HANDLE,
    wintypes.HANDLE,
    wintypes.HANDLE,
    ctypes.POINTER(wintypes.HANDLE),
    wintypes.DWORD,
    wintypes.BOOL,
    wintypes.DWORD,
)


def create(parts: Sequence[memoryview]) -> int:
    """A handle of new memory with ``parts`` one after the other. Raises OSError if it is used up."""
    size = max(1, sum(len(part) for part in parts))  # Windows has no empty section
    handle = _kernel.CreateFileMappingW(
        _INVALID_HANDLE, None, _PAGE_READWRITE, size >> 32, size & 0xFFFFFFFF, None
    )
    if not handle:
        raise ctypes.WinError(ctypes.get_last_error())
    try:
        target = _view(handle, size, _FILE_MAP_WRITE)
    except OSError:
        close(handle)
        raise
    start = 0
    for part in parts:
        for offset in range(0, len(part), _CHUNK):
            piece = part[offset : offset + _CHUNK]
            target[start + offset : start + offset + len(piece)] = piece
        start += len(part)
    return int(handle)


def map_bytes(handle: int, size: int) -> memoryview:
    """The bytes behind a handle, read only; they stay mapped for as long as anything refers to them."""
    return _view(handle, size, _FILE_MAP_READ).toreadonly()


def close(handle: int) -> None:
    """Close a handle; mapped bytes stay."""
    _kernel.CloseHandle(handle)


def open_process(pid: int) -> int:
    """A handle of a process, for passing other handles to it and from it. Raises OSError."""
    handle = _kernel.OpenProcess(_PROCESS_DUP_HANDLE, False, pid)
    if not handle:
        raise ctypes.WinError(ctypes.get_last_error())
    return int(handle)


def lend(handle: int, peer: int | None) -> int:
    """A copy of a handle for the other end: in ``peer``, or in this process if the other end fetches it."""
    here = _kernel.GetCurrentProcess()
    return _duplicate(here, handle, here if peer is None else peer, _DUPLICATE_SAME_ACCESS)


def fetch(handle: int, peer: int | None) -> int:
    """The handle that the other end passed on, moved here from ``peer`` unless it is already here."""
    if peer is None:
        return handle
    return _duplicate(
        peer, handle, _kernel.GetCurrentProcess(), _DUPLICATE_SAME_ACCESS | _DUPLICATE_CLOSE_SOURCE
    )


def _duplicate(source: int, handle: int, target: int, options: int) -> int:
    copy = wintypes.HANDLE()
    if not _kernel.DuplicateHandle(source, handle, target, ctypes.byref(copy), 0, False, options):
        raise ctypes.WinError(ctypes.get_last_error())
    return int(copy.value or 0)


def _view(handle: int, size: int, access: int) -> memoryview:
    address = _kernel.MapViewOfFile(handle, access, 0, 0, size)
    if not address:
        raise ctypes.WinError(ctypes.get_last_error())
    array = (ctypes.c_ubyte * size).from_address(address)
    weakref.finalize(array, _kernel.UnmapViewOfFile, address).atexit = False  # the system does it then
    return memoryview(array).cast("B")
