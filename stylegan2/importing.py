"""Turns a network of any known format into our own file, with the statistics of its latent space.

``convert`` serves the zoo's fetch, ``import_network`` a file of the user's. Either way the result is one
safetensors file: the original is read once, with everything that ``stylegan2.formats`` refuses.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from retouchml import paths
from retouchml.errors import ModelMissing
from stylegan2 import zoo_fetch
from stylegan2.formats import own, reading
from stylegan2.full_generator import latent_space
from stylegan2.networks.mapping import Mapping
from stylegan2.zoo_folder import digest, folder, lock_file, write_record
from stylegan2.zoo_lock import exclusive
from stylegan2.zoo_table import MANIFEST, Entry, ModelFile, check_new_name

Progress = Callable[[str, float], None]


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
    file: Path, name: str | None = None, progress: zoo_fetch.Progress | None = None
) -> Imported:
    """Take over a network from a file; one that was imported under this name before is replaced.

    name: what to call it, by default like the file. Raises UsageError (a name that cannot be), ModelMissing
    (no file), ModelCorrupt, DiskFullError or ModelError (the folder cannot be written).
    """
    name = check_new_name(file.stem if name is None else name)
    if not file.is_file():
        raise ModelMissing(f"There is no file {file}.", "Give the path of a network's file.")
    models, size = paths.models_dir(), file.stat().st_size
    entry = Entry(
        name=name,
        title=f"imported from {file.name}",
        kind="generator",
        requirement="",
        archive=file.name,
        sha256=digest(file),
        size=size,
        licence="as its author says",
        source="",
        members=(),
        files=(ModelFile(f"{name}.safetensors"),),
        imported=True,
    )
    try:
        models.mkdir(parents=True, exist_ok=True)
        with exclusive(lock_file(name)), zoo_fetch.work_folder(models, name) as work:
            made = work / "model"
            made.mkdir()
            report = _silent if progress is None else lambda stage, part: progress(stage, part, None)
            network = _convert(file, made / f"{name}.safetensors", report)
            (made / MANIFEST).write_text(json.dumps(asdict(entry), indent=2) + "\n", encoding="utf-8")
            write_record(made, entry)
            zoo_fetch.put_in_place(made, folder(name))
    except OSError as error:
        raise zoo_fetch.explain(error, entry, models) from error
    resolution = network.network.generator.synthesis.resolution
    return Imported(name, network.network.source, resolution, network.latents.name, folder(name))


def _convert(source: Path, target: Path, progress: Progress) -> own.OwnFile:
    progress("reading", 0.0)
    if own.is_own(reading.read_head(source)):
        made = own.read(source)
    else:
        network = reading.read(source)
        progress("latent statistics", 0.4)
        mapping = Mapping(network.generator.mapping)
        mapping.load_state_dict(network.below("mapping."))
        latents = latent_space(mapping)
        mean = network.tensors.get("mean", latents.mean)
        made = own.OwnFile(own.with_mean(network, mean), latents)
    progress("writing", 0.9)
    own.write(target, made)
    progress("done", 1.0)
    return made


def _silent(_stage: str, _fraction: float) -> None:
    return None
