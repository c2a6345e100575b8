"""Reads a network from a file of any format, told apart by what the file begins with."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from retouchml.errors import ModelCorrupt, ModelMissing
from stylegan2.formats import ada, own, rosinality, tensorflow, torch_legacy, torch_zip
from stylegan2.formats.network_file import NetworkFile

LARGEST_FILE = 4 << 30  # bytes; a training checkpoint at 1024 px with its optimisers has 1 GB
_HEAD = 4096  # bytes that tell the format
# Without waiting for somebody at a pipe's other end; Windows has no such pipes, but would translate lines.
_AT_ONCE = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_FORMATS = "NVIDIA's pickles (TensorFlow and PyTorch), rosinality's checkpoints and RetouchML's own files"


def read(path: Path) -> NetworkFile:
    """The network in a file that somebody else wrote.

    Raises ModelMissing where there is none, ModelCorrupt where it is damaged or dangerous, MemoryError never
    by what the file claims, only by what it has.
    """
    with opened(path) as file:
        head = _some(file, _HEAD, path)
        if own.is_own(head):
            return own.read(path).network
        reader = _reader(head)
        if reader is None:
            raise ModelCorrupt(f"{path.name} is no network of a known format.", f"Known are {_FORMATS}.")
        file.seek(0)
        content = _some(file, os.fstat(file.fileno()).st_size, path)
    return reader(memoryview(content))


def read_head(path: Path) -> bytes:
    """The first bytes of a file. Raises as ``opened``."""
    with opened(path) as file:
        return _some(file, _HEAD, path)


def opened(path: Path) -> BinaryIO:
    """The file, open for reading, of a size that a network may have.

    Raises ModelMissing where it cannot be opened or is none (a pipe would block for ever), ModelCorrupt where
    it is too large.
    """
    try:
        handle = os.open(path, os.O_RDONLY | _AT_ONCE)
    except FileNotFoundError as error:
        raise ModelMissing(f"There is no file {path}.", "Give the path of a network's file.") from error
    except OSError as error:
        raise ModelMissing(f"{path} cannot be read: {error.strerror or error}.") from error
    about = os.fstat(handle)
    if stat.S_ISREG(about.st_mode) and about.st_size <= LARGEST_FILE:
        return os.fdopen(handle, "rb")
    os.close(handle)
    if not stat.S_ISREG(about.st_mode):
        raise ModelMissing(f"{path} is no file.", "Give the path of a network's file.")
    raise ModelCorrupt(
        f"{path.name} has {about.st_size / 1e9:.1f} GB, more than any network.", f"Known are {_FORMATS}."
    )


def _reader(head: bytes) -> Callable[[memoryview], NetworkFile] | None:
    if head.startswith(torch_zip.START):
        return rosinality.read_zip
    if head.startswith(torch_legacy.START):
        return rosinality.read_legacy
    if head.startswith(b"\x80"):
        return tensorflow.read if tensorflow.MARK in head else ada.read
    return None


def _some(file: BinaryIO, size: int, path: Path) -> bytes:
    """At most ``size`` bytes, also of a file that grows meanwhile."""
    try:
        return file.read(size)
    except OSError as error:
        raise ModelMissing(f"{path} cannot be read: {error.strerror or error}.") from error
