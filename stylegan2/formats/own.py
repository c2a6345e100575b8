"""Our own files: safetensors, with the network's description and its latent space in the header.

``stylegan2.importing`` writes them from networks of the other formats.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from retouchml.errors import ModelCorrupt
from stylegan2.formats import safetensors_file
from stylegan2.formats.file_tensors import shown
from stylegan2.formats.network_file import NetworkFile, expected_shapes
from stylegan2.formats.opening import WeightFile
from stylegan2.formats.safetensors_file import Header
from stylegan2.latents import LatentSpace, fits_mapping, measure_latent_space
from stylegan2.networks.spec import (
    DiscriminatorSpec,
    GeneratorSpec,
    discriminator_from_json,
    generator_from_json,
    to_json,
)

ARCHITECTURE = "stylegan2"
_AGAIN = "Import the network again."
_OWN_ONLY = "Of safetensors files, only those that `retouchml models import` wrote can be used."
_LATENTS = "latents."
_LONGEST_SOURCE = 80
_LONGEST_NOTE = 300
_MOST_NOTES = 8
_SPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # a folder is named after it


@dataclass(frozen=True)
class OwnFile:
    """A network and the statistics of its latent space."""

    network: NetworkFile
    latents: LatentSpace


def measured(network: NetworkFile) -> OwnFile:
    """A network of any format with its latent space, which is measured.

    Our files always have a mean of w [W] to truncate towards: the network's own, or else the measured one.
    """
    latents = measure_latent_space(network.mapping())
    mean = network.tensors.get("mean", latents.mean.clone())
    return OwnFile(replace(network, tensors={**network.tensors, "mean": mean}), latents)


def write(path: Path, file: OwnFile) -> None:
    """Write our own file. Raises OSError, and may then leave a part of it."""
    path.write_bytes(content(file))  # safetensors' own writer hides why it fails, a full disk above all


def content(file: OwnFile) -> bytes:
    """The bytes of our own file."""
    return save(*_parts(file))


def _parts(file: OwnFile) -> tuple[dict[str, Tensor], dict[str, str]]:
    network = file.network
    tensors = dict(network.tensors)
    tensors |= {f"{_LATENTS}{name}": value for name, value in file.latents.tensors().items()}
    metadata = {
        "architecture": ARCHITECTURE,
        "source": network.source,
        "latent_space": file.latents.name,
        "generator": to_json(network.generator),
    }
    if network.notes:
        metadata["notes"] = "\n".join(network.notes)
    if network.discriminator is not None:
        metadata["discriminator"] = to_json(network.discriminator)
    return {name: value.contiguous() for name, value in tensors.items()}, metadata


def architecture(file: WeightFile | Path) -> str:
    """The kind of network in a safetensors file; "" if it does not say so. Raises ModelCorrupt."""
    return safetensors_file.read_header(file).metadata.get("architecture", "")


def read(file: WeightFile | Path) -> OwnFile:
    """The content of our own file. Raises ModelCorrupt if it is damaged or holds something else."""
    path = file if isinstance(file, Path) else file.path
    content = safetensors_file.read(file, lambda header: _check_header(header, path))
    metadata = content.metadata
    space, (generator, discriminator) = metadata["latent_space"], _described(metadata)
    tensors = {name: _checked(name, tensor, path) for name, tensor in content.tensors.items()}
    statistics = {n.removeprefix(_LATENTS): t for n, t in tensors.items() if n.startswith(_LATENTS)}
    weights = {name: tensor for name, tensor in tensors.items() if not name.startswith(_LATENTS)}
    latents = LatentSpace(space, **statistics)
    source = _printable(metadata.get("source", ""), _LONGEST_SOURCE)
    lines = metadata.get("notes", "").split("\n", _MOST_NOTES)[:_MOST_NOTES]
    notes = tuple(note for line in lines if (note := _printable(line, _LONGEST_NOTE)))
    network = NetworkFile(source, generator, discriminator, weights, notes)
    # Learned parts are stored and used by the name of their space, so the name in a file is verified.
    if not fits_mapping(latents, network.mapping()):
        raise ModelCorrupt(
            f"{path.name} claims a latent space that its mapping network does not have.", _AGAIN
        )
    return OwnFile(network, latents)


def _described(metadata: dict[str, str]) -> tuple[GeneratorSpec, DiscriminatorSpec | None]:
    """The networks that a file says it has. Raises ModelCorrupt."""
    generator = generator_from_json(metadata.get("generator", ""))
    return generator, discriminator_from_json(
        metadata["discriminator"]
    ) if "discriminator" in metadata else None


def _check_header(header: Header, path: Path) -> None:
    """Raise ModelCorrupt unless a file has the tensors of the network that it describes, and no other."""
    metadata = header.metadata
    if metadata.get("architecture") != ARCHITECTURE:
        raise ModelCorrupt(f"{path.name} is a safetensors file of another kind of network.", _OWN_ONLY)
    if not _SPACE.fullmatch(metadata.get("latent_space", "")):
        raise ModelCorrupt(f"{path.name} does not say which latent space it has.", _AGAIN)
    generator, discriminator = _described(metadata)
    w_dim = generator.mapping.w_dim
    shapes = expected_shapes(generator, discriminator)
    shapes |= {f"{_LATENTS}{name}": (w_dim,) for name in ("mean", "p_mean")}
    shapes |= {f"{_LATENTS}{name}": (w_dim, w_dim) for name in ("whitening", "coloring")}
    shapes["mean"] = (w_dim,)
    if header.entries.keys() != shapes.keys():
        odd = min(header.entries.keys() ^ shapes.keys())
        raise ModelCorrupt(f"{path.name} lacks {shown(odd)}, or has it beyond its network.", _AGAIN)
    for name, shape in shapes.items():
        if header.entries[name].shape != shape or header.entries[name].dtype != torch.float32:
            raise ModelCorrupt(f"{name} has the wrong shape or type in {path.name}.", _AGAIN)


def _printable(text: str, longest: int) -> str:
    """Text of a file that is printed, cut; nothing if it could control a terminal."""
    return text[:longest] if text.isprintable() else ""


def _checked(name: str, tensor: Tensor, path: Path) -> Tensor:
    if not bool(torch.isfinite(tensor).all()):
        raise ModelCorrupt(f"{name} in {path.name} holds numbers that are not finite.", _AGAIN)
    return tensor
