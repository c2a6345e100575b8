"""The folder of a model on this machine: its files, and whether they are intact.

Beside the files lies ``zoo.json``, which records the archive that they came from and the hash of each.
"""

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from retouchml import paths
from retouchml.errors import ModelCorrupt, ModelError, ModelMissing
from retouchml.system.files import read_bounded
from retouchml.system.locks import exclusive
from stylegan2.formats.opening import WeightFile
from stylegan2.zoo.table import Model, ModelFile, find

RECORD = "zoo.json"
_REPLACED = "old"
_LONGEST_RECORD = 1 << 20  # bytes
_RANDOM = "[a-z0-9_]{8}"  # what mkdtemp adds to a prefix; no name of another model ends so after the prefix


@dataclass(frozen=True)
class FolderRecord:
    """The record of what was put into a model's folder."""

    archive: str  # SHA-256 of the archive that the files were made from
    revision: int  # of the conversion
    files: tuple[ModelFile, ...]  # every file with its hash and size

    def belongs_to(self, model: Model) -> bool:
        """Whether the files were made from the archive, and by the conversion, that the table names today."""
        names = {file.name for file in self.files}
        same_source = model.sha256 in ("", self.archive) and self.revision == model.revision
        return same_source and names >= {file.name for file in model.files}


def folder(name: str) -> Path:
    """The folder of the model called ``name``, whether or not it is there."""
    return paths.models_dir() / name


def is_installed(name: str) -> bool:
    """Whether the model is on this machine, judged quickly by its record and its files' sizes.

    Raises ModelMissing if the zoo does not know it.
    """
    model = find(name)
    record = read_record(folder(name))
    return record is not None and record.belongs_to(model) and not _wrong_sizes(folder(name), record)


def weight_file(name: str, file: str) -> WeightFile:
    """``file`` of the model called ``name``, whose hash is compared with what will be read.

    Raises ModelMissing if the zoo does not know the model or the file, or if the model has not been fetched.
    """
    model = find(name)
    if file not in {each.name for each in model.files}:
        raise ModelMissing(f"The model {name} has no file called {file!r}.")
    home = folder(name)
    record = read_record(home)
    if record is None or not record.belongs_to(model) or _wrong_sizes(home, record):
        raise _missing(model)
    (recorded,) = (each for each in record.files if each.name == file)
    return WeightFile(home / file, recorded.sha256 or "", _corrupt(model, [file]))


def path(name: str, file: str) -> Path:
    """The path of ``file`` of the model called ``name``, once its content was compared with its hash.

    For programs that read files by themselves; others read ``weight_file``. Raises as that does, and
    ModelCorrupt if the file has changed since it was fetched.
    """
    found = weight_file(name, file)
    found.check(_digest_of(found.path, found.path.stat().st_mtime_ns))
    return found.path


def verify(name: str) -> None:
    """Compare every file of the model with its hash.

    Raises ModelMissing if the model was not fetched, ModelCorrupt if a file has changed since.
    """
    model = find(name)
    home = folder(name)
    record = read_record(home)
    if record is None or not record.belongs_to(model):
        raise _missing(model)
    changed = _wrong_sizes(home, record) or [file.name for file in record.files if not _matches(home, file)]
    if changed:
        raise _corrupt(model, changed)


def remove(name: str) -> bool:
    """Delete the model from this machine; returns whether there was anything to delete.

    Raises ModelMissing if the zoo does not know it, ModelError if the folder cannot be deleted.
    """
    find(name)
    home = folder(name)
    partial_download = [*download_files(name), *_partial_downloads_of_files(name)]
    if not home.is_dir() and not any(file.exists() for file in partial_download):
        return False
    try:
        with exclusive(lock_file(name), remove=True) as is_alone:
            if is_alone:
                clear_leftovers(paths.models_dir(), name)
            for file in partial_download:
                file.unlink(missing_ok=True)
            if home.is_dir():
                _discard(home, name)
    except OSError as error:
        raise ModelError(f"The folder {home} cannot be deleted: {error.strerror}.") from error
    return True


def download_files(name: str) -> tuple[Path, Path]:
    """The file of an interrupted download, and the file with the version that its server gave."""
    models_dir = paths.models_dir()
    return models_dir / f".{name}.download", models_dir / f".{name}.version"


def _partial_downloads_of_files(name: str) -> list[Path]:
    """What interrupted downloads of the model's single files left, from an address of converted models."""
    files = [file for each in find(name).hosted for file in download_files(f"{name}.{each.name}")]
    return [file for file in files if file.exists()]


