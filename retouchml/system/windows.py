"""Access lists of files on Windows, which take the place of owners and modes.

After Microsoft's reference of the Security API (aclapi.h, sddl.h, winnt.h). Standard library only.
"""

import ctypes
import functools
import msvcrt
import os
import sys
from ctypes import wintypes
from pathlib import Path

assert sys.platform == "win32"

_FILE_OBJECT = 1  # SE_FILE_OBJECT
_OWNER, _DACL, _PROTECTED_DACL = 0x1, 0x4, 0x80000000
_TOKEN_QUERY, _TOKEN_USER = 0x8, 1
_ALLOWED, _DENIED = 0, 1  # ACCESS_ALLOWED_ACE_TYPE, ACCESS_DENIED_ACE_TYPE
_INHERIT_ONLY = 0x8
_SYSTEM, _ADMINISTRATORS = "S-1-5-18", "S-1-5-32-544"
_TRUSTED = {_SYSTEM, _ADMINISTRATORS, "S-1-3-0", "S-1-3-4"}  # and the owner, whoever that is

_kernel = ctypes.WinDLL("kernel32", use_last_error=True)
_security = ctypes.WinDLL("advapi32", use_last_error=True)
_POINTER = ctypes.c_void_p
_TO_POINTER = ctypes.POINTER(_POINTER)
_kernel.GetCurrentProcess.restype = wintypes.HANDLE
_kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
_kernel.LocalFree.argtypes = (_POINTER,)
_security.OpenProcessToken.argtypes = (wintypes.HANDLE, wintypes.DWORD, ctypes.POINTER(wintypes.HANDLE))
_security.GetTokenInformation.argtypes = (
    wintypes.HANDLE,
    ctypes.c_int,
    _POINTER,
    wintypes.DWORD,
    ctypes.POINTER(wintypes.DWORD),
)
_security.ConvertSidToStringSidW.argtypes = (_POINTER, ctypes.POINTER(wintypes.LPWSTR))
_security.GetNamedSecurityInfoW.argtypes = (
    wintypes.LPCWSTR,
    ctypes.c_int,
    wintypes.DWORD,
    _TO_POINTER,
    _POINTER,
    _TO_POINTER,
    _POINTER,
    _TO_POINTER,
)
_security.GetSecurityInfo.argtypes = (wintypes.HANDLE, *_security.GetNamedSecurityInfoW.argtypes[1:])
_security.SetNamedSecurityInfoW.argtypes = (
    wintypes.LPCWSTR,
    ctypes.c_int,
    wintypes.DWORD,
    _POINTER,
    _POINTER,
    _POINTER,
    _POINTER,
)
_security.ConvertStringSecurityDescriptorToSecurityDescriptorW.argtypes = (
    wintypes.LPCWSTR,
    wintypes.DWORD,
    _TO_POINTER,
    _POINTER,
)
_security.GetSecurityDescriptorDacl.argtypes = (
    _POINTER,
    ctypes.POINTER(wintypes.BOOL),
    _TO_POINTER,
    ctypes.POINTER(wintypes.BOOL),
)
_security.GetAce.argtypes = (_POINTER, wintypes.DWORD, _TO_POINTER)


class _AceHeader(ctypes.Structure):
    """ACCESS_ALLOWED_ACE up to its SID."""

    _fields_ = (
        ("type", ctypes.c_ubyte),
        ("flags", ctypes.c_ubyte),
        ("size", wintypes.WORD),
        ("mask", wintypes.DWORD),
    )


class _AclHeader(ctypes.Structure):
    """ACL."""

    _fields_ = (
        ("revision", ctypes.c_ubyte),
        ("padding", ctypes.c_ubyte),
        ("size", wintypes.WORD),
        ("count", wintypes.WORD),
        ("padding2", wintypes.WORD),
    )


