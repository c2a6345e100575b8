"""Brings a model of the zoo onto this machine: download, check, unpack, convert, move into place.

All work happens in a temporary folder beside the model's own, and one rename puts the result in place:
a model is complete or not there. Whatever an interrupted run left behind is deleted by the next.
"""

import errno
import importlib
import os
import shutil
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

from retouchml import paths
from retouchml.errors import (
    Cancelled,
    DiskFullError,
    DownloadError,
    ModelCorrupt,
    ModelError,
    ModelMissing,
    UsageError,
)
from retouchml.progress import NEVER, Cancel, Progress, silent
from retouchml.system.failures import is_disk_full
from retouchml.system.locks import exclusive
from stylegan2.zoo import archive as zoo_archive
from stylegan2.zoo import hosted, http, pip_download
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
from stylegan2.zoo.table import Model, find, published

# converter: "module:function", imported only when needed because torch is slow to import;
# called with the folder of unpacked members, the folder to fill, and a progress callback
CONVERTERS = {
    "mobile": "stylegan2.mobile.convert:convert",
    "stylegan2": "stylegan2.importing:convert",
    "tflite": "stylegan2.tflite.convert:convert",
}

_DOWNLOADED = 0.85  # of the progress; checking and converting are the rest


def fetch(
    name: str,
    *,
    source: Path | None = None,
    archives: Path | None = None,
    progress: Progress | None = None,
    cancel: Cancel = NEVER,
) -> None:
    """Fetch the model called ``name``; nothing is downloaded if it is here and intact.

    source: a copy of what would be downloaded, got elsewhere; it has to have the same hash. archives: a
    folder for archives that other models are made from, too, which then are not downloaded again. progress:
    its fractions are those of the whole fetch. Two fetches at once are safe: the second waits for the first.

    Raises ModelMissing (unknown), UsageError (another source file), DownloadError, ModelCorrupt (a wrong
    checksum), DiskFullError, ModelError (the folder cannot be written) or Cancelled. Whatever is raised, no
    half-made model remains.
    """
    model = find(name)
    if model.imported:
        raise ModelMissing(
            f"{name} was imported from a file; there is nothing to fetch.", "Import the file again instead."
        )
    report = _Report(progress or silent, cancel)
    models_dir = paths.models_dir()
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
        wait = partial(report, "waiting for another fetch", 0.0)
        with exclusive(lock_file(name), poll=wait, remove=True) as is_alone:
            if not _is_intact(name):
                if is_alone:
                    clear_leftovers(models_dir, name)
                _make(model, models_dir, report, source, archives)
    except KeyboardInterrupt:
        raise Cancelled(f"Fetching the model {name} was interrupted; nothing was left half made.") from None
    except OSError as error:
        raise explain(error, name, models_dir) from error


def _make(
    model: Model, models_dir: Path, report: "_Report", source: Path | None, archives: Path | None
) -> None:
    """Bring the model from the address of converted models, if there is one, else from its own source.

    source: a copy of its own source, which alone is used then
    """
    base = hosted.address() if source is None and model.hosted else ""
    if not base:
        _from_source(model, models_dir, report, source, archives)
        return
    try:
        _from_host(model, base, models_dir, report)
    except (DownloadError, ModelCorrupt) as first:
        report("looking elsewhere", 0.0)
        try:
            _from_source(model, models_dir, report, None, archives)
        except (DownloadError, ModelCorrupt) as second:
            raise type(second)(f"{second.message} Before that: {first.message}", second.advice) from first


def _from_host(model: Model, base: str, models_dir: Path, report: "_Report") -> None:
    check_room(model.name, models_dir, 2 * sum(file.size or 0 for file in model.hosted))
    with work_folder(models_dir, model.name) as work:
        made = work / "model"
        made.mkdir()
        hosted.download(model, base, made, partial(report, "downloading"))
        write_record(made, model)
        put_in_place(made, folder(model.name))


