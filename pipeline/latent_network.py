"""Small learned functions of the latent code: the score, and the attributes that edits and the ascent need.

Each output looks at its own mixture of the layers' whitened codes; the mixture is learned per octave of
resolution, not per layer, so that the function holds for every generator that shares the W space. On the
mixture, a linear part and a shared hidden layer.
"""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from safetensors.torch import save
from torch import Tensor, nn

from retouchml.errors import LatentSpaceMismatch, ModelCorrupt, ModelMissing
from retouchml.paths import data_dir, weights_dir
from retouchml.system.files import write_atomically
from stylegan2.formats import safetensors_file
from stylegan2.generator import Generator, StyleLayer

Network = TypeVar("Network", bound=nn.Module)
OCTAVES = 9  # 4 to 1024 px
_HIDDEN = 48


class LatentNetwork(nn.Module):
    """Whitened codes mixed by octave [N, 9, W] → outputs [N, K] in units of each one's standard deviation."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, outputs: Sequence[str], width: int, hidden: int = _HIDDEN) -> None:
        super().__init__()
        self.outputs = tuple(outputs)
        count = len(self.outputs)
        self.octave_logits = nn.Parameter(torch.zeros(count, OCTAVES))
        self.linear = nn.Parameter(torch.zeros(count, width))
        self.hidden_weight = nn.Parameter(torch.randn(hidden, width) / math.sqrt(width))
        self.hidden_bias = nn.Parameter(torch.zeros(hidden))
        self.readout = nn.Parameter(torch.zeros(count, hidden))
        self.bias = nn.Parameter(torch.zeros(count))
        self.register_buffer("mean", torch.zeros(count))
        self.register_buffer("deviation", torch.ones(count))

    def octave_weights(self) -> Tensor:
        """[K, 9], each row sums to 1: how much each octave matters to each output."""
        return self.octave_logits.softmax(1)

    def forward(self, octaves: Tensor) -> Tensor:
        mixed = torch.einsum("ko,now->nkw", self.octave_weights(), octaves)
        hidden = torch.tanh(mixed @ self.hidden_weight.T + self.hidden_bias)
        return (mixed * self.linear).sum(2) + (hidden * self.readout).sum(2) + self.bias

    def jacobian(self, octaves: Tensor) -> Tensor:
        """The gradients [K, 9, W] of all outputs at one code by octave [9, W], in closed form."""
        mixed = self.octave_weights() @ octaves
        hidden = torch.tanh(mixed @ self.hidden_weight.T + self.hidden_bias)
        slope = self.linear + (self.readout * (1.0 - hidden.square())) @ self.hidden_weight
        return self.octave_weights()[:, :, None] * slope[:, None, :]

    def values(self, octaves: Tensor) -> Tensor:
        """Outputs [N, K] in their own units."""
        outputs: Tensor = self(octaves) * self.deviation + self.mean
        return outputs


class Learned(Protocol):
    """Something learned that can be told from others."""

    outputs: tuple[str, ...]

    def state_dict(self) -> dict[str, Any]:
        """What it has learned."""


class LatentFunction(Learned, Protocol):
    """A latent network, or what is used in its place."""

    @property
    def __call__(self) -> Callable[[Tensor], Tensor]:
        """Outputs [N, K] of whitened codes by octave [N, 9, W], in units of each one's standard deviation."""

    def values(self, octaves: Tensor) -> Tensor:
        """Outputs [N, K] in their own units."""


def fingerprint(network: Learned) -> str:
    """A hash of what a network has learned and what its outputs are called."""
    digest = hashlib.sha256(",".join(network.outputs).encode())
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def octave_of(side: int) -> int:
    """The octave of a feature map of ``side`` pixels, a power of two; larger maps count as the last one."""
    return min(side.bit_length() - 3, OCTAVES - 1)


def layer_octaves(layers: Sequence[StyleLayer]) -> list[int]:
    """The octave of each layer: codes by octave [9, W] at these indices are codes by layer [L, W]."""
    return [octave_of(layer.resolution) for layer in layers]


