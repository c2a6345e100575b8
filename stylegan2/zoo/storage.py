"""A fetched model's folder: what lies in it, and whether that is what was put there.

Beside the files lies ``zoo.json``, which records the archive that they came from and the hash of each.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from retouchml import paths
from retouchml.errors import ModelCorrupt, ModelError, ModelMissing
from retouchml.system.locks import exclusive
from stylegan2.zoo.table import Entry, ModelFile, entry

RECORD = "zoo.json"
_REPLACED = "old"


@dataclass(frozen=True)
class Record:
    """What was put into a model's folder.

    archive:  SHA-256 of the archive that it was made from
    revision: of the conversion
    files:    every file with its hash and size
    """

    archive: str
    revision: int
    files: tuple[ModelFile, ...]

    def belongs_to(self, wanted: Entry) -> bool:
        """Whether it was made from the archive, and by the conversion, that the table asks for today."""
        names = {file.name for file in self.files}
        made_from = wanted.sha256 in ("", self.archive) and self.revision == wanted.revision
        return made_from and names >= {file.name for file in wanted.files}


def folder(name: str) -> Path:
    """Where the model called ``name`` lies once it is fetched."""
    return paths.models_dir() / name


def is_installed(name: str) -> bool:
    """Whether the model is here, judged quickly by its record and its files' sizes.

    Raises ModelMissing if the zoo does not know it.
    """
    wanted = entry(name)
    record = read_record(folder(name))
    return record is not None and record.belongs_to(wanted) and not _wrong_sizes(folder(name), record)


def path(name: str, file: str) -> Path:
    """Where ``file`` of the model called ``name`` lies, ready to be loaded: its content was compared.

    Raises ModelMissing if the zoo does not know the model or the file, or if the model has not been fetched;
    ModelCorrupt if the file changed since.
    """
    wanted = entry(name)
    if file not in {known.name for known in wanted.files}:
        raise ModelMissing(f"The model {name} has no file called {file!r}.")
    home = folder(name)
    record = read_record(home)
    if record is None or not record.belongs_to(wanted) or _wrong_sizes(home, record):
        raise _missing(wanted)
    (kept,) = (known for known in record.files if known.name == file)
    state = (home / file).stat()
    if not _is_intact(home, kept, state.st_mtime_ns):
        raise _corrupt(wanted, [file])
    return home / file


def verify(name: str) -> None:
    """Read every file of the model and compare it with what was fetched.

    Raises ModelMissing if the model was not fetched, ModelCorrupt if a file changed since.
    """
    wanted = entry(name)
    home = folder(name)
    record = read_record(home)
    if record is None or not record.belongs_to(wanted):
        raise _missing(wanted)
    changed = _wrong_sizes(home, record) or [file.name for file in record.files if not _matches(home, file)]
    if changed:
        raise _corrupt(wanted, changed)


def remove(name: str) -> bool:
    """Delete the model from this machine. Says whether there was anything to delete.

    Raises ModelMissing if the zoo does not know it, ModelError if the folder cannot be deleted.
    """
    entry(name)
    home, models = folder(name), paths.models_dir()
    begun = download_files(name)
    if not home.is_dir() and not any(file.exists() for file in begun):
        return False
    try:
        with exclusive(lock_file(name)) as alone:
            if alone:
                clear_leftovers(models, name)
            for file in begun:
                file.unlink(missing_ok=True)
            if home.is_dir():
                _discard(home)
    except OSError as error:
        raise ModelError(f"The folder {home} cannot be deleted: {error.strerror}.") from error
    return True


def download_files(name: str) -> tuple[Path, Path]:
    """Where an interrupted download waits to be continued, and what its server calls the file's version."""
    models = paths.models_dir()
    return models / f".{name}.download", models / f".{name}.version"


