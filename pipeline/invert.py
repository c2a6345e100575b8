"""Inversion: finds the w_plus of a face, whose picture looks like it and shows the same person.

Optimisation in the whitened P space of the mapping network (arXiv 2012.09036): one code v shared by all
layers, and an offset for each layer. Coarse to fine, on the generator's cheap small pictures. The loss
compares colours and gradients on several scales, and the person by the recognition network's descriptor and
early features. Pulling v towards the mean and the offsets towards zero keeps the code editable.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from pipeline.identity import FaceRecognition, chip_frame
from pipeline.threads import threads_restored, use_share
from retouchml.progress import NEVER, Cancel, Progress, check, silent
from stylegan2.generator import Generator

VERSION = 1  # of the recipe; a cached inversion of another version is not used
TARGET = 256  # pixels; side of the crop that is fitted
_BACKGROUND = 0.15  # weight of pixels outside the face
_SHARED_PULL, _OFFSET_PULL = 0.03, 0.1
_IDENTITY, _FEATURES = 0.4, 0.15
_FEATURE_BLOCKS = (0, 2, 4)
_IDENTITY_FROM = 128  # pixels; smaller pictures do not show the person


@dataclass(frozen=True)
class InversionStage:
    """Steps of Adam at one picture size."""

    resolution: int
    steps: int
    rate: float  # learning rate
    offsets: bool  # whether each layer has an offset of its own


RECIPE = (
    InversionStage(64, 10, 0.08, False),
    InversionStage(64, 25, 0.07, True),
    InversionStage(128, 28, 0.06, True),
    InversionStage(256, 9, 0.035, True),
)


@dataclass(frozen=True)
class Inversion:
    """The code of a face, and how well it fits."""

    w_plus: Tensor  # [L, W]
    loss: float  # final image loss, lower is nearer
    distance: float  # descriptor distance between crop and picture at 256 px


class Inverter:
    """Inverts FFHQ crops with one generator and the recognition network."""

    def __init__(self, generator: Generator, recognition: FaceRecognition) -> None:
        self._generator = generator
        self._recognition = recognition

    @threads_restored()
    def invert(
        self,
        crop: NDArray[np.float32],  # FFHQ crop [S, S, 3] in [0, 1]
        landmarks: NDArray[np.float64],  # [68, 2] in crop pixels
        start: Tensor | None = None,  # whitened code [W] to start from, zero by default
        *,
        recipe: Sequence[InversionStage] = RECIPE,
        progress: Progress = silent,
        cancel: Cancel = NEVER,
    ) -> Inversion:
        """The code of a face. Checks ``cancel`` at every step; raises Cancelled."""
        target = _Target.of(crop, landmarks, self._recognition, self._generator.device)
        space = self._generator.latents
        initial = torch.zeros_like(space.mean) if start is None else start.to(space.mean)
        shared = initial.clone().requires_grad_(True)
        offsets = torch.zeros(
            self._generator.num_layers, space.mean.shape[0], device=shared.device, requires_grad=True
        )
        steps, threads = _StepProgress(recipe, progress), torch.get_num_threads()
        picture_loss = distance = math.inf
        for stage in recipe:
            use_share(threads, shared.device)
            optimizer = torch.optim.Adam([shared, offsets] if stage.offsets else [shared], betas=(0.9, 0.99))
            for step in range(stage.steps):
                check(cancel)
                for group in optimizer.param_groups:
                    group["lr"] = stage.rate * _ramp(step, stage.steps)
                picture = self._generator.synthesize(space.unwhiten(shared + offsets)[None], stage.resolution)
                near, identity = target.compare(picture)
                loss = near + _SHARED_PULL * shared.square().mean()
                loss = loss + _OFFSET_PULL * offsets.square().mean()
                if identity is not None:
                    loss = loss + _IDENTITY * identity[0].square() + _FEATURES * identity[1]
                    distance = float(identity[0].detach())
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                picture_loss = float(near.detach())
                steps.advance(stage)
        with torch.no_grad():
            w_plus = space.unwhiten(shared + offsets).detach()
        return Inversion(w_plus, picture_loss, distance)


@dataclass(frozen=True)
class _Target:
    """The crop and its face, prepared for comparison with pictures of any size."""

    crop: Tensor  # [1, 3, 256, 256] in [-1, 1]
    weight: Tensor  # [1, 1, 256, 256]
    grid: Tensor  # [1, 150, 150, 2] of the recognition network's chip
    descriptor: Tensor  # [1, 128]
    features: list[Tensor]  # of _FEATURE_BLOCKS, of unit length
    recognition: FaceRecognition

    @classmethod
    def of(
        cls,
        crop: NDArray[np.float32],
        landmarks: NDArray[np.float64],
        recognition: FaceRecognition,
        device: torch.device,
    ) -> "_Target":
        size = crop.shape[0]
        interpolation = cv2.INTER_AREA if size > TARGET else cv2.INTER_CUBIC
        small = cv2.resize(crop, (TARGET, TARGET), interpolation=interpolation)
        points = (landmarks + 0.5) * (TARGET / size) - 0.5
        image = torch.from_numpy(np.clip(small, 0.0, 1.0) * 2.0 - 1.0).permute(2, 0, 1)[None].to(device)
        weight = _BACKGROUND + (1.0 - _BACKGROUND) * torch.from_numpy(face_weight(points, TARGET))[None, None]
        grid = chip_frame(points).grid(TARGET, TARGET).to(device)
        with torch.no_grad():
            descriptor, features = recognition(F.grid_sample(image * 0.5 + 0.5, grid, align_corners=False))
        units = [_unit(features[i]) for i in _FEATURE_BLOCKS]
        return cls(image, weight.to(device), grid, descriptor, units, recognition)

    def compare(self, picture: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor] | None]:
        """Image loss of a picture [1, 3, R, R]; for a large one also descriptor distance, feature loss."""
        factor = self.crop.shape[-1] // picture.shape[-1]
        crop, weight = (F.avg_pool2d(x, factor) for x in (self.crop, self.weight))
        near = picture_loss(picture, crop, weight, levels=3 if picture.shape[-1] < 256 else 4)
        if picture.shape[-1] < _IDENTITY_FROM:
            return near, None
        chip = F.grid_sample(picture * 0.5 + 0.5, self.grid, align_corners=False)
        descriptor, features = self.recognition(chip)
        distance = (descriptor - self.descriptor).square().sum().clamp_min(1e-12).sqrt()
        pairs = zip((features[i] for i in _FEATURE_BLOCKS), self.features, strict=True)
        feature_loss = torch.stack([(_unit(a) - b).square().sum(1).mean() for a, b in pairs]).sum()
        return near, (distance, feature_loss)


def picture_loss(picture: Tensor, target: Tensor, weight: Tensor, levels: int) -> Tensor:
    """Weighted mean difference of colours and of their gradients over ``levels`` octaves.

    picture, target: [N, 3, R, R]; weight: [N, 1, R, R]
    """
    total = picture.new_zeros(())
    for _ in range(levels):
        total = total + ((picture - target).abs() * weight).mean() / weight.mean()
        inner = weight[..., 1:, 1:]
        slopes = sum((a - b).abs() for a, b in zip(_gradients(picture), _gradients(target), strict=True))
        total = total + (slopes * inner).mean() / inner.mean()
        picture, target, weight = (F.avg_pool2d(x, 2) for x in (picture, target, weight))
    return total / levels


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


def _ramp(step: int, steps: int) -> float:
    """Factor of the learning rate: a short warm-up, and a cosine descent in the second half."""
    warm = min(1.0, (step + 1) / 5.0)
    late = max(0.0, 2.0 * step / steps - 1.0)
    return warm * (0.5 + 0.5 * math.cos(math.pi * late)) + 0.02


class _StepProgress:
    """Progress by the cost of the steps, which is about proportional to the picture's side."""

    def __init__(self, recipe: Sequence[InversionStage], progress: Progress) -> None:
        self._total = sum(stage.steps * self._cost(stage) for stage in recipe)
        self._done = 0.0
        self._progress = progress
        self._start = time.monotonic()
        progress("invert", 0.0, None)

    @staticmethod
    def _cost(stage: InversionStage) -> float:
        return stage.resolution / 64.0

    def advance(self, stage: InversionStage) -> None:
        """Report one more step of a stage."""
        self._done += self._cost(stage)
        fraction = min(1.0, self._done / self._total)
        elapsed = time.monotonic() - self._start
        self._progress("invert", fraction, elapsed * (1.0 / fraction - 1.0))
