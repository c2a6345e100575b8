"""The encoder: a first guess of a face's code, from which the inversion starts.

A ridge regression from a small chip of the face, its descriptor and the shape of its landmarks to the
whitened code, fitted on the generator's own samples. A network that brings the guess nearer
(``pipeline.encoder_network``) may follow.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.encoder_network import EncoderNetwork, refined
from pipeline.latent_network import load_learned
from pipeline.rater import FEATURES, rater_features
from retouchml.errors import ModelCorrupt
from stylegan2.generator import Generator

CHIP = 16  # pixels
_FEATURES = 3 * CHIP * CHIP + FEATURES
_SCALES = (2.0, 10.0, 5.0)  # of chip, descriptor and shape, whose values differ in size
_NETWORK = "network."  # before the names of its tensors


def encoder_features(
    chips: NDArray[np.generic], descriptors: NDArray[np.float32], landmarks: NDArray[np.float32]
) -> Tensor:
    """Chips [N, 112, 112, 3] in [0, 1], descriptors [N, 128], landmarks [N, 68, 2] → features [N, 1032]."""
    small = [
        cv2.resize(np.asarray(chip, np.float32), (CHIP, CHIP), interpolation=cv2.INTER_AREA) for chip in chips
    ]
    face = rater_features(descriptors, landmarks)
    pixels = torch.from_numpy(np.stack(small).reshape(len(small), -1))
    return torch.cat([pixels * _SCALES[0], face[:, :128] * _SCALES[1], face[:, 128:] * _SCALES[2]], 1)


@dataclass(frozen=True)
class Encoder:
    """A linear map from features to the last K components of a whitened code; the others are zero."""

    weight: Tensor  # [1032, K]
    bias: Tensor  # [K]
    width: int  # of the code
    network: EncoderNetwork | None = None

    @classmethod
    def load(cls, path: Path, generator: Generator) -> "Encoder | None":
        """Read the encoder for a generator; None if the file is missing or of another latent space.

        It only saves time. Raises ModelCorrupt.
        """
        if not path.exists():
            return None
        file = load_learned(path, "encoder")
        if file.metadata.get("latent_space") != generator.latents.name:
            return None
        weight, bias = file.tensors.get("weight"), file.tensors.get("bias")
        if (
            weight is None
            or bias is None
            or weight.shape != (_FEATURES, len(bias))
            or len(bias) > generator.w_dim
        ):
            raise _unfit(path)
        network = None
        state = {
            name.removeprefix(_NETWORK): t for name, t in file.tensors.items() if name.startswith(_NETWORK)
        }
        if state:
            network = EncoderNetwork(len(bias))
            try:
                network.load_state_dict(state)
            except RuntimeError as error:
                raise _unfit(path) from error
            network = network.to(generator.device).eval().requires_grad_(False)
        return cls(weight, bias, generator.w_dim, network)

    def tensors(self) -> dict[str, Tensor]:
        """What ``load`` reads, as float16."""
        state = {} if self.network is None else self.network.state_dict()
        learned = {"weight": self.weight, "bias": self.bias}
        learned |= {f"{_NETWORK}{name}": tensor for name, tensor in state.items()}
        return {name: tensor.half() for name, tensor in learned.items()}

    def __call__(
        self, chip: NDArray[np.float32], descriptor: NDArray[np.float32], landmarks: NDArray[np.float64]
    ) -> Tensor:
        """Whitened code [W] of one face."""
        features = encoder_features(chip[None], descriptor[None], landmarks[None].astype(np.float32))
        code = torch.zeros(self.width)
        code[-len(self.bias) :] = features[0] @ self.weight + self.bias
        return code

    def refined(self, guess: Tensor, crop: NDArray[np.float32], generator: Generator) -> Tensor:
        """The guess [W] of the face in a crop [S, S, 3], or [1 + L, W] nearer to it if there is a network."""
        return guess if self.network is None else refined(self.network, guess, crop, generator)


def _unfit(path: Path) -> ModelCorrupt:
    return ModelCorrupt(
        f"{path.name} does not fit its architecture.", "Fit it again: retouchml train encoder."
    )