def put_in_place(made: Path, home: Path) -> None:
    """Make the finished folder ``made``, which lies in a ``work_folder``, the model's own.

    A former model stands aside meanwhile, and comes back where that fails; ``clear_leftovers`` brings it back
    where the process was killed.
    """
    aside = made.parent / _REPLACED
    try:
        if home.is_dir():
            home.rename(aside)
        made.replace(home)
    except BaseException as error:
        if aside.is_dir() and not home.exists():
            aside.rename(home)
        elif isinstance(error, OSError) and home.is_dir() and is_installed(home.name):
            return  # without locks on this file system, another fetch was quicker: its model is as good
        raise


@contextmanager
def work_folder(models: Path, name: str) -> Iterator[Path]:
    """A temporary folder beside the model's own, gone afterwards."""
    work = Path(tempfile.mkdtemp(prefix=leftover_prefix(name), dir=models))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def clear_leftovers(models: Path, name: str) -> None:
    """Delete what killed processes left behind; for the one that holds the lock."""
    for leftover in models.glob(f"{leftover_prefix(name)}*"):
        if (leftover / _REPLACED).is_dir() and not (models / name).exists():
            (leftover / _REPLACED).rename(models / name)
        shutil.rmtree(leftover, ignore_errors=True)


def _discard(home: Path) -> None:
    """Delete a folder so that an interruption never leaves half of it under its own name."""
    aside = Path(tempfile.mkdtemp(prefix=leftover_prefix(home.name), dir=home.parent))
    home.rename(aside / "removed")
    shutil.rmtree(aside)


def lock_file(name: str) -> Path:
    """The file that whoever changes the model's folder holds locked."""
    return paths.models_dir() / f".{name}.lock"


def leftover_prefix(name: str) -> str:
    """How the names of the temporary folders begin that stand beside the model's own."""
    return f".{name}.part-"


def read_record(home: Path) -> Record | None:
    """The record in a model's folder; None where there is none, or one that cannot be understood."""
    try:
        content = json.loads((home / RECORD).read_text(encoding="utf-8"))
        files = tuple(
            ModelFile(str(file["name"]), str(file["sha256"]), int(file["size"])) for file in content["files"]
        )
        return Record(str(content["archive"]), int(content["revision"]), files)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write_record(home: Path, made_from: Entry, archive: str = "") -> Record:
    """Hash every file in ``home``, write the record beside them and return it.

    archive: hash of what was downloaded, where the entry does not know it
    """
    files = tuple(
        ModelFile(file.name, digest(file), file.stat().st_size)
        for file in sorted(home.iterdir())
        if file.name != RECORD
    )
    record = Record(made_from.sha256 or archive, made_from.revision, files)
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
def _is_intact(home: Path, file: ModelFile, _changed: int) -> bool:
    """As ``_matches``, once a process for each state of the file: reading all of a model takes a while."""
    return _matches(home, file)


def _wrong_sizes(home: Path, record: Record) -> list[str]:
    def size(file: Path) -> int:
        return file.stat().st_size if file.is_file() else -1

    return [file.name for file in record.files if size(home / file.name) != file.size]


def _corrupt(wanted: Entry, files: list[str]) -> ModelCorrupt:
    what = f"The model {wanted.name} is damaged, it has changed since it was fetched: {', '.join(files)}."
    return ModelCorrupt(what, _again(wanted))


def _again(wanted: Entry) -> str:
    if wanted.imported:
        return f"Import it again: `retouchml models import FILE --name {wanted.name}`."
    return f"Fetch it again with `retouchml models fetch {wanted.name}`."


def _missing(wanted: Entry) -> ModelMissing:
    if wanted.imported:
        return ModelMissing(f"Files of the imported network {wanted.name} are missing.", _again(wanted))
    return ModelMissing(
        f"The model {wanted.name} ({wanted.title}) is not on this machine.",
        f"Fetch it with `retouchml models fetch {wanted.name}` ({wanted.size / 1e6:.0f} MB).",
    )
