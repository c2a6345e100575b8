"""Files that hold pictures: opened, checked as a target, and written whole or not at all."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeAlias

from retouchml.errors import DiskFullError, PictureUnreadable, PictureUnwritable, RetouchError
from retouchml.system import files

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


def check_file_target(path: Path, source: Path | None, force: bool) -> Path:
    """Where a write to ``path`` would end up (links followed), after making sure that it may.

    Raises:
        PictureUnwritable: the folder is missing or closed to this user, or the target is a folder, a device,
            the source itself under whatever name, or exists and ``force`` is off.
    """
    name = display(path)
    try:
        if "\0" in name:  # Windows' own functions only say so at the very end
            raise ValueError("a name cannot have a null character")
        real = Path(os.path.realpath(path))
        if not real.parent.is_dir():
            raise PictureUnwritable(f"There is no folder {display(real.parent)}.", "Create it first.")
        if real.exists():
            _check_existing(name, real, real.stat(), source, force)
    except (OSError, ValueError) as error:
        raise PictureUnwritable(
            f"{name} cannot be written ({_reason(error)}).", "Choose another name."
        ) from error
    if not os.access(real.parent, os.W_OK | os.X_OK):
        raise PictureUnwritable(
            f"The folder {display(real.parent)} may not be written to.", "Choose another folder."
        )
    return real


def _check_existing(name: str, real: Path, status: os.stat_result, source: Path | None, force: bool) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise PictureUnwritable(f"{name} is a folder.", "Add a file name to it.")
    if not stat.S_ISREG(status.st_mode):
        raise PictureUnwritable(f"{name} is not an ordinary file.", "Choose another name.")
    if source is not None and source.exists() and real.samefile(source):
        raise PictureUnwritable(f"{name} is the picture that is read.", "Choose another name for the result.")
    if not force:
        raise PictureUnwritable(f"{name} exists already.", "Choose another name, or allow it with --force.")


@contextmanager
def written_whole(target: Path) -> Iterator[BinaryIO]:
    """A file open for writing and reading that becomes ``target`` at the end, or leaves nothing behind.

    It has the mode that any new file gets, or that of the file it replaces.

    Raises:
        DiskFullError: the disk, or the user's share of it, is full.
        PictureUnwritable: any other refusal of the system.
    """
    with write_errors(target), files.atomic_file(target) as file:
        yield file


@contextmanager
def write_errors(target: Path) -> Iterator[None]:
    """A block in which an OSError becomes a DiskFullError or PictureUnwritable that names ``target``."""
    try:
        yield
    except OSError as error:
        raise _refusal(error, target) from error


def _refusal(error: OSError, target: Path) -> RetouchError:
    name = display(target)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
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
