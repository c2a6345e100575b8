"""What a network looks like: every number that its weights alone do not say, and those that they must match.

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
    """z and labels → w.

    z_dim:       Z; 0 for the discriminator's mapping of labels alone
    widths:      outputs of each fully connected layer; the last is W, and where there is none (a
                 discriminator may only embed its labels) the features of a label are
    labels:      number of classes, 0 for an unconditional network
    label_width: features that a label becomes before it joins z
    joint_norm:  TensorFlow's StyleGAN2 normalises z and label features as one vector, its successors each
    rate:        multiplier of the learning rate, with which weights and biases are scaled
    """

    z_dim: int
    widths: tuple[int, ...]
    labels: int = 0
    label_width: int = 0
    joint_norm: bool = False
    rate: float = 0.01

    @property
    def w_dim(self) -> int:
        """W."""
        return self.widths[-1] if self.widths else self.label_width


@dataclass(frozen=True)
class SynthesisSpec:
    """w_plus → image.

    channels:     features at 4, 8, … px, up to the image's side
    architecture: "skip", "resnet" or "orig"
    clamp:        bound on the activations, None where the network was trained without one
    """

    w_dim: int
    channels: tuple[int, ...]
    architecture: str = "skip"
    clamp: float | None = None

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
    """image → realism.

    channels:       features at 4, 8, … px, up to the image's side
    dense:          features of the last hidden layer
    outputs:        numbers that this layer becomes, each for one label or weighed by the mapped label
    deviations:     features that minibatch standard deviation adds, 0 for none
    group:          images that it compares, None for all of a batch
    clamp:          bound on the activations, None where the network was trained without one
    labels:         number of classes
    mapping:        of the labels, where they are mapped
    clamp_smallest: whether the clamp also bounds what a skip network sees of the image at 4 px; it does in
                    NVIDIA's TensorFlow code, and does not in its PyTorch code
    """

    channels: tuple[int, ...]
    architecture: str = "resnet"
    dense: int = 512
    outputs: int = 1
    deviations: int = 1
    group: int | None = 4
    clamp: float | None = None
    labels: int = 0
    mapping: MappingSpec | None = None
    clamp_smallest: bool = True

    @property
    def resolution(self) -> int:
        """Side of the image in pixels."""
        return 4 << (len(self.channels) - 1)


@dataclass(frozen=True)
class GeneratorSpec:
    """Both halves of a generator."""

    mapping: MappingSpec
    synthesis: SynthesisSpec


def check_generator(spec: GeneratorSpec) -> GeneratorSpec:
    """The description itself, if a network can be built from it. Raises ModelCorrupt where it is absurd."""
    mapping, synthesis = spec.mapping, spec.synthesis
    if not mapping.widths:
        raise _absurd("its mapping has no layers")
    _check_mapping(mapping)
    _check_channels(synthesis.channels)
    if synthesis.architecture not in GENERATOR_KINDS:
        raise _absurd("its architecture is unknown")
    if not _is_size(synthesis.w_dim) or synthesis.w_dim != mapping.w_dim:
        raise _absurd("its synthesis takes another w than its mapping gives")
    _check_clamp(synthesis.clamp)
    return spec


def check_discriminator(spec: DiscriminatorSpec) -> DiscriminatorSpec:
    """As ``check_generator``, for a discriminator."""
    _check_channels(spec.channels)
    if spec.architecture not in DISCRIMINATOR_KINDS:
        raise _absurd("its discriminator's architecture is unknown")
    sizes = (spec.dense, spec.outputs, 1 if spec.group is None else spec.group)
    counts = (spec.labels, spec.deviations)
    if not all(map(_is_size, sizes)) or not all(map(_is_count, counts)):
        raise _absurd("its discriminator's last layers have impossible sizes")
    if spec.deviations and spec.channels[0] % spec.deviations:
        raise _absurd("its discriminator's last layers have impossible sizes")
    _check_clamp(spec.clamp)
    if spec.mapping is not None:
        _check_mapping(spec.mapping)
        if spec.mapping.z_dim or spec.mapping.labels != spec.labels or spec.mapping.w_dim != spec.outputs:
            raise _absurd("its discriminator's labels do not fit its last layer")
    elif spec.labels not in (0, spec.outputs):
        raise _absurd("its discriminator's labels do not fit its last layer")
    return spec


def to_json(spec: GeneratorSpec | DiscriminatorSpec) -> str:
    """For the header of our own files."""
    return json.dumps(asdict(spec))


def generator_from_json(text: str) -> GeneratorSpec:
    """Raises ModelCorrupt where it is no description."""
    try:
        content = json.loads(text)
        spec = GeneratorSpec(_mapping(content["mapping"]), _synthesis(content["synthesis"]))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _absurd("its description cannot be read") from error
    return check_generator(spec)


def discriminator_from_json(text: str) -> DiscriminatorSpec:
    """Raises ModelCorrupt where it is no description."""
    try:
        content = json.loads(text)
        mapping = None if content["mapping"] is None else _mapping(content["mapping"])
        channels = tuple(content["channels"])
        spec = DiscriminatorSpec(**{**content, "channels": channels, "mapping": mapping})
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _absurd("its discriminator's description cannot be read") from error
    return check_discriminator(spec)


def _mapping(content: dict[str, Any]) -> MappingSpec:
    return MappingSpec(**{**content, "widths": tuple(content["widths"])})


def _synthesis(content: dict[str, Any]) -> SynthesisSpec:
    return SynthesisSpec(**{**content, "channels": tuple(content["channels"])})


# What these look at comes from the file as it is, and may be anything: none of it is ever shown, since the
# text of a list that contains itself some forty times over would fill all memory.


def _check_mapping(spec: MappingSpec) -> None:
    if len(spec.widths) > 64 or not all(_is_size(width) for width in spec.widths):
        raise _absurd("the layers of its mapping have impossible sizes")
    counts = (spec.z_dim, spec.labels, spec.label_width)
    if not all(map(_is_count, counts)) or spec.z_dim + spec.label_width == 0:
        raise _absurd("the inputs of its mapping have impossible sizes")
    if (spec.labels == 0) != (spec.label_width == 0):
        raise _absurd("its labels have no features")
    if not _is_number(spec.rate) or not 0.0 < spec.rate <= 1.0:
        raise _absurd("the learning rate of its mapping is none")


def _check_channels(channels: tuple[int, ...]) -> None:
    if not 2 <= len(channels) <= LARGEST.bit_length() - 2 or not all(_is_size(c) for c in channels):
        raise _absurd("its layers have impossible sizes")


def _check_clamp(clamp: float | None) -> None:
    if clamp is not None and not (_is_number(clamp) and 0.0 < clamp < 1e6):
        raise _absurd("the bound on its activations is none")


def _is_number(value: object) -> bool:
    return type(value) in (int, float)


def _is_size(value: object) -> bool:
    return type(value) is int and 1 <= value <= WIDEST


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= WIDEST


def _absurd(what: str) -> ModelCorrupt:
    return ModelCorrupt(f"This is no StyleGAN2 network that can be built: {what}.", "Get the file again.")
