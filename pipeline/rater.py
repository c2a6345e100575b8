"""Raters of faces in pictures, on the scale of the training photographs, 1 to 5.

There are two of different kinds, so that one can judge what the other guides: ``FeatureRater`` sees dlib's
descriptor and the shape of the landmarks, ``PixelRater`` the aligned chip alone. Both learned from
SCUT-FBP5500: they repeat the taste of 60 people of one country in neutral frontal faces, and know nothing of
smiles, profiles and children. ``docs/models.md`` has their figures.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.identity import Recognizer
from pipeline.latent_network import LearnedFile, learned_part, load_learned
from pipeline.rater_input import face_chip, shape_features
from retouchml.errors import ModelCorrupt

FEATURES = 128 + 136
_SHAPE_SHARE = 0.6  # of the descriptor's weight
_WIDTHS = (24, 48, 96, 160)


class FeatureNetwork(nn.Module):
    """Features [N, 264] → rating less the mean [N]: descriptor and landmark shape, standardised."""

    center: Tensor
    spread: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("center", torch.zeros(FEATURES))
        self.register_buffer("spread", torch.ones(FEATURES))
        self.layers = nn.Sequential(
            nn.Dropout(0.1),
            nn.Linear(FEATURES, 128),
            nn.SiLU(),
            nn.Dropout(0.4),
            nn.Linear(128, 64),
            nn.SiLU(),
            nn.Dropout(0.3),
            nn.Linear(64, 1),
        )

    def standardize(self, features: Tensor) -> None:
        """Set centre and spread from training features [N, 264]; the descriptor has one spread in common."""
        self.center.copy_(features.mean(0))
        self.spread[:128] = features[:, :128].std(0).mean()
        self.spread[128:] = (features[:, 128:].std(0) + 1e-6) / _SHAPE_SHARE

    def forward(self, features: Tensor) -> Tensor:
        rating: Tensor = self.layers((features - self.center) / self.spread)
        return rating[:, 0]


class PixelNetwork(nn.Module):
    """Chips [N, 3, H, W] in [0, 1] → rating less the mean [N]: a residual network (arXiv 1512.03385)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, _WIDTHS[0], 5, stride=2, padding=2, bias=False)
        self.norm = nn.BatchNorm2d(_WIDTHS[0])
        blocks: list[nn.Module] = []
        for c_in, c_out in zip((_WIDTHS[0], *_WIDTHS), _WIDTHS, strict=False):
            blocks += [_Residual(c_in, c_out, 2), _Residual(c_out, c_out, 1)]
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(_WIDTHS[-1], 1))

    def forward(self, chips: Tensor) -> Tensor:
        x = F.relu(self.norm(self.stem((chips - 0.5) * 4.0)))
        rating: Tensor = self.head(self.blocks(x).mean((2, 3)))
        return rating[:, 0]


class _Residual(nn.Module):
    """A residual block of two convolutions."""

    def __init__(self, c_in: int, c_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(c_out)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(c_out)
        alike = stride == 1 and c_in == c_out
        self.skip = nn.Identity() if alike else nn.Conv2d(c_in, c_out, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        return F.relu(y + self.skip(x))


def rater_features(descriptors: NDArray[np.float32], landmarks: NDArray[np.float32]) -> Tensor:
    """Descriptors [N, 128] and landmarks [N, 68, 2] in any pixels → features [N, 264]."""
    shapes = np.stack([shape_features(points.astype(np.float64)) for points in landmarks])
    return torch.from_numpy(np.hstack([descriptors, shapes]).astype(np.float32))


class FeatureRater:
    """The rater that guides: the scorer learned from its ratings, and reports show them."""

    def __init__(self, recognizer: Recognizer, path: Path | None = None) -> None:
        """path: a file other than the learned part in use. Raises ModelMissing or ModelCorrupt."""
        self._recognizer = recognizer
        file = load_learned(path or learned_part("rater"), "rater")
        self._mean, self._networks = _ensemble(file, FeatureNetwork)

    def rate(self, picture: NDArray[np.float32], landmarks: NDArray[np.float64]) -> float:
        """Rating of the face at ``landmarks`` [68, 2] in a picture [H, W, 3] in [0, 1]."""
        descriptor = self._recognizer.describe(picture, landmarks)
        features = rater_features(descriptor[None], landmarks[None].astype(np.float32))
        return float(self.rate_features(features)[0])

    def rate_features(self, features: Tensor) -> NDArray[np.float32]:
        """Ratings [N] of features [N, 264]."""
        return _mean_rating(self._networks, features, self._mean)


class PixelRater:
    """The rater that judges: it sees the chip alone and guides nothing.

    fold: the official fold whose training photographs it learned from
    """

    def __init__(self, path: Path | None = None) -> None:
        """path: a file other than the learned part in use. Raises ModelMissing or ModelCorrupt."""
        file = load_learned(path or learned_part("judge"), "rater")
        self._mean, self._networks = _ensemble(file, PixelNetwork)
        self.fold = _fold(file)

    def rate(self, picture: NDArray[np.generic], landmarks: NDArray[np.float64]) -> float:
        """Rating of the face at ``landmarks`` [68, 2] in a picture [H, W, 3] of any depth.

        The mean of the ratings of the face and of its mirror image.
        """
        chip = torch.from_numpy(face_chip(picture, landmarks)).permute(2, 0, 1)
        return float(self.rate_chips(torch.stack([chip, chip.flip(2)])).mean())

    def rate_chips(self, chips: Tensor) -> NDArray[np.float32]:
        """Ratings [N] of chips [N, 3, 112, 112] in [0, 1]."""
        return _mean_rating(self._networks, chips, self._mean)


def _ensemble(file: LearnedFile, kind: type[nn.Module]) -> tuple[float, list[nn.Module]]:
    networks = []
    try:
        for member in range(int(file.metadata["members"])):
            prefix = f"{member}."
            network = kind()
            state = {n.removeprefix(prefix): t for n, t in file.tensors.items() if n.startswith(prefix)}
            network.load_state_dict(state)
            networks.append(network.eval().requires_grad_(False))
        return float(file.metadata["mean"]), networks
    except (KeyError, ValueError, RuntimeError) as error:
        raise _unfit() from error


def _fold(file: LearnedFile) -> int:
    try:
        number = int(file.metadata["fold"])
    except (KeyError, ValueError) as error:
        raise _unfit() from error
    if not 1 <= number <= 5:
        raise _unfit()
    return number


def _unfit() -> ModelCorrupt:
    return ModelCorrupt(
        "The rater's file does not fit its architecture.", "Fit it again: retouchml train rater."
    )


def _mean_rating(networks: Sequence[nn.Module], inputs: Tensor, mean: float) -> NDArray[np.float32]:
    with torch.no_grad():
        ratings = torch.stack([network(inputs) for network in networks]).mean(0) + mean
    return np.asarray(ratings.numpy(), np.float32)
