"""The result of every reader: a network in our own names and layout, checked.

A reader finds each of our tensors in its format; the rest is shared: what the network looks like follows from
the shapes, every shape must then fit, no tensor may be left over, and every number must be finite.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from retouchml.errors import ModelCorrupt
from stylegan2.formats.file_tensors import FileTensors
from stylegan2.networks.discriminator import Discriminator
from stylegan2.networks.mapping import Mapping
from stylegan2.networks.spec import (
    LARGEST,
    DiscriminatorSpec,
    GeneratorSpec,
    MappingSpec,
    SynthesisSpec,
    check_discriminator,
    check_generator,
)
from stylegan2.networks.synthesis import Synthesis

Array = NDArray[Any]
Find = Callable[[str], Array | None]
"""Our name of a tensor → a view of the file in our layout, None if the file has no such tensor."""

_AGAIN = "Get the file again."
_OCTAVES = LARGEST.bit_length() - 2
_MOST_LAYERS = 64


@dataclass(frozen=True)
class NetworkSettings:
    """What the shapes of a network's weights do not say.

    Values from a file are passed on unchanged: ``check_generator`` and ``check_discriminator`` check them.
    """

    clamp: float | None = None  # bound on the generator's activations
    discriminator_clamp: float | None = None  # bound on the discriminator's activations
    rate: float = 0.01  # of the generator's mapping network, see ``MappingSpec``
    discriminator_rate: float = 0.01  # of the discriminator's mapping network
    joint_norm: bool = False  # z and label features are normalised as one vector
    group: int | None = 4  # images that the discriminator compares, None for all of a batch
    clamp_smallest: bool = True  # see ``DiscriminatorSpec``
    notes: tuple[str, ...] = ()  # see ``NetworkFile``


@dataclass(frozen=True)
class NetworkFile:
    """A network that was read from a file."""

    source: str  # its format, for a person
    generator: GeneratorSpec
    discriminator: DiscriminatorSpec | None
    tensors: dict[str, Tensor]  # float32, by the modules' names below "mapping.", "synthesis." and
    # "discriminator."; also "mean" [W] if the file has one
    notes: tuple[str, ...] = ()  # what a person should know of how it was read, a sentence each

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the description and of every weight, which tells this network from all others.

        The mean is left out: some files lack it, and images of a given code do not depend on it.
        """
        digest = hashlib.sha256(f"{self.generator}{self.discriminator}".encode())
        for name, tensor in sorted(self.tensors.items()):
            if name != "mean":
                digest.update(f"{name}{tuple(tensor.shape)}".encode())
                digest.update(tensor.contiguous().numpy().data)
        return digest.hexdigest()[:32]

    def mapping(self) -> Mapping:
        """The mapping network, frozen."""
        mapping = Mapping(self.generator.mapping)
        mapping.load_state_dict(self.below("mapping."))
        return mapping.eval().requires_grad_(False)

    def below(self, prefix: str) -> dict[str, Tensor]:
        """The tensors whose names begin with ``prefix``, which is removed."""
        return {k.removeprefix(prefix): v for k, v in self.tensors.items() if k.startswith(prefix)}

    def without_discriminator(self) -> "NetworkFile":
        """The generator alone."""
        tensors = {k: v for k, v in self.tensors.items() if not k.startswith("discriminator.")}
        return NetworkFile(self.source, self.generator, None, tensors, self.notes)


def assemble(source: str, tensors: FileTensors, settings: NetworkSettings, max_bytes: int) -> NetworkFile:
    """Describe, check and copy a network.

    max_bytes: of all tensors together. Raises ModelCorrupt.
    """
    find = tensors.find
    generator = describe_generator(find, settings)
    discriminator = describe_discriminator(find, settings)
    shapes = expected_shapes(generator, discriminator)
    tensors.check_all_used(shapes.keys(), source)
    if find("mean") is not None:
        shapes["mean"] = (generator.mapping.w_dim,)
    if 4 * sum(int(np.prod(shape, dtype=object)) for shape in shapes.values()) > max_bytes:
        raise ModelCorrupt(f"This {source} claims more weights than it has bytes.", _AGAIN)
    copies = {name: _copied(find, name, shape) for name, shape in shapes.items()}
    return NetworkFile(source, generator, discriminator, copies, settings.notes)


def expected_shapes(
    generator: GeneratorSpec, discriminator: DiscriminatorSpec | None
) -> dict[str, tuple[int, ...]]:
    """The shapes of all tensors of networks of this description, by our names; nothing is allocated."""
    with torch.device("meta"):
        parts: dict[str, nn.Module] = {
            "mapping": Mapping(generator.mapping),
            "synthesis": Synthesis(generator.synthesis),
        }
        if discriminator is not None:
            parts["discriminator"] = Discriminator(discriminator)
    return {
        f"{part}.{name}": tuple(tensor.shape)
        for part, network in parts.items()
        for name, tensor in network.state_dict().items()
    }


