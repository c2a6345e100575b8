"""What an inversion compares: the crop of a face with pictures of the generator, of any size.

Colours and their gradients on several scales, and the person by the recognition network's descriptor and
early features. All that depends on the crop alone is computed once.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from pipeline.identity import chip_frame

Recognition = Callable[[Tensor], tuple[Tensor, list[Tensor]]]  # as ``pipeline.identity.FaceRecognition``

TARGET = 256  # pixels; side of the crop that is fitted
_BACKGROUND = 0.15  # weight of pixels outside the face
_FEATURE_BLOCKS = (0, 2, 4)
_IDENTITY_FROM = 128  # pixels; smaller pictures do not show the person


@dataclass(frozen=True)
class Octave:
    """The target of ``picture_loss`` at one scale, and its weights."""

    target: Tensor  # [N, 3, R, R]
    slopes: tuple[Tensor, Tensor]  # [N, 3, R - 1, R - 1] its gradients
    weight: Tensor  # [N, 1, R, R]
    weight_mean: Tensor  # []
    inner: Tensor  # [N, 1, R - 1, R - 1] weight of the gradients
    inner_mean: Tensor  # []

    def tensors(self) -> list[Tensor]:
        """All of them, always in the same order."""
        return [self.target, *self.slopes, self.weight, self.weight_mean, self.inner, self.inner_mean]


def octaves(target: Tensor, weight: Tensor, count: int) -> tuple[Octave, ...]:
    """``count`` scales of a target [N, 3, R, R] with weights [N, 1, R, R], each half as large."""
    made = []
    for _ in range(count):
        inner = weight[..., 1:, 1:]
        made.append(Octave(target, _gradients(target), weight, weight.mean(), inner, inner.mean()))
        target, weight = (F.avg_pool2d(x, 2) for x in (target, weight))
    return tuple(made)


def picture_loss(picture: Tensor, scales: tuple[Octave, ...]) -> Tensor:
    """Weighted mean difference [] of colours and of their gradients over octaves; picture: [N, 3, R, R]."""
    total = picture.new_zeros(())
    for octave in scales:
        total = total + ((picture - octave.target).abs() * octave.weight).mean() / octave.weight_mean
        slopes = sum((a - b).abs() for a, b in zip(_gradients(picture), octave.slopes, strict=True))
        total = total + (slopes * octave.inner).mean() / octave.inner_mean
        picture = F.avg_pool2d(picture, 2)
    return total / len(scales)


@dataclass(frozen=True)
class Target:
    """The crop and its face, prepared for comparison with pictures of given sizes."""

    octaves: dict[int, tuple[Octave, ...]]  # by side of the picture
    grid: Tensor  # [1, 150, 150, 2] of the recognition network's chip
    descriptor: Tensor  # [1, 128]
    features: tuple[Tensor, ...]  # of _FEATURE_BLOCKS, of unit length
    recognition: Recognition

    @classmethod
    def of(
        cls,
        crop: NDArray[np.float32],  # FFHQ crop [S, S, 3] in [0, 1]
        landmarks: NDArray[np.float64],  # [68, 2] in crop pixels
        recognition: Recognition,
        device: torch.device,
        sides: frozenset[int],  # of the pictures, 256 at most
    ) -> "Target":
        """The target on a device."""
        size = crop.shape[0]
        interpolation = cv2.INTER_AREA if size > TARGET else cv2.INTER_CUBIC
        small = cv2.resize(crop, (TARGET, TARGET), interpolation=interpolation)
        points = (landmarks + 0.5) * (TARGET / size) - 0.5
        image = torch.from_numpy(np.clip(small, 0.0, 1.0) * 2.0 - 1.0).permute(2, 0, 1)[None].to(device)
        weight = _BACKGROUND + (1.0 - _BACKGROUND) * torch.from_numpy(face_weight(points, TARGET))[None, None]
        weight = weight.to(device)
        grid = chip_frame(points).grid(TARGET, TARGET).to(device)
        with torch.no_grad():
            descriptor, features = recognition(F.grid_sample(image * 0.5 + 0.5, grid, align_corners=False))
            units = tuple(_unit(features[i]) for i in _FEATURE_BLOCKS)
            scales: dict[int, tuple[Octave, ...]] = {}
            for side in sorted(sides):
                small_image, small_weight = (F.avg_pool2d(x, TARGET // side) for x in (image, weight))
                scales[side] = octaves(small_image, small_weight, 3 if side < TARGET else 4)
        return cls(scales, grid, descriptor, units, recognition)

    def load(self, other: "Target") -> None:
        """Become another target of the same sizes, at the same addresses."""
        for mine, others in zip(self._tensors(), other._tensors(), strict=True):
            mine.copy_(others)

    def _tensors(self) -> list[Tensor]:
        of_octaves = [t for scales in self.octaves.values() for scale in scales for t in scale.tensors()]
        return [*of_octaves, self.grid, self.descriptor, *self.features]

    def compare(self, picture: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor] | None]:
        """Image loss of a picture [1, 3, R, R]; for a large one also descriptor distance, feature loss."""
        side = picture.shape[-1]
        near = picture_loss(picture, self.octaves[side])
        return near, None if side < _IDENTITY_FROM else self.person(picture)

    def person(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Descriptor distance and feature loss of a picture [1, 3, R, R]."""
        chip = F.grid_sample(picture * 0.5 + 0.5, self.grid, align_corners=False)
        descriptor, features = self.recognition(chip)
        distance = (descriptor - self.descriptor).square().sum().clamp_min(1e-12).sqrt()
        pairs = zip((features[i] for i in _FEATURE_BLOCKS), self.features, strict=True)
        feature_loss = torch.stack([(_unit(a) - b).square().sum(1).mean() for a, b in pairs]).sum()
        return distance, feature_loss


def face_weight(landmarks: NDArray[np.float64], size: int) -> NDArray[np.float32]:
    """Soft mask [S, S] of the face with its forehead, 1 inside."""
    forehead = landmarks[17:27] - np.array([0.0, 0.137 * size])
    hull = cv2.convexHull(np.concatenate([landmarks, forehead]).astype(np.int32))
    mask = np.zeros((size, size), np.float32)
    cv2.fillConvexPoly(mask, hull, 1.0)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), 0.025 * size), np.float32)


def _gradients(x: Tensor) -> tuple[Tensor, Tensor]:
    return x[..., 1:, 1:] - x[..., :-1, 1:], x[..., 1:, 1:] - x[..., 1:, :-1]


def _unit(features: Tensor) -> Tensor:
    return features / (features.square().sum(1, keepdim=True) + 1e-6).sqrt()
