"""Raters of faces in pictures, on the scale of the training photographs, 1 to 5.

There are two of different kinds, so that one can judge what the other guides: ``FeatureRater`` sees what
dlib's network sees, in its blocks, ``PixelRater`` the aligned chip alone. Both learned from
SCUT-FBP5500: they repeat the taste of 60 people of one country in neutral frontal faces, and know nothing of
smiles, profiles and children. ``docs/models.md`` has their figures.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.activation_network import ActivationNetwork
from pipeline.identity import Recognizer, image_chip
from pipeline.latent_network import LearnedFile, learned_part, load_learned
from pipeline.rater_input import face_chip, shape_features
from retouchml.errors import ModelCorrupt

FEATURES = 128 + 136
ACTIVATION_INPUT = "activations"  # what a rater's file calls the input of ``ActivationNetwork``
_WIDTHS = (24, 48, 96, 160)


class FeatureNetwork(nn.Module):
    """Features [N, 264 or more] → rating less the mean [N]: descriptor and landmark shape, standardised.

    The rater of versions before 0.2: files that users trained then are still read.
    """

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

    def forward(self, features: Tensor) -> Tensor:
        rating: Tensor = self.layers((features[:, :FEATURES] - self.center) / self.spread)
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


def all_features(
    descriptors: NDArray[np.float32], landmarks: NDArray[np.float32], activations: NDArray[np.floating]
) -> Tensor:
    """As ``rater_features``, then activations [N, ACTIVATIONS]: what a ``FeatureRater`` needs."""
    seen = torch.from_numpy(activations.astype(np.float32))
    return torch.cat([rater_features(descriptors, landmarks), seen], 1)


class _ByActivations(ActivationNetwork):
    """The same network on the features of ``all_features``."""

    def forward(self, features: Tensor) -> Tensor:
        return super().forward(features[:, FEATURES:])


@dataclass(frozen=True)
class Rating:
    """A rating, 1 to 5, and the standard deviation of its error among faces that the rater knows.

    uncertainty: None if the rater's file does not say
    """

    value: float
    uncertainty: float | None


@dataclass(frozen=True)
class Uncertainty:
    """The error of an ensemble's mean, from how much its members disagree: sqrt(error² + (share spread)²)."""

    error: float  # rating points, where all members agree
    share: float  # of the members' standard deviation

    def __call__(self, spread: float) -> float:
        return math.hypot(self.error, self.share * spread)

    @classmethod
    def fitted(cls, errors: NDArray[np.float32], spreads: NDArray[np.float32]) -> "Uncertainty":
        """Of the errors [N] of means on unseen faces and the members' standard deviations [N]."""
        squares = np.square(errors.astype(np.float64))
        spread = np.square(spreads.astype(np.float64))
        deviation = spread - spread.mean()
        slope = float(deviation @ squares) / max(float(deviation @ deviation), 1e-12)
        slope = min(max(slope, 0.0), float(squares.mean()) / max(float(spread.mean()), 1e-12))
        rest = max(float(squares.mean()) - slope * float(spread.mean()), 0.0)
        return cls(math.sqrt(rest), math.sqrt(slope))

    def __str__(self) -> str:
        return f"{self.error:.4f},{self.share:.4f}"


class FeatureRater:
    """The rater by whose ratings a scorer is trained, and which reports show."""

    def __init__(self, recognizer: Recognizer, path: Path | None = None) -> None:
        """path: a file other than the learned part in use. Raises ModelMissing or ModelCorrupt."""
        self._recognizer = recognizer
        file = load_learned(path or learned_part("rater"), "rater")
        kind = _ByActivations if file.metadata.get("input") == ACTIVATION_INPUT else FeatureNetwork
        self._mean, self._networks = _ensemble(file, kind)
        self._uncertainty = _uncertainty(file)

    def rate(self, picture: NDArray[np.float32], landmarks: NDArray[np.float64]) -> float:
        """Rating of the face at ``landmarks`` [68, 2] in a picture [H, W, 3] in [0, 1]."""
        return self.rating_of(self.see(picture, landmarks)).value

    def see(self, picture: NDArray[np.float32], landmarks: NDArray[np.float64]) -> Tensor:
        """Features [1, K] of the face at ``landmarks`` [68, 2] in a picture [H, W, 3] in [0, 1]."""
        sight = self._recognizer.see(picture, landmarks)
        return all_features(
            sight.descriptor[None], landmarks[None].astype(np.float32), sight.activations[None]
        )

    def rating_of(self, features: Tensor) -> Rating:
        """The rating of features [1, K], and how far off it may be."""
        ratings = _ratings(self._networks, features, self._mean)[:, 0]
        uncertainty = None if self._uncertainty is None else self._uncertainty(float(ratings.std()))
        return Rating(float(ratings.mean()), uncertainty)

    def rate_features(self, features: Tensor) -> NDArray[np.float32]:
        """Ratings [N] of features [N, K] of ``all_features``."""
        return _mean_rating(self._networks, features, self._mean)

    def rate_image(self, image: Tensor, landmarks: NDArray[np.float64]) -> Tensor:
        """The rating, with a gradient, of the face at ``landmarks`` [68, 2] in an image [3, S, S] in [0, 1].

        See ``image_chip``.
        """
        descriptor, activations = self._recognizer.see_chip(image_chip(image, landmarks))
        shape = torch.from_numpy(shape_features(landmarks))
        # the rater's networks stay on the CPU
        features = torch.cat([descriptor.cpu(), shape, activations.cpu()])[None]  # as ``all_features``
        return torch.stack([network(features)[0] for network in self._networks]).mean() + self._mean


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


def _uncertainty(file: LearnedFile) -> Uncertainty | None:
    """What a file says of its errors; None from one that was trained before it was measured."""
    if "uncertainty" not in file.metadata:
        return None
    try:
        error, share = map(float, file.metadata["uncertainty"].split(","))
    except ValueError as wrong:
        raise _unfit() from wrong
    if not (0.0 <= error < math.inf and 0.0 <= share < math.inf):
        raise _unfit()
    return Uncertainty(error, share)


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
    return np.asarray(_ratings(networks, inputs, mean).mean(0), np.float32)


def _ratings(networks: Sequence[nn.Module], inputs: Tensor, mean: float) -> NDArray[np.float32]:
    """Ratings [M, N] of N inputs by each of M networks."""
    with torch.no_grad():
        ratings = torch.stack([network(inputs) for network in networks]) + mean
    return np.asarray(ratings.numpy(), np.float32)
