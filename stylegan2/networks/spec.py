"""Descriptions of networks: what they look like, beyond what their weights themselves say.

A reader derives a description from a file; it goes into the header of our own files as JSON.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

from retouchml.errors import ModelCorrupt

GENERATOR_KINDS = ("skip", "resnet", "orig")
DISCRIMINATOR_KINDS = GENERATOR_KINDS
LARGEST = 2048  # pixels; twice what was ever published
WIDEST = 4096  # features of any layer


@dataclass(frozen=True)
class MappingSpec:
    """A mapping network: z and labels → w."""

    z_dim: int  # Z; 0 for the mapping of a discriminator, which takes labels alone
    widths: tuple[int, ...]  # outputs of each fully connected layer; a discriminator may have none
    labels: int = 0  # number of classes, 0 for an unconditional network
    label_width: int = 0  # features that a label becomes before it joins z
    joint_norm: bool = False  # z and label features are normalised as one vector, as before StyleGAN2-ADA
    rate: float = 0.01  # multiplier of the learning rate, with which weights and biases are scaled

    @property
    def w_dim(self) -> int:
        """W, the number of outputs."""
        return self.widths[-1] if self.widths else self.label_width


@dataclass(frozen=True)
class SynthesisSpec:
    """A synthesis network: w_plus → image."""

    w_dim: int  # W
    channels: tuple[int, ...]  # features at 4, 8, … px, up to the image's side
    architecture: str = "skip"  # "skip", "resnet" or "orig"
    clamp: float | None = None  # bound on the activations, None if the network was trained without one

    @property
    def resolution(self) -> int:
        """Side of the image in pixels."""
        return 4 << (len(self.channels) - 1)

    @property
    def num_layers(self) -> int:
        """L, the number of style inputs."""
        return 2 * len(self.channels)


@dataclass(frozen=True)
class DiscriminatorSpec:
    """A discriminator: image → realism."""

    channels: tuple[int, ...]  # features at 4, 8, … px, up to the image's side
    architecture: str = "resnet"  # "skip", "resnet" or "orig"
    dense: int = 512  # features of the last hidden layer
    outputs: int = 1  # of the last layer: one for each label, or to be weighted by the mapped label
    deviations: int = 1  # features that minibatch standard deviation adds, 0 for none
    group: int | None = 4  # images that it compares, None for all of a batch
    clamp: float | None = None  # bound on the activations, None if the network was trained without one
    labels: int = 0  # number of classes
    mapping: MappingSpec | None = None  # of the labels, if they are mapped
    clamp_smallest: bool = True  # the clamp also bounds what a skip network sees of the image at 4 px:
    # so it does in NVIDIA's TensorFlow code, but not in its PyTorch code

    @property
    def resolution(self) -> int:
        """Side of the image in pixels."""
        return 4 << (len(self.channels) - 1)


@dataclass(frozen=True)
class GeneratorSpec:
    """A generator: both its networks."""

    mapping: MappingSpec
    synthesis: SynthesisSpec


def check_generator(spec: GeneratorSpec) -> GeneratorSpec:
    """The description itself, if a network can be built from it. Raises ModelCorrupt if it is impossible."""
    mapping, synthesis = spec.mapping, spec.synthesis
    if not mapping.widths:
        raise _impossible("its mapping has no layers")
    _check_mapping(mapping)
    _check_channels(synthesis.channels)
    if synthesis.architecture not in GENERATOR_KINDS:
        raise _impossible("its architecture is unknown")
    if not _is_size(synthesis.w_dim) or synthesis.w_dim != mapping.w_dim:
        raise _impossible("its synthesis takes another w than its mapping gives")
    _check_clamp(synthesis.clamp)
    return spec


def check_discriminator(spec: DiscriminatorSpec) -> DiscriminatorSpec:
    """As ``check_generator``, for a discriminator."""
    _check_channels(spec.channels)
    if spec.architecture not in DISCRIMINATOR_KINDS:
        raise _impossible("its discriminator's architecture is unknown")
    sizes = (spec.dense, spec.outputs, 1 if spec.group is None else spec.group)
    counts = (spec.labels, spec.deviations)
    if not all(map(_is_size, sizes)) or not all(map(_is_count, counts)):
        raise _impossible("its discriminator's last layers have impossible sizes")
    if spec.deviations and spec.channels[0] % spec.deviations:
        raise _impossible("its discriminator's last layers have impossible sizes")
    _check_clamp(spec.clamp)
    if spec.mapping is not None:
        _check_mapping(spec.mapping)
        if spec.mapping.z_dim or spec.mapping.labels != spec.labels or spec.mapping.w_dim != spec.outputs:
            raise _impossible("its discriminator's labels do not fit its last layer")
    elif spec.labels not in (0, spec.outputs):
        raise _impossible("its discriminator's labels do not fit its last layer")
    return spec


def to_json(spec: GeneratorSpec | DiscriminatorSpec) -> str:
    """The description as JSON, for the header of our own files."""
    return json.dumps(asdict(spec))


def generator_from_json(text: str) -> GeneratorSpec:
    """The generator that ``to_json`` described. Raises ModelCorrupt if the text is no description."""
    try:
        content = json.loads(text)
        spec = GeneratorSpec(_mapping(content["mapping"]), _synthesis(content["synthesis"]))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _impossible("its description cannot be read") from error
    return check_generator(spec)


def discriminator_from_json(text: str) -> DiscriminatorSpec:
    """The discriminator that ``to_json`` described. Raises ModelCorrupt if the text is no description."""
    try:
        content = json.loads(text)
        mapping = None if content["mapping"] is None else _mapping(content["mapping"])
        channels = tuple(content["channels"])
        spec = DiscriminatorSpec(**{**content, "channels": channels, "mapping": mapping})
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _impossible("its discriminator's description cannot be read") from error
    return check_discriminator(spec)


def _mapping(content: dict[str, Any]) -> MappingSpec:
    return MappingSpec(**{**content, "widths": tuple(content["widths"])})


def _synthesis(content: dict[str, Any]) -> SynthesisSpec:
    return SynthesisSpec(**{**content, "channels": tuple(content["channels"])})


# What these look at comes from the file as it is, and may be anything: none of it is ever shown, since the
# text of a list that contains itself some forty times over would fill all memory.


def _check_mapping(spec: MappingSpec) -> None:
    if len(spec.widths) > 64 or not all(_is_size(width) for width in spec.widths):
        raise _impossible("the layers of its mapping have impossible sizes")
    counts = (spec.z_dim, spec.labels, spec.label_width)
    if not all(map(_is_count, counts)) or spec.z_dim + spec.label_width == 0:
        raise _impossible("the inputs of its mapping have impossible sizes")
    if (spec.labels == 0) != (spec.label_width == 0):
        raise _impossible("its labels have no features")
    if not _is_number(spec.rate) or not 0.0 < spec.rate <= 1.0:
        raise _impossible("the learning rate of its mapping is none")


def _check_channels(channels: tuple[int, ...]) -> None:
    if not 2 <= len(channels) <= LARGEST.bit_length() - 2 or not all(_is_size(c) for c in channels):
        raise _impossible("its layers have impossible sizes")


def _check_clamp(clamp: float | None) -> None:
    if clamp is not None and not (_is_number(clamp) and 0.0 < clamp < 1e6):
        raise _impossible("the bound on its activations is none")


def _is_number(value: object) -> bool:
    return type(value) in (int, float)


def _is_size(value: object) -> bool:
    return type(value) is int and 1 <= value <= WIDEST


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= WIDEST


def _impossible(what: str) -> ModelCorrupt:
    return ModelCorrupt(f"This is no StyleGAN2 network that can be built: {what}.", "Get the file again.")
