"""Files that results are written to: checked before any slow work starts.

No result ever replaces an input, not even through a link. An existing file is only replaced with ``--force``.
"""

import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from retouchml.errors import PictureUnwritable, UsageError


def check(sources: Iterable[Path], targets: Sequence[Path], *, force: bool) -> None:
    """Make sure that every one of ``targets`` may and can be written.

    Raises UsageError if two targets are the same file or one is among ``sources``, PictureUnwritable if a
    target exists and not ``force``, or is no ordinary file, or its folder is missing or closed to this user.
    """
    inputs = {identity(source) for source in sources}
    seen: set[object] = set()
    for target in targets:
        key = identity(target)
        if key in inputs:
            raise UsageError(f"{target} is an input, which is never written to.", "Choose another name.")
        if key in seen:
            raise UsageError(f"Two results would go to {target}.", "Give each a name of its own.")
        seen.add(key)
        check_free(target, force=force)
    for folder in dict.fromkeys(real(target).parent for target in targets):
        check_folder(folder)


def identity(path: Path) -> object:
    """A key that all names of one file share, links of both kinds included; the file need not exist."""
    try:
        status = path.stat()
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise PictureUnwritable(f"The name {path} is too long.", "Choose a shorter one.") from error
        if error.errno == errno.EINVAL:  # Windows', of names that are too long and others
            reason = f"The name {path} is too long, or has a character that no name may have."
            raise PictureUnwritable(reason, "Choose another one.") from error
        return os.path.normcase(real(path))  # Windows does not tell A.png from a.png
    return status.st_dev, status.st_ino


def real(path: Path) -> Path:
    """``path`` with symbolic links followed: replacing that file leaves the link alone."""
    return Path(os.path.realpath(path))


def check_free(target: Path, *, force: bool) -> None:
    """Raise PictureUnwritable if ``target`` exists and not ``force``, or is no ordinary file."""
    if target.exists() and not target.is_file():
        raise PictureUnwritable(f"{target} is not an ordinary file.", "Choose another name.")
    if os.path.lexists(target) and not force:
        raise PictureUnwritable(
            f"{target} exists already.", "Choose another name, or add --force to replace it."
        )


def check_folder(folder: Path) -> None:
    """Raise PictureUnwritable if ``folder`` is missing, or no file can be made in it."""
    if not folder.is_dir():
        raise PictureUnwritable(f"The folder {folder} does not exist.", "Create it first.")
    try:
        # permissions alone do not show a read-only disk, nor what root may do
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise PictureUnwritable(
            f"The folder {folder} cannot be written to: {error.strerror}.", "Choose another folder."
        ) from error


@contextmanager
def new_folders(folders: Iterable[Path]) -> Iterator[None]:
    """Create folders that are missing; those still empty after the block are removed again.

    Raises PictureUnwritable.
    """
    created = []
    try:
        for folder in folders:
            missing = [level for level in (folder, *folder.parents) if not level.exists()]
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise PictureUnwritable(
                    f"The folder {folder} cannot be created: {error.strerror}."
                ) from error
            finally:
                created += [level for level in missing if level.is_dir()]
        yield
    finally:
        for folder in sorted(created, key=lambda level: len(level.parts), reverse=True):
            with suppress(OSError):
                folder.rmdir()


def copy_mode(target: Path, temporary: Path) -> None:
    """Give ``temporary`` the mode of the file that it is to replace, if there is one.

    On Windows a file inherits its access list from its folder, and all that is left of a mode is the flag
    "read-only". A file with that flag could not be removed if something fails.
    """
    if sys.platform != "win32":
        with suppress(FileNotFoundError):
            shutil.copymode(target, temporary)
