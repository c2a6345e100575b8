"""What the user's answers taught: a score of a latent code, as ``Beautifier`` and ``EditApplier`` use one.

It is linear in what a shared network tells of a face (``pipeline.taste.representation``) and in the code
itself. A file holds both, so that it stays as it is when RetouchML brings another shared network.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from pipeline.latent_network import LatentNetwork, load_learned
from retouchml import own_parts
from retouchml.errors import LatentSpaceMismatch, ModelCorrupt
from retouchml.own_parts import Kind
from retouchml.spelling import unknown_name
from stylegan2.generator import Generator

_SHARED = "shared."


class Judgement(nn.Module):
    """Whitened codes by octave [N, 9, W] → one output [N, 1] in its own standard deviations."""

    weights: Tensor
    linear: Tensor
    bias: Tensor
    mean: Tensor
    deviation: Tensor

    def __init__(self, name: str, shared: LatentNetwork) -> None:
        """shared: its outputs are what is weighed; all weights are 0 at first."""
        super().__init__()
        self.outputs: tuple[str, ...] = (name,)
        self.shared = shared
        self.register_buffer("weights", torch.zeros(len(shared.outputs)))
        self.register_buffer("linear", torch.zeros(shared.linear.shape[1]))
        self.register_buffer("bias", torch.zeros(1))
        self.register_buffer("mean", torch.zeros(1))
        self.register_buffer("deviation", torch.ones(1))

    def forward(self, octaves: Tensor) -> Tensor:
        score: Tensor = self.shared(octaves) @ self.weights + octaves.mean(1) @ self.linear + self.bias
        return score[:, None]

    def jacobian(self, octaves: Tensor) -> Tensor:
        """The gradient [1, 9, W] at one code by octave [9, W], in closed form."""
        gradient = torch.einsum("k,kow->ow", self.weights, self.shared.jacobian(octaves))
        return (gradient + self.linear / len(octaves))[None]

    def values(self, octaves: Tensor) -> Tensor:
        """The output [N, 1] in its own unit."""
        score: Tensor = self(octaves) * self.deviation + self.mean
        return score

    @torch.no_grad()
    def standardize(self, octaves: Tensor) -> None:
        """Set scale and bias so that the outputs of samples [N, 9, W] have mean 0 and deviation 1."""
        scores = self(octaves)
        spread = scores.std().clamp_min(1e-6)
        self.weights /= spread
        self.linear /= spread
        self.bias -= scores.mean()
        self.bias /= spread


@dataclass(frozen=True)
class Joined:
    """Several networks as one, for ``EditApplier``: their outputs in a row."""

    networks: "tuple[LatentNetwork | Judgement, ...]"

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of all outputs."""
        return tuple(name for network in self.networks for name in network.outputs)

    def __call__(self, octaves: Tensor) -> Tensor:
        """Outputs [N, K] of whitened codes by octave [N, 9, W]."""
        return torch.cat([network(octaves) for network in self.networks], 1)

    def jacobian(self, octaves: Tensor) -> Tensor:
        """The gradients [K, 9, W] at one code by octave [9, W]."""
        return torch.cat([network.jacobian(octaves) for network in self.networks])


def tensors_of(judgement: Judgement) -> dict[str, Tensor]:
    """The tensors of its file."""
    return {
        name: tensor.half() if name.startswith(_SHARED) else tensor
        for name, tensor in judgement.state_dict().items()
    }


def facts_of(judgement: Judgement, kind: Kind, space: str) -> dict[str, str]:
    """What the head of its file has to say."""
    return {
        "kind": kind,
        "version": own_parts.VERSION,
        "latent_space": space,
        "shared": ",".join(judgement.shared.outputs),
    }


def load_judgement(path: Path, kind: Kind, generator: Generator) -> Judgement:
    """Read a judgement for a generator. Raises ModelMissing, ModelCorrupt or LatentSpaceMismatch."""
    file = load_learned(path, kind)
    space = file.metadata.get("latent_space", "")
    if space != generator.latents.name:
        raise LatentSpaceMismatch(
            f"{path.stem} was learned in the latent space {space}, but {generator.name} has "
            f"{generator.latents.name}.",
            "Train it again with the faces of this model.",
        )
    try:
        if file.metadata["version"] != own_parts.VERSION:
            raise ValueError(file.metadata["version"])
        hidden, width = file.tensors[f"{_SHARED}hidden_weight"].shape
        judgement = Judgement(path.stem, LatentNetwork(file.metadata["shared"].split(","), width, hidden))
        judgement.load_state_dict(file.tensors)
        if width != generator.w_dim:
            raise ValueError(width)
    except (KeyError, RuntimeError, ValueError) as error:
        raise ModelCorrupt(f"{path.name} does not fit its architecture.", "Train it again.") from error
    return judgement.to(generator.device).eval().requires_grad_(False)


class OwnSliders(Mapping[str, Judgement]):
    """The user's own sliders that fit a generator, by name; each is read when it is first used.

    So a damaged file troubles those alone who set its slider: taking it raises ModelCorrupt or
    LatentSpaceMismatch.
    """

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        space = generator.latents.name
        parts = own_parts.own_parts(own_parts.SLIDERS)
        self._files = {part.name: part.path for part in parts if part.space == space}
        self._loaded: dict[str, Judgement] = {}

    def __getitem__(self, name: str) -> Judgement:
        if name not in self._loaded:
            self._loaded[name] = load_judgement(self._files[name], own_parts.SLIDERS, self._generator)
        return self._loaded[name]

    def __contains__(self, name: object) -> bool:
        return name in self._files

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def own_scorer(name: str, generator: Generator) -> Judgement:
    """The user's own scorer of a name.

    Raises UsageError if there is none, LatentSpaceMismatch if it fits another model, and ModelCorrupt.
    """
    fitting = own_parts.place(own_parts.SCORERS, generator.latents.name, name)
    if name in own_parts.scorer_names() and fitting.exists():
        return load_judgement(fitting, own_parts.SCORERS, generator)
    if name in own_parts.scorer_names():
        raise LatentSpaceMismatch(
            f"The scorer {name} was not trained for {generator.name}.",
            "Train it with the faces of this model.",
        )
    raise unknown_name("scorer", name, own_parts.scorer_names())
