"""Where the results of ``retouchml beautify`` go: settled and checked before any slow work starts.

No result ever replaces an input, not even through a link. An existing file is only replaced with ``--force``.
"""

import errno
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePath

from retouchml.cli.batch.inputs import Input
from retouchml.cli.batch.naming import result_name
from retouchml.errors import PictureUnwritable, UsageError

_LAYER_FORMATS = ("png", "tiff")


@dataclass(frozen=True)
class OutputFiles:
    """One picture to retouch, and the files that its results are written to.

    name: of the picture's result, below the folder of the results, with ``/`` between folders
    """

    source: Path
    picture: Path
    compare: Path | None = None
    layer: Path | None = None
    name: str = ""

    @property
    def by_option(self) -> dict[str, Path]:
        """All files to be written, by the option that asks for them."""
        options = {"output": self.picture, "compare": self.compare, "layer": self.layer}
        return {option: target for option, target in options.items() if target is not None}

    @property
    def targets(self) -> tuple[Path, ...]:
        """All files to be written."""
        return tuple(self.by_option.values())


@dataclass(frozen=True)
class Outputs:
    """The output files of all pictures of a command, and the folders that they need."""

    pictures: tuple[OutputFiles, ...]
    folders: tuple[Path, ...]


def locate(
    inputs: Sequence[Input],
    picture: str,
    *,
    compare: str | None = None,
    layer: str | None = None,
    several: bool = False,
    template: str | None = None,
    format_name: str | None = None,
    keep_suffix: bool = False,
) -> Outputs:
    """The output files of each of ``inputs``, from the values of ``--output``, ``--compare``, ``--layer``.

    A value is a folder if there may be ``several`` pictures, if it ends with a slash, or if it is an existing
    folder. A result in a folder has the name of its input, or one after ``template`` and ``format_name``
    (``naming.result_name``). It becomes a PNG if the source's format cannot be written, and keeps the
    source's suffix before it if another picture has that name; a layer becomes a PNG unless it is a TIFF.
    keep_suffix: whether it always keeps it, as not all pictures are known yet.

    Raises UsageError for a layer in a format without transparency.
    """
    from pipeline.pictures import SUFFIXES

    values = (picture, compare, layer)
    in_folder = {value: _is_folder(value, several) for value in values if value is not None}
    names = [result_name(each.name, template, format_name) for each in inputs]
    counts = Counter(os.path.normcase(name) for name in names)
    for index, (name, each) in enumerate(zip(names, inputs, strict=True)):
        if ".." in name.parts or name.is_absolute():
            raise UsageError(f"{name} does not lie in the folder of the results.", "Name the picture itself.")
        is_shared = keep_suffix or counts[os.path.normcase(name)] > 1
        if is_shared and name.suffix.lower() != each.name.suffix.lower():
            names[index] = name.with_name(f"{name.stem}{each.name.suffix}{name.suffix}")

    def place(value: str, name: PurePath) -> Path:
        return Path(value) / name if in_folder[value] else Path(value)

    def place_layer(value: str, name: PurePath) -> Path:
        target = place(value, name)
        if SUFFIXES.get(target.suffix.lower()) in _LAYER_FORMATS:
            return target
        if not in_folder[value]:
            raise UsageError(f"The layer {target} must be a PNG or a TIFF.", "Give it a name that ends so.")
        return target.with_suffix(".png")

    pictures = tuple(
        OutputFiles(
            each.path,
            place(picture, name),
            place(compare, name) if compare is not None else None,
            place_layer(layer, name) if layer is not None else None,
            name.as_posix(),
        )
        for each, name in zip(inputs, names, strict=True)
    )
    return Outputs(pictures, tuple(Path(value) for value, is_folder in in_folder.items() if is_folder))


def _is_folder(value: str, several: bool) -> bool:
    slashes = tuple(filter(None, (os.sep, os.altsep)))  # Windows has two
    return several or value.endswith(slashes) or Path(value).is_dir()


def check(sources: Iterable[Path], targets: Sequence[Path], *, force: bool) -> None:
    """Make sure that every one of ``targets`` may and can be written.

    Raises UsageError if two targets are the same file or one is among ``sources``, PictureUnwritable if a
    target exists and not ``force``, or is no ordinary file, or its folder is missing or closed to this user.
    """
    from pipeline.pictures import check_folder, check_target

    check_distinct(sources, targets)
    for target in targets:
        check_target(target, force=force, keep_links=True)
    for folder in dict.fromkeys(real(target).parent for target in targets):
        check_folder(folder)


def check_distinct(sources: Iterable[Path], targets: Iterable[Path]) -> None:
    """Raise UsageError if two targets are the same file, or one is among ``sources``.

    A name that no file can have is passed over: who writes to it finds out.
    """
    inputs = {_identity_or_name(source) for source in sources}
    seen: set[object] = set()
    for target in targets:
        key = _identity_or_name(target)
        if key in inputs:
            raise UsageError(f"{target} is an input, which is never written to.", "Choose another name.")
        if key in seen:
            raise UsageError(f"Two results would go to {target}.", "Give each a name of its own.")
        seen.add(key)


def _identity_or_name(path: Path) -> object:
    try:
        return identity(path)
    except PictureUnwritable:
        return os.path.normcase(path)


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
