"""Imports a network of any known format: converts it to our own format, with its latent space.

``convert`` serves the zoo's fetch, ``import_network`` the user's own file. Either way the result is one
safetensors file, and the original is read by ``stylegan2.formats``, which refuses what is dangerous.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from retouchml import paths
from retouchml.progress import Progress, silent
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
from stylegan2.zoo.table import MANIFEST, Model, ModelFile, check_new_name

_CHUNK = 1 << 20


@dataclass(frozen=True)
class ImportedNetwork:
    """A network that was imported."""

    name: str
    source: str  # its former format, for a person
    resolution: int
    space: str  # the name of its latent space
    folder: Path
    notes: tuple[str, ...] = ()  # what a person should know of how it was read, a sentence each


def convert(unpacked: Path, target: Path, progress: Progress = silent) -> None:
    """Write the one network in the folder ``unpacked`` as a safetensors file into ``target``.

    Raises ModelCorrupt.
    """
    (source,) = unpacked.iterdir()
    _convert(source, target / f"{source.stem}.safetensors", progress)


def import_network(file: Path, name: str | None = None, progress: Progress | None = None) -> ImportedNetwork:
    """Import a network from a file, in place of one that was imported under this name before.

    name: its new name, by default that of the file. Raises UsageError (a name that is not allowed),
    ModelMissing (no file), ModelCorrupt, DiskFullError or ModelError (the folder cannot be written).
    """
    name = check_new_name(file.stem if name is None else name)
    models_dir = paths.models_dir()
    with open_file(file) as source:
        try:
            models_dir.mkdir(parents=True, exist_ok=True)
            with exclusive(lock_file(name), remove=True) as is_alone:
                if is_alone:
                    clear_leftovers(models_dir, name)
                network = _import(source, file.name, name, models_dir, progress or silent)
        except OSError as error:
            raise fetching.explain(error, name, models_dir) from error
    resolution = network.network.generator.synthesis.resolution
    read = network.network
    return ImportedNetwork(name, read.source, resolution, network.latents.name, folder(name), read.notes)


def _import(source: BinaryIO, archive: str, name: str, models_dir: Path, progress: Progress) -> own.OwnFile:
    size = os.fstat(source.fileno()).st_size
    fetching.check_room(name, models_dir, 3 * size)  # the copy, and a result that may be twice as precise
    with work_folder(models_dir, name) as work:
        made, copy = work / "model", work / "original" / archive
        made.mkdir()
        copy.parent.mkdir()
        # What is checked, hashed and converted are the same bytes, whatever happens to the file meanwhile.
        _copy(source, copy, size)
        network = _convert(copy, made / f"{name}.safetensors", progress)
        model = Model(
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
            note=" ".join(network.network.notes),
            imported=True,
        )
        (made / MANIFEST).write_text(json.dumps(asdict(model), indent=2) + "\n", encoding="utf-8")
        write_record(made, model)
        put_in_place(made, folder(name))
    return network


def _copy(source: BinaryIO, target: Path, size: int) -> None:
    """Copy at most ``size`` bytes, also if the file grows meanwhile."""
    with target.open("wb") as file:
        while size > 0 and (chunk := source.read(min(_CHUNK, size))):
            file.write(chunk)
            size -= len(chunk)


def _convert(source: Path, target: Path, progress: Progress) -> own.OwnFile:
    progress("reading", 0.0, None)
    network = read_network(source)
    progress("latent statistics", 0.4, None)
    converted = own.measured(network)
    progress("writing", 0.9, None)
    own.write(target, converted)
    progress("done", 1.0, None)
    return converted
