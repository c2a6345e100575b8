"""Reads a network from a file of any format, told apart by what the file begins with."""

from collections.abc import Callable
from pathlib import Path

from retouchml.errors import ModelCorrupt, ModelMissing
from stylegan2.formats import ada, own, rosinality, tensorflow, torch_legacy, torch_zip
from stylegan2.formats.network_file import NetworkFile

LARGEST_FILE = 4 << 30  # bytes; a training checkpoint at 1024 px with its optimisers has 1 GB
_HEAD = 4096  # bytes that tell the format
_FORMATS = "NVIDIA's pickles (TensorFlow and PyTorch), rosinality's checkpoints and RetouchML's own files"


def read(path: Path) -> NetworkFile:
    """The network in a file that somebody else wrote.

    Raises ModelMissing where there is none, ModelCorrupt where it is damaged or dangerous, MemoryError never
    by what the file claims, only by what it has.
    """
    head = read_head(path)
    if own.is_own(head):
        return own.read(path).network
    reader = _reader(head)
    if reader is None:
        raise ModelCorrupt(f"{path.name} is no network of a known format.", f"Known are {_FORMATS}.")
    return reader(memoryview(_content(path)))


def read_head(path: Path) -> bytes:
    """The first bytes of a file. Raises ModelMissing where it cannot be opened."""
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError as error:
        raise ModelMissing(f"{path} cannot be read: {error.strerror or error}.") from error


def _reader(head: bytes) -> Callable[[memoryview], NetworkFile] | None:
    if head.startswith(torch_zip.START):
        return rosinality.read_zip
    if head.startswith(torch_legacy.START):
        return rosinality.read_legacy
    if head.startswith(b"\x80"):
        return tensorflow.read if tensorflow.MARK in head else ada.read
    return None


def _content(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise ModelCorrupt(
                f"{path.name} has {size / 1e9:.1f} GB, more than any network.", f"Known are {_FORMATS}."
            )
        return path.read_bytes()
    except OSError as error:
        raise ModelMissing(f"{path} cannot be read: {error.strerror or error}.") from error
