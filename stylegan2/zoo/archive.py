"""Unpacks the named members of a downloaded archive, and nothing else of it."""

import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from retouchml.errors import ModelCorrupt
from stylegan2.zoo.table import Entry

# What the zoo unpacks is far smaller: a bound on what a crafted archive could write.
LARGEST_MEMBER = 1 << 30
_CHUNK = 1 << 20
# zipfile raises RuntimeError for encryption and, below it, NotImplementedError for an unknown compression
_DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, RuntimeError)


def unpack(archive: Path, wanted: Entry, target: Path) -> None:
    """Write the entry's members into ``target``, each under its bare name, wherever the archive has it.

    Raises ModelCorrupt where a member is missing, no regular file, or has another size than the table says.
    """
    sizes = {file.name: file.size for file in wanted.files}
    try:
        with _members(archive, wanted) as members:
            for member, stream in members:
                name = PurePosixPath(member).name
                _copy(stream, target / name, sizes.get(name), wanted)
    except _DAMAGED as error:
        raise _corrupt(wanted, "it cannot be unpacked") from error
    missing = [member for member in wanted.members if not (target / PurePosixPath(member).name).is_file()]
    if missing:
        raise _corrupt(wanted, f"it has no {PurePosixPath(missing[0]).name}")


@contextmanager
def _members(archive: Path, wanted: Entry) -> Iterator[Iterator[tuple[str, IO[bytes]]]]:
    if wanted.is_source:
        with tarfile.open(archive, "r:gz") as tar:
            yield _tar_members(tar, wanted)
    else:
        with zipfile.ZipFile(archive) as wheel:
            yield _zip_members(wheel, wanted)


def _tar_members(tar: tarfile.TarFile, wanted: Entry) -> Iterator[tuple[str, IO[bytes]]]:
    for info in tar:
        if info.name in wanted.members:
            stream = tar.extractfile(info) if info.isreg() else None
            if stream is None:
                raise _corrupt(wanted, f"{PurePosixPath(info.name).name} is not a regular file in it")
            yield info.name, stream


def _zip_members(wheel: zipfile.ZipFile, wanted: Entry) -> Iterator[tuple[str, IO[bytes]]]:
    present = set(wheel.namelist())
    for member in wanted.members:
        if member in present:
            with wheel.open(member) as stream:
                yield member, stream


def _copy(source: IO[bytes], target: Path, size: int | None, wanted: Entry) -> None:
    limit = LARGEST_MEMBER if size is None else size
    written = 0
    with target.open("wb") as stream:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > limit:
                break
            stream.write(chunk)
    if written > limit or size not in (None, written):
        raise _corrupt(wanted, f"{target.name} has the wrong size in it")


def _corrupt(wanted: Entry, reason: str) -> ModelCorrupt:
    return ModelCorrupt(
        f"The archive {wanted.archive} of the model {wanted.name} is not what was expected: {reason}.",
        "Try again; if it stays so, the package index or a proxy hands out something else.",
    )
