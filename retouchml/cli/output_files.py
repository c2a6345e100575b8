"""Where results go: settled and checked before any slow work starts.

No target is ever an input, be it through a link; an existing file is only replaced if that was asked for; and
a folder that cannot be written to is found out in time.
"""

import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from retouchml.errors import PictureUnwritable, UsageError

LAYER_SUFFIXES = (".png", ".tif", ".tiff")
SUFFIXES = (*LAYER_SUFFIXES, ".jpg", ".jpeg", ".jpe", ".webp")  # of the formats that are written


@dataclass(frozen=True)
class Job:
    """One picture to retouch, and the files that shall come of it."""

    source: Path
    picture: Path
    compare: Path | None = None
    layer: Path | None = None

    @property
    def targets(self) -> tuple[Path, ...]:
        """All files to be written."""
        return tuple(target for target in (self.picture, self.compare, self.layer) if target is not None)


@dataclass(frozen=True)
class Plan:
    """All jobs of one command, and the folders that their results need."""

    jobs: tuple[Job, ...]
    folders: tuple[Path, ...]


def plan(
    sources: Sequence[Path], output: str, *, compare: str | None = None, layer: str | None = None
) -> Plan:
    """Lay out a job for each of ``sources``.

    With several sources, or where they end with a slash or are folders, ``output``, ``compare`` and ``layer``
    are folders, and a result there is called like its source; it is a
    PNG where that has a format that is not written, and so is a layer unless that is a TIFF.

    Raises UsageError where a layer could not be transparent.
    """
    several = len(sources) > 1
    needed = {
        target: _is_folder(target, several) for target in (output, compare, layer) if target is not None
    }

    def place(target: str, source: Path) -> Path:
        if not needed[target]:
            return Path(target)
        placed = Path(target) / source.name
        return placed if placed.suffix.lower() in SUFFIXES else placed.with_suffix(".png")

    def place_layer(target: str, source: Path) -> Path:
        placed = place(target, source)
        if placed.suffix.lower() in LAYER_SUFFIXES:
            return placed
        if not needed[target]:
            raise UsageError(f"The layer {placed} must be a PNG or a TIFF.", "Give it a name that ends so.")
        return placed.with_suffix(".png")

    jobs = tuple(
        Job(
            source,
            place(output, source),
            place(compare, source) if compare is not None else None,
            place_layer(layer, source) if layer is not None else None,
        )
        for source in sources
    )
    return Plan(jobs, tuple(Path(target) for target, is_folder in needed.items() if is_folder))


def _is_folder(target: str, several: bool) -> bool:
    slashes = tuple(filter(None, (os.sep, os.altsep)))  # Windows has two
    return several or target.endswith(slashes) or Path(target).is_dir()


def check(sources: Iterable[Path], targets: Sequence[Path], *, force: bool) -> None:
    """Make sure that every one of ``targets`` may and can be written.

    Raises UsageError where two targets are the same file or one is among ``sources``, PictureUnwritable where
    a target exists and not ``force``, or is no ordinary file, or its folder is absent or closed to us.
    """
    inputs = {identity(source) for source in sources}
    seen: dict[object, Path] = {}
    for target in targets:
        key = identity(target)
        if key in inputs:
            raise UsageError(f"{target} is an input, which is never written to.", "Choose another name.")
        if key in seen:
            raise UsageError(f"Two results would go to {target}.", "Give each a name of its own.")
        seen[key] = target
        check_free(target, force=force)
    for folder in {real(target).parent: None for target in targets}:
        _probe(folder)


def check_free(target: Path, *, force: bool) -> None:
    """Raise PictureUnwritable if ``target`` exists and not ``force``, or is no ordinary file."""
    if target.exists() and not target.is_file():
        raise PictureUnwritable(f"{target} is not an ordinary file.", "Choose another name.")
    if os.path.lexists(target) and not force:
        raise PictureUnwritable(
            f"{target} exists already.", "Choose another name, or add --force to replace it."
        )


def identity(path: Path) -> object:
    """What two names of one file have in common, links of both kinds included; it need not exist."""
    try:
        status = path.stat()
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise PictureUnwritable(f"The name {path} is too long.", "Choose a shorter one.") from error
        if error.errno == errno.EINVAL:  # Windows', of names that are too long and others
            reason = f"The name {path} is too long, or has a letter that no name may have."
            raise PictureUnwritable(reason, "Choose another one.") from error
        return os.path.normcase(real(path))  # Windows does not tell A.png from a.png
    return status.st_dev, status.st_ino


def real(path: Path) -> Path:
    """``path`` with symbolic links followed: replacing that file leaves the link alone."""
    return Path(os.path.realpath(path))


def copy_mode(target: Path, temporary: Path) -> None:
    """Give ``temporary`` the mode of the file that it is to replace, if there is one.

    On Windows, a file takes over from its folder who may do what, and all that is left of a mode is a flag,
    read-only: what has it cannot be removed there, if things go wrong.
    """
    if sys.platform != "win32":
        with suppress(FileNotFoundError):
            shutil.copymode(target, temporary)


@contextmanager
def folders(wanted: Iterable[Path]) -> Iterator[None]:
    """Create ``wanted`` folders; those still empty after the block are taken away again.

    Raises PictureUnwritable.
    """
    created = []
    try:
        for folder in wanted:
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


def _probe(folder: Path) -> None:
    if not folder.is_dir():
        raise PictureUnwritable(f"The folder {folder} does not exist.", "Create it first.")
    try:
        # Permissions alone tell neither of a read-only disk nor what root may do.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise PictureUnwritable(
            f"The folder {folder} cannot be written to: {error.strerror}.", "Choose another folder."
        ) from error
