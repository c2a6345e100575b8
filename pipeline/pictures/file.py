"""Files that hold pictures: opening them, checking targets, and what errors of the system mean for them."""

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeAlias

from retouchml.errors import DiskFullError, PictureUnreadable, PictureUnwritable, RetouchError
from retouchml.system.failures import is_disk_full

AnyPath: TypeAlias = str | os.PathLike[str]


def display(path: Path) -> str:
    """``path`` as text that can always be printed."""
    return str(path).encode("utf-8", "backslashreplace").decode()


@contextmanager
def open_source(path: Path) -> Iterator[BinaryIO]:
    """An ordinary, non-empty file, open for reading.

    Raises:
        PictureUnreadable: it is missing, a folder, a device, empty, or closed to this user.
    """
    name = display(path)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise PictureUnreadable(f"{name} is a folder.", "Name a picture in it.")
        if not stat.S_ISREG(status.st_mode):
            raise PictureUnreadable(f"{name} is not an ordinary file.", "Name a picture file.")
        if status.st_size == 0:
            raise PictureUnreadable(f"{name} is empty.", "Copy or export it again from its original.")
        file = path.open("rb")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PictureUnreadable(f"There is no file {name}.", "Check its name and folder.") from error
    except PermissionError as error:
        raise PictureUnreadable(f"{name} may not be read.", "Ask for permission to read it.") from error
    except (OSError, ValueError) as error:
        raise PictureUnreadable(f"{name} cannot be opened ({_reason(error)}).", "Check its name.") from error
    with file:
        yield file


def check_target(path: Path, *, force: bool, source: Path | None = None, keep_links: bool = False) -> Path:
    """Make sure that a result may be written to ``path``; returns the file that it is (links followed).

    force: whether a file that exists may be replaced; source: a file that may never be replaced; keep_links:
    whether a link to a file that does not exist counts as a file that exists

    Raises:
        PictureUnwritable: it may not be replaced, or is a folder, a device or no possible name.
    """
    name = display(path)
    try:
        if "\0" in name:  # Windows' own functions only say so at the very end
            raise ValueError("a name cannot have a null character")
        real = Path(os.path.realpath(path))
        exists = real.exists()
        mode = real.stat().st_mode if exists else 0
        is_source = exists and source is not None and source.exists() and real.samefile(source)
        is_link_to_keep = keep_links and os.path.lexists(path)
    except (OSError, ValueError) as error:
        raise PictureUnwritable(
            f"{name} cannot be written ({_reason(error)}).", "Choose another name."
        ) from error
    if exists and stat.S_ISDIR(mode):
        raise PictureUnwritable(f"{name} is a folder.", "Add a file name to it.")
    if exists and not stat.S_ISREG(mode):
        raise PictureUnwritable(f"{name} is not an ordinary file.", "Choose another name.")
    if is_source:
        raise PictureUnwritable(f"{name} is the picture that is read.", "Choose another name for the result.")
    if (exists or is_link_to_keep) and not force:
        raise PictureUnwritable(
            f"{name} exists already.", "Choose another name, or add --force (in Python force=True)."
        )
    return real


def check_folder(folder: Path) -> None:
    """Raise PictureUnwritable or DiskFullError if ``folder`` is missing, or no file can be made in it."""
    name = display(folder)
    try:
        if not folder.is_dir():
            raise PictureUnwritable(f"The folder {name} does not exist.", "Create it first.")
        # permissions alone do not show a read-only disk, nor what root may do
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        if is_disk_full(error):
            raise _refusal(error, folder) from error
        raise PictureUnwritable(
            f"The folder {name} cannot be written to: {_reason(error)}.", "Choose another folder."
        ) from error


@contextmanager
def write_errors(target: Path) -> Iterator[None]:
    """A block in which an OSError becomes a DiskFullError or PictureUnwritable that names ``target``."""
    try:
        yield
    except OSError as error:
        raise _refusal(error, target) from error


def _refusal(error: OSError, target: Path) -> RetouchError:
    name = display(target)
    if is_disk_full(error):
        return DiskFullError(
            f"There is no room left on the disk for {name}.", "Free some, or choose another disk."
        )
    if error.errno == errno.EFBIG:
        return DiskFullError(
            f"{name} would be larger than its disk or your limits allow.",
            "Choose another disk or a smaller format.",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return PictureUnwritable(f"{name} may not be written.", "Choose another folder.")
    return PictureUnwritable(
        f"{name} cannot be written ({_reason(error)}).", "Choose another name or folder."
    )


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