def make_private(folder: Path) -> None:
    """Give this user and the system alone access to a folder and what will be in it. Raises OSError."""
    descriptor, acl = _POINTER(), _POINTER()
    present, defaulted = wintypes.BOOL(), wintypes.BOOL()
    rules = f"D:P(A;OICI;FA;;;{user()})(A;OICI;FA;;;SY)"
    _check(
        _security.ConvertStringSecurityDescriptorToSecurityDescriptorW(
            rules, 1, ctypes.byref(descriptor), None
        )
    )
    try:
        _check(
            _security.GetSecurityDescriptorDacl(
                descriptor, ctypes.byref(present), ctypes.byref(acl), ctypes.byref(defaulted)
            )
        )
        code = _security.SetNamedSecurityInfoW(
            os.fspath(folder), _FILE_OBJECT, _DACL | _PROTECTED_DACL, None, None, acl, None
        )
    finally:
        _kernel.LocalFree(descriptor)
    if code:
        raise ctypes.WinError(code)


def is_private(what: Path | int) -> bool:
    """Whether a file or folder, or an open file, is this user's, and only the system has access besides.

    Administrators count as the system, and may be the owner of what their members make. Raises OSError.
    """
    owner, acl, descriptor = _POINTER(), _POINTER(), _POINTER()
    ask = _security.GetSecurityInfo if isinstance(what, int) else _security.GetNamedSecurityInfoW
    code = ask(
        msvcrt.get_osfhandle(what) if isinstance(what, int) else os.fspath(what),
        _FILE_OBJECT,
        _OWNER | _DACL,
        ctypes.byref(owner),
        None,
        ctypes.byref(acl),
        None,
        ctypes.byref(descriptor),
    )
    if code:
        raise ctypes.WinError(code)
    try:
        trusted = {user(), *_TRUSTED}
        return _text(owner.value) in {user(), _SYSTEM, _ADMINISTRATORS} and _admitted(acl.value) <= trusted
    finally:
        _kernel.LocalFree(descriptor)


@functools.cache
def user() -> str:
    """The SID of the user that this process runs as, such as ``S-1-5-21-1-2-3-1001``. Raises OSError."""
    token, size = wintypes.HANDLE(), wintypes.DWORD()
    _check(_security.OpenProcessToken(_kernel.GetCurrentProcess(), _TOKEN_QUERY, ctypes.byref(token)))
    try:
        _security.GetTokenInformation(token, _TOKEN_USER, None, 0, ctypes.byref(size))
        buffer = ctypes.create_string_buffer(size.value)
        _check(_security.GetTokenInformation(token, _TOKEN_USER, buffer, size, ctypes.byref(size)))
        return _text(_POINTER.from_buffer(buffer).value)  # TOKEN_USER begins with a pointer to the SID
    finally:
        _kernel.CloseHandle(token)


def _admitted(acl: int | None) -> set[str]:
    """The SIDs that an access list admits; everybody if there is no list."""
    if acl is None:
        return {"S-1-1-0"}
    admitted = set()
    for index in range(_AclHeader.from_address(acl).count):
        ace = _POINTER()
        _check(_security.GetAce(acl, index, ctypes.byref(ace)))
        header = _AceHeader.from_address(ace.value or 0)
        if header.type == _DENIED or header.flags & _INHERIT_ONLY:
            continue
        # any other kind of entry may admit somebody, and none is of our making
        is_plain = header.type == _ALLOWED
        admitted.add(_text((ace.value or 0) + ctypes.sizeof(_AceHeader)) if is_plain else "unknown")
    return admitted


def _text(sid: int | None) -> str:
    text = wintypes.LPWSTR()
    _check(_security.ConvertSidToStringSidW(sid, ctypes.byref(text)))
    try:
        return text.value or ""
    finally:
        _kernel.LocalFree(text)


def _check(succeeded: int) -> None:
    if not succeeded:
        raise ctypes.WinError(ctypes.get_last_error())