def _from_source(
    model: Model, models_dir: Path, report: "_Report", source: Path | None, archives: Path | None
) -> None:
    """Download, check and convert the model, and move it into place."""
    kept = None if archives is None or not _is_shared(model) else archives / model.archive
    if source is None and kept is not None and kept.is_file():
        source = kept
    # pip keeps the archive twice, and a source archive unpacked as well; then come the files themselves
    needed = 3 * model.size + sum(file.size or model.size for file in model.files)
    check_room(model.name, models_dir, needed)
    with work_folder(models_dir, model.name) as work:
        for part in ("pip", "unpacked", "model"):
            (work / part).mkdir()
        unpacked = work / ("unpacked" if model.converter else "model")
        if model.url and source is None:
            archive = http.download(model, partial(_downloading, report))
            report("checking", _DOWNLOADED)
            sha256 = http.check_hash(archive, model, models_dir)
            archive.replace(unpacked / model.archive)
            http.forget_download(model)
        else:
            if source is not None:
                archive = _copy_of(source, model, work / "pip")
            else:
                archive = pip_download.download(model, work / "pip", partial(_downloading, report))
            report("checking", _DOWNLOADED)
            _check_hash(archive, model)
            if model.url:
                archive.replace(unpacked / model.archive)
            else:
                zoo_archive.unpack(archive, model, unpacked)
            if kept is not None and source is None:
                with suppress(OSError):  # then it is downloaded again
                    shutil.move(archive, kept)
            sha256 = model.sha256
        if model.converter:
            module, _, function = CONVERTERS[model.converter].partition(":")
            convert = getattr(importlib.import_module(module), function)
            convert(work / "unpacked", work / "model", partial(_converting, report))
        _check_files(work / "model", model, sha256)
        if model.url:
            http.remember_hash(sha256, model, models_dir)
        report("done", 1.0)
        put_in_place(work / "model", folder(model.name))


def _is_shared(model: Model) -> bool:
    """Whether another model is made from the same archive, which comes by pip."""
    return not model.url and any(
        other.sha256 == model.sha256 and other.name != model.name for other in published()
    )


def _copy_of(source: Path, model: Model, folder: Path) -> Path:
    """A copy in ``folder`` of a file that the user got elsewhere. Raises UsageError for another."""
    if not source.is_file() or source.stat().st_size != model.size or not model.sha256:
        raise UsageError(
            f"{source} is not the {model.archive} of {model.size} bytes that {model.name} is made from.",
            f"The file comes from {model.url or 'the package index, as ' + model.requirement}.",
        )
    copy = folder / model.archive
    shutil.copyfile(source, copy)
    return copy


def _is_intact(name: str) -> bool:
    if not is_installed(name):
        return False
    try:
        verify(name)
    except ModelCorrupt:
        return False
    return True


def _check_hash(archive: Path, model: Model) -> None:
    if digest(archive) != model.sha256:
        raise ModelCorrupt(
            f"The archive {model.archive} of the model {model.name} has the wrong checksum.",
            "Try again. If that fails, too, the package index or a proxy delivers another file.",
        )


def _check_files(home: Path, model: Model, archive: str) -> None:
    """Write the record and compare it with the table. Raises ModelCorrupt."""
    recorded = {file.name: file for file in write_record(home, model, archive).files}
    for file in model.files:
        if file.name not in recorded or file.sha256 not in (None, recorded[file.name].sha256):
            raise ModelCorrupt(
                f"The archive {model.archive} of the model {model.name} gave no proper {file.name}.",
                "Report this: the table of models is wrong.",
            )


def _downloading(report: "_Report", fraction: float) -> None:
    report("downloading", fraction * _DOWNLOADED)


def _converting(report: "_Report", _stage: str, fraction: float, _remaining: float | None) -> None:
    report("converting", _DOWNLOADED + (1.0 - _DOWNLOADED) * fraction)


def explain(error: OSError, name: str, models_dir: Path) -> ModelError | DiskFullError:
    """The error to raise for an error of the operating system."""
    if is_disk_full(error) or error.errno == errno.EFBIG:
        return disk_full(name, models_dir, os.strerror(error.errno or 0))
    reason = error.strerror or str(error)
    return ModelError(
        f"The model {name} could not be written to {models_dir}: {reason}.",
        "Make that folder writable, or choose another with RETOUCHML_HOME.",
    )


def check_room(name: str, models_dir: Path, needed: int) -> None:
    """Raise DiskFullError if fewer than ``needed`` bytes are free."""
    free = shutil.disk_usage(models_dir).free
    if free < needed:
        raise disk_full(name, models_dir, f"{needed / 1e6:.0f} MB are needed, {free / 1e6:.0f} MB are free")


def disk_full(name: str, models_dir: Path, reason: str) -> DiskFullError:
    """The error to raise if there is no room for a model."""
    return DiskFullError(
        f"The model {name} does not fit on the disk of {models_dir}: {reason}.",
        "Free some space, or move RetouchML's files elsewhere with RETOUCHML_HOME.",
    )


class _Report:
    """Passes progress on with the seconds that remain; raises Cancelled once the cancel flag is set."""

    def __init__(self, progress: Progress, cancel: Cancel) -> None:
        self._progress = progress
        self._cancel = cancel
        self._start = time.monotonic()

    def __call__(self, stage: str, fraction: float) -> None:
        if self._cancel.is_set():
            raise Cancelled("Fetching was cancelled; nothing was left half made.")
        elapsed = time.monotonic() - self._start
        remaining = elapsed * (1.0 - fraction) / fraction if fraction > 0.02 else None
        self._progress(stage, fraction, remaining)