def describe_generator(find: Find, settings: NetworkSettings) -> GeneratorSpec:
    """The description of the generator, from its shapes. Raises ModelCorrupt if they make no sense."""
    channels = _sizes(find, "synthesis.blocks.{}.conv1.weight", range(_OCTAVES))
    if not channels:
        raise ModelCorrupt("The file holds no StyleGAN2 generator.", "Other kinds of network cannot be used.")
    if find("synthesis.blocks.0.to_image.weight") is not None:
        architecture = "skip"
    else:
        architecture = "orig" if find("synthesis.blocks.1.skip") is None else "resnet"
    _check_images(find, len(channels))
    w_dim = _size(find, "synthesis.blocks.0.conv1.affine.weight", 1)
    synthesis = SynthesisSpec(w_dim, channels, architecture, settings.clamp)
    mapping = _describe_mapping(find, "mapping", settings.rate, z=True, joint_norm=settings.joint_norm)
    return check_generator(GeneratorSpec(mapping, synthesis))


def _check_images(find: Find, octaves: int) -> None:
    """Raise ModelCorrupt if the images are not square, or have other channels than red, green and blue."""
    const = find("synthesis.const")
    if const is not None and const.ndim == 3 and const.shape[1:] != (4, 4):
        height, width = const.shape[1:]
        raise ModelCorrupt(
            f"This network begins with {width} by {height} pixels and not with 4 by 4,"
            " so its images have another shape or size than StyleGAN2's.",
            "Only networks with square images of 8, 16, … 2048 pixels can be used.",
        )
    image = find(f"synthesis.blocks.{octaves - 1}.to_image.weight")
    if image is not None and image.ndim == 4 and image.shape[0] != 3:
        raise other_channels(int(image.shape[0]))


def other_channels(count: object) -> ModelCorrupt:
    """The error for a network that makes no RGB images; ``count`` is from the file and may be anything."""
    known = {1: "grey images", 4: "images with transparency (RGBA)"}
    kind = known.get(count, "images of other channels") if type(count) is int else "images of other channels"
    return ModelCorrupt(f"This network makes {kind}.", "Only networks that make RGB images can be used.")


def describe_discriminator(find: Find, settings: NetworkSettings) -> DiscriminatorSpec | None:
    """The description of the discriminator; None if the file has none. Raises ModelCorrupt."""
    prefix = "discriminator"
    if find(f"{prefix}.conv.weight") is None:
        return None
    sides = [8 << i for i in range(_OCTAVES - 1)]
    lowest = _size(find, f"{prefix}.conv.weight", 0)
    if find(f"{prefix}.from_image.4.weight") is not None:
        architecture = "skip"
    else:
        residual = find(f"{prefix}.blocks.8.skip.weight") is not None
        architecture = "resnet" if residual else "orig"
    has_mapping = find(f"{prefix}.mapping.embed.weight") is not None
    mapping = (
        _describe_mapping(find, f"{prefix}.mapping", settings.discriminator_rate, z=False)
        if has_mapping
        else None
    )
    outputs = _size(find, f"{prefix}.output.weight", 0)
    labels = mapping.labels if mapping else (outputs if outputs > 1 else 0)
    return check_discriminator(
        DiscriminatorSpec(
            channels=(lowest, *_sizes(find, f"{prefix}.blocks.{{}}.conv0.weight", sides)),
            architecture=architecture,
            dense=_size(find, f"{prefix}.dense.weight", 0),
            outputs=outputs,
            deviations=_size(find, f"{prefix}.conv.weight", 1) - lowest,
            group=settings.group,
            clamp=settings.discriminator_clamp,
            labels=labels,
            mapping=mapping,
            clamp_smallest=settings.clamp_smallest,
        )
    )


def _describe_mapping(
    find: Find, prefix: str, rate: float, *, z: bool, joint_norm: bool = False
) -> MappingSpec:
    widths = _sizes(find, f"{prefix}.layers.{{}}.weight", range(_MOST_LAYERS))
    labels = label_width = 0
    if find(f"{prefix}.embed.weight") is not None:
        label_width, labels = (_size(find, f"{prefix}.embed.weight", axis) for axis in (0, 1))
    return MappingSpec(
        z_dim=_size(find, f"{prefix}.layers.0.weight", 1) - label_width if z else 0,
        widths=widths,
        labels=labels,
        label_width=label_width,
        joint_norm=bool(labels) and joint_norm,
        rate=rate,
    )


def _sizes(find: Find, pattern: str, numbers: "range | list[int]") -> tuple[int, ...]:
    """First dimensions of the tensors that ``pattern`` names, up to the first missing one."""
    sizes: list[int] = []
    for number in numbers:
        if find(pattern.format(number)) is None:
            break
        sizes.append(_size(find, pattern.format(number), 0))
    return tuple(sizes)


def _size(find: Find, name: str, axis: int) -> int:
    array = find(name)
    if array is None or array.ndim <= axis:
        raise ModelCorrupt(f"The network in the file lacks a proper {name}.", _AGAIN)
    return int(array.shape[axis])


def _copied(find: Find, name: str, shape: tuple[int, ...]) -> Tensor:
    array = find(name)
    if array is None:
        raise ModelCorrupt(f"The network in the file lacks {name}.", _AGAIN)
    if array.shape != shape:
        raise ModelCorrupt(f"{name} has the shape {array.shape} in the file, but {shape} is needed.", _AGAIN)
    if array.dtype.kind != "f":
        raise ModelCorrupt(f"{name} holds no real numbers.", _AGAIN)
    with np.errstate(over="ignore"):
        numbers = np.array(array, dtype=np.float32, order="C")
    if not np.isfinite(numbers).all():
        raise ModelCorrupt(f"{name} holds numbers that are not finite.", _AGAIN)
    return torch.from_numpy(numbers)