def by_octave(v_plus: Tensor, layers: Sequence[StyleLayer]) -> Tensor:
    """Whitened codes [N, L, W] → [N, 9, W]: the mean over the layers of each octave.

    An octave without layers takes the one below.
    """
    columns: list[Tensor] = []
    for octave in range(OCTAVES):
        indices = [layer.index for layer in layers if layer.resolution == 4 << octave]
        columns.append(v_plus[:, indices].mean(1) if indices else columns[-1])
    return torch.stack(columns, 1)


@dataclass(frozen=True)
class LearnedFile:
    """A learned part on disk: tensors, and what they are."""

    tensors: dict[str, Tensor]
    metadata: dict[str, str]


def weights_folder() -> Path:
    """The folder of the learned parts that come with the project."""
    return Path(__file__).parent / "weights"


def learned_part(kind: str, space: str | None = None) -> Path:
    """The file of a learned part: the user's own if there is one, else the project's.

    space: the latent space that the part belongs to; None for the raters, which look at pictures
    """
    files = [trained_part(kind, space)]
    if space is not None:
        files.append(data_dir() / "learned" / space / f"{kind}.safetensors")  # of earlier versions
    return next((file for file in files if file.exists()), weights_folder() / f"{kind}.safetensors")


def trained_part(kind: str, space: str | None = None) -> Path:
    """The file that ``retouchml train`` writes a part to by default, in the user's data folder."""
    folder = weights_dir() if space is None else weights_dir() / space
    return folder / f"{kind}.safetensors"


def save_learned(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Write a learned part, at once or not at all; creates its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = save({name: value.detach().cpu().contiguous() for name, value in tensors.items()}, metadata)
    write_atomically(path, content)


def load_learned(path: Path, kind: str) -> LearnedFile:
    """Read a learned part.

    Raises ModelMissing if it is missing, ModelCorrupt if it is something else.
    """
    if not path.exists():
        raise ModelMissing(f"The learned part {path.stem} is missing.", f"Fit it: retouchml train {kind}.")
    try:
        content = safetensors_file.read(path)
    except ModelCorrupt as error:
        raise ModelCorrupt(error.message, f"Fit it again: retouchml train {kind}.") from error
    metadata = content.metadata
    tensors = {name: tensor.float() for name, tensor in content.tensors.items()}
    if metadata.get("kind") != kind or not all(bool(torch.isfinite(t).all()) for t in tensors.values()):
        raise ModelCorrupt(f"{path.name} is no {kind}.", f"Fit it again: retouchml train {kind}.")
    return LearnedFile(tensors, metadata)


def load_network(path: Path, kind: str, generator: Generator) -> tuple[LatentNetwork, LearnedFile]:
    """Read a latent network for ``generator``; returns it and its file.

    Raises LatentSpaceMismatch if it was learned for another W space, and the errors of ``load_learned``.
    """

    def build(state: dict[str, Tensor], file: LearnedFile) -> LatentNetwork:
        hidden, width = state["hidden_weight"].shape
        return LatentNetwork(file.metadata["outputs"].split(","), width, hidden)

    return load_for_space(path, kind, generator, build)


def load_for_space(
    path: Path,
    kind: str,
    generator: Generator,
    build: Callable[[dict[str, Tensor], LearnedFile], Network],
) -> tuple[Network, LearnedFile]:
    """As ``load_network``; ``build`` makes the network that the tensors of a file are for."""
    file = load_learned(path, kind)
    space = file.metadata.get("latent_space", "")
    if space != generator.latents.name:
        raise LatentSpaceMismatch(
            f"The learned part {kind} belongs to the latent space {space},"
            f" but {generator.name} has {generator.latents.name}.",
            f"Fit one: retouchml train {kind} --model {generator.name}.",
        )
    state = {
        name.removeprefix("network."): t for name, t in file.tensors.items() if name.startswith("network.")
    }
    try:
        network = build(state, file)
        network.load_state_dict(state)
    except (KeyError, RuntimeError, ValueError) as error:
        raise ModelCorrupt(
            f"{path.name} does not fit its architecture.", f"Fit it again: retouchml train {kind}."
        ) from error
    return network.to(generator.device).eval().requires_grad_(False), file