def put_in_place(made: Path, home: Path) -> None:
    """Move the finished folder ``made``, which lies in a ``work_folder``, to the model's place ``home``.

    The former model is moved aside meanwhile, and back if that fails; ``clear_leftovers`` moves it back if
    the process was killed.
    """
    former = made.parent / _REPLACED
    try:
        if home.is_dir():
            home.rename(former)
        made.replace(home)
    except BaseException as error:
        if former.is_dir() and not home.exists():
            former.rename(home)
        elif isinstance(error, OSError) and home.is_dir() and is_installed(home.name):
            return  # without locks on this file system, another fetch was quicker: its model is as good
        raise


@contextmanager
def work_folder(models_dir: Path, name: str) -> Iterator[Path]:
    """A temporary folder beside the model's own, deleted afterwards."""
    work = Path(tempfile.mkdtemp(prefix=leftover_prefix(name), dir=models_dir))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def clear_leftovers(models_dir: Path, name: str) -> None:
    """Delete what killed processes left behind. Only the process that holds the lock may call this."""
    pattern = re.compile(re.escape(leftover_prefix(name)) + _RANDOM)
    for leftover in [each for each in models_dir.iterdir() if pattern.fullmatch(each.name)]:
        if (leftover / _REPLACED).is_dir() and not (models_dir / name).exists():
            (leftover / _REPLACED).rename(models_dir / name)
        with suppress(OSError):
            _discard(leftover, name)
        shutil.rmtree(leftover, ignore_errors=True)  # Windows moves no folder with a file that is open


def _discard(discarded: Path, name: str) -> None:
    """Delete a folder of the model called ``name`` under another name than its own.

    An interruption then leaves no half of it there, and a child of a killed process, which may go on for a
    while, cannot put more into it.
    """
    work = Path(tempfile.mkdtemp(prefix=leftover_prefix(name), dir=discarded.parent))
    try:
        discarded.rename(work / "removed")
    finally:
        shutil.rmtree(work)


def lock_file(name: str) -> Path:
    """The file that a process locks while it changes the model's folder."""
    return paths.models_dir() / f".{name}.lock"


def leftover_prefix(name: str) -> str:
    """The prefix of the names of temporary folders beside the model's own."""
    return f".{name}.part-"


def read_record(home: Path) -> FolderRecord | None:
    """The record in a model's folder; None if there is none, or a damaged one."""
    try:
        content = json.loads(read_bounded(home / RECORD, _LONGEST_RECORD).decode("utf-8"))
        files = tuple(
            ModelFile(str(file["name"]), str(file["sha256"]), int(file["size"])) for file in content["files"]
        )
        return FolderRecord(str(content["archive"]), int(content["revision"]), files)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write_record(home: Path, model: Model, archive: str = "") -> FolderRecord:
    """Hash every file in ``home``, write the record beside them and return it.

    archive: hash of what was downloaded, if the table does not give it
    """
    files = tuple(
        ModelFile(file.name, digest(file), file.stat().st_size)
        for file in sorted(home.iterdir())
        if file.name != RECORD
    )
    record = FolderRecord(model.sha256 or archive, model.revision, files)
    (home / RECORD).write_text(json.dumps(asdict(record), indent=2) + "\n", encoding="utf-8")
    return record


def digest(file: Path) -> str:
    """SHA-256 of a file's content, lower-case hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _matches(home: Path, file: ModelFile) -> bool:
    try:
        return digest(home / file.name) == file.sha256
    except OSError:
        return False


@cache
def _digest_of(file: Path, _changed: int) -> str:
    """As ``digest``, once for each state of the file: reading a whole model takes a while."""
    return digest(file)


def _wrong_sizes(home: Path, record: FolderRecord) -> list[str]:
    def size(file: Path) -> int:
        return file.stat().st_size if file.is_file() else -1

    return [file.name for file in record.files if size(home / file.name) != file.size]


def _corrupt(model: Model, files: list[str]) -> ModelCorrupt:
    what = f"The model {model.name} is damaged, it has changed since it was fetched: {', '.join(files)}."
    return ModelCorrupt(what, _again(model))


def _again(model: Model) -> str:
    if model.imported:
        return f"Import it again: `retouchml models import FILE --name {model.name}`."
    return f"Fetch it again with `retouchml models fetch {model.name}`."


def _missing(model: Model) -> ModelMissing:
    if model.imported:
        return ModelMissing(f"Files of the imported network {model.name} are missing.", _again(model))
    return ModelMissing(
        f"The model {model.name} ({model.title}) is not on this machine.",
        f"Fetch it with `retouchml models fetch {model.name}` ({model.size_text}).",
    )
