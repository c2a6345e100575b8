"""Turns a network of any known format into our own file, with the statistics of its latent space.

``convert`` serves the zoo's fetch, ``import_network`` a file of the user's. Either way the result is one
safetensors file: the original is read once, with everything that ``stylegan2.formats`` refuses.
"""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from retouchml import paths
from retouchml.system.locks import exclusive
from stylegan2.formats import own
from stylegan2.formats.opening import open_file
from stylegan2.loading import read_network
from stylegan2.zoo import fetching
from stylegan2.zoo.storage import (
    clear_leftovers,
    digest,
    folder,
    lock_file,
    put_in_place,
    work_folder,
    write_record,
)
from stylegan2.zoo.table import MANIFEST, Entry, ModelFile, check_new_name

Progress = Callable[[str, float], None]
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Imported:
    """What was imported.

    source: its format; space: its latent space
    """

    name: str
    source: str
    resolution: int
    space: str
    folder: Path


def convert(unpacked: Path, target: Path, progress: Progress | None = None) -> None:
    """Write the one network in the folder ``unpacked`` as a safetensors file into ``target``.

    Raises ModelCorrupt.
    """
    (source,) = unpacked.iterdir()
    _convert(source, target / f"{source.stem}.safetensors", progress or _silent)


def import_network(
    file: Path, name: str | None = None, progress: fetching.Progress | None = None
) -> Imported:
    """Take over a network from a file; one that was imported under this name before is replaced.

    name: what to call it, by default like the file. Raises UsageError (a name that cannot be), ModelMissing
    (no file), ModelCorrupt, DiskFullError or ModelError (the folder cannot be written).
    """
    name = check_new_name(file.stem if name is None else name)
    models = paths.models_dir()
    report = _silent if progress is None else lambda stage, part: progress(stage, part, None)
    with open_file(file) as source:
        try:
            models.mkdir(parents=True, exist_ok=True)
            with exclusive(lock_file(name)) as alone:
                if alone:
                    clear_leftovers(models, name)
                network = _take_over(source, file.name, name, models, report)
        except OSError as error:
            raise fetching.explain(error, name, models) from error
    resolution = network.network.generator.synthesis.resolution
    return Imported(name, network.network.source, resolution, network.latents.name, folder(name))


def _take_over(source: BinaryIO, archive: str, name: str, models: Path, report: Progress) -> own.OwnFile:
    size = os.fstat(source.fileno()).st_size
    fetching.check_room(name, models, 3 * size)  # the copy, and a result that may be twice as precise
    with work_folder(models, name) as work:
        made, copy = work / "model", work / "original" / archive
        made.mkdir()
        copy.parent.mkdir()
        # What is checked, hashed and converted are the same bytes, whatever happens to the file meanwhile.
        _copy(source, copy, size)
        entry = Entry(
            name=name,
            title=f"imported from {archive}",
            kind="generator",
            requirement="",
            archive=archive,
            sha256=digest(copy),
            size=copy.stat().st_size,
            licence="as its author says",
            source="",
            members=(),
            files=(ModelFile(f"{name}.safetensors"),),
            imported=True,
        )
        network = _convert(copy, made / f"{name}.safetensors", report)
        (made / MANIFEST).write_text(json.dumps(asdict(entry), indent=2) + "\n", encoding="utf-8")
        write_record(made, entry)
        put_in_place(made, folder(name))
    return network


def _copy(source: BinaryIO, target: Path, size: int) -> None:
    """At most ``size`` bytes, also of a file that grows meanwhile."""
    with target.open("wb") as file:
        while size > 0 and (chunk := source.read(min(_CHUNK, size))):
            file.write(chunk)
            size -= len(chunk)


def _convert(source: Path, target: Path, progress: Progress) -> own.OwnFile:
    progress("reading", 0.0)
    network = read_network(source)
    progress("latent statistics", 0.4)
    made = own.measured(network)
    progress("writing", 0.9)
    own.write(target, made)
    progress("done", 1.0)
    return made


def _silent(_stage: str, _fraction: float) -> None:
    return None
