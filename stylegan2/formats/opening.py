"""Opens a network's file: an ordinary one, of a size that a network may have."""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from retouchml.errors import ModelCorrupt, ModelMissing

LARGEST_FILE = 4 << 30  # bytes; a training checkpoint at 1024 px with its optimisers has 1 GB
HEAD = 4096  # bytes at the beginning that tell the format
KNOWN_FORMATS = (
    "Known are NVIDIA's pickles (TensorFlow and PyTorch), rosinality's checkpoints and RetouchML's own files."
)
# O_NONBLOCK: a pipe is not waited for. O_BINARY: Windows, which has no such pipes, translates no lines.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True)
class WeightFile:
    """A file of weights, and what its content has to be."""

    path: Path
    sha256: str = ""  # lower-case hex; "" if any content will do
    changed: ModelCorrupt | None = None  # the error if it has another

    def check(self, sha256: str) -> None:
        """Raise ``changed`` if the content that was read is another one."""
        if self.sha256 not in ("", sha256):
            raise self.changed or ModelCorrupt(
                f"{self.path.name} has changed since it was checked.", "Get it again."
            )

    def read(self) -> bytes:
        """The whole content, if it is what it has to be. Raises ModelMissing or ModelCorrupt."""
        with open_file(self.path) as file:
            content = read_bytes(file, os.fstat(file.fileno()).st_size, self.path)
        if self.sha256:
            self.check(hashlib.sha256(content).hexdigest())
        return content


def open_file(path: Path) -> BinaryIO:
    """The file, open for reading.

    Raises ModelMissing if it cannot be opened or is no ordinary file (a pipe would block for ever),
    ModelCorrupt if it is too large.
    """
    try:
        handle = os.open(path, _FLAGS)
    except FileNotFoundError as error:
        raise ModelMissing(f"There is no file {path}.", "Give the path of a network's file.") from error
    except OSError as error:
        raise ModelMissing(f"{path} cannot be read: {error.strerror or error}.") from error
    status = os.fstat(handle)
    if stat.S_ISREG(status.st_mode) and status.st_size <= LARGEST_FILE:
        return os.fdopen(handle, "rb")
    os.close(handle)
    if not stat.S_ISREG(status.st_mode):
        raise ModelMissing(f"{path} is no file.", "Give the path of a network's file.")
    raise ModelCorrupt(
        f"{path.name} has {status.st_size / 1e9:.1f} GB, more than any network.", KNOWN_FORMATS
    )


def read_head(path: Path) -> bytes:
    """The first bytes of a file, which tell its format. Raises as ``open_file``."""
    with open_file(path) as file:
        return read_bytes(file, HEAD, path)


def read_bytes(file: BinaryIO, size: int, path: Path) -> bytes:
    """The next ``size`` bytes at most, also if the file grows meanwhile. Raises ModelMissing."""
    try:
        return file.read(size)
    except OSError as error:
        raise ModelMissing(f"{path} cannot be read: {error.strerror or error}.") from error
