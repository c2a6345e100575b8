"""Face recognition: dlib's ResNet, rebuilt in torch so that it has a gradient.

The network (King, dlib 19.3: 29 convolutions, a ResNet-34 with layers removed and filters halved) turns a 150
px face chip into a 128-D descriptor; two photographs of one person are usually nearer than 0.6. Batch
normalisation is folded into the convolutions.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import dlib
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.dlib_weights import read_tensors
from pipeline.threads import threads_restored

CHIP = 150  # pixels; side of the network's input
_CHIP_PADDING = 0.25
_SUBPIXELS = 64  # per pixel, since dlib takes whole numbers only
_MEAN_RGB = (122.782, 117.001, 104.298)
# (channels, halves the side?) of each residual block
_BLOCKS = (
    *((32, False),) * 3,
    *((64, True), (64, False), (64, False), (64, False)),
    *((128, True), (128, False), (128, False)),
    *((256, True), (256, False), (256, False), (256, True)),
)


@dataclass(frozen=True)
class SeenBlock:
    """A block whose activations raters see, averaged over the cells of a grid on the chip."""

    index: int
    cells: int  # a side

    @property
    def channels(self) -> int:
        """How many there are in each cell."""
        return _BLOCKS[self.index][0]

    @property
    def size(self) -> int:
        """How many activations it gives."""
        return self.channels * self.cells**2


SEEN_BLOCKS = (SeenBlock(2, 6), SeenBlock(6, 6), SeenBlock(9, 4), SeenBlock(12, 3), SeenBlock(13, 1))
ACTIVATIONS = sum(block.size for block in SEEN_BLOCKS)


class FaceRecognition(nn.Module):
    """dlib's network: face chips [N, 3, 150, 150] in [0, 1] → descriptors [N, 128] and block features."""

    mean: Tensor

    def __init__(self, weights: Path) -> None:
        """Read dlib's ``dlib_face_recognition_resnet_model_v1.dat``.

        Raises ModelCorrupt if it is something else.
        """
        super().__init__()
        shapes = [(3, 32, 7)]  # in, out, kernel
        previous = 32
        for channels, _ in _BLOCKS:
            shapes += [(previous, channels, 3), (channels, channels, 3)]
            previous = channels
        sizes: list[tuple[int, int]] = []
        for c_in, c_out, kernel in shapes:
            sizes += [(c_out * (c_in * kernel**2 + 1), 1), (2 * c_out, 1)]
        tensors = iter(read_tensors(weights, [*sizes, (256, 128)]))
        self.weights = nn.ParameterList()
        self.biases = nn.ParameterList()
        for c_in, c_out, kernel in shapes:
            convolution, affine = next(tensors).ravel(), next(tensors).ravel()
            weight, bias = convolution[:-c_out].reshape(c_out, c_in, kernel, kernel), convolution[-c_out:]
            gamma, beta = affine[:c_out], affine[c_out:]
            self.weights.append(_frozen(weight * gamma[:, None, None, None]))
            self.biases.append(_frozen(bias * gamma + beta))
        self.projection = _frozen(next(tensors))
        self.register_buffer("mean", torch.tensor(_MEAN_RGB)[:, None, None])

    def forward(self, chips: Tensor) -> tuple[Tensor, list[Tensor]]:
        x = (chips * 255.0 - self.mean) / 256.0
        x = F.relu(F.conv2d(x, self.weights[0], self.biases[0], stride=2))
        x = F.max_pool2d(x, 3, 2)
        features = []
        for i, (_, halves) in enumerate(_BLOCKS):
            first, second = 1 + 2 * i, 2 + 2 * i
            stride, padding = (2, 0) if halves else (1, 1)
            y = F.relu(F.conv2d(x, self.weights[first], self.biases[first], stride=stride, padding=padding))
            y = F.conv2d(y, self.weights[second], self.biases[second], padding=1)
            x = F.relu(_add_padded(y, F.avg_pool2d(x, 2, 2) if halves else x))
            features.append(x)
        return x.mean((2, 3)) @ self.projection, features


def _frozen(value: NDArray[np.float32]) -> nn.Parameter:
    return nn.Parameter(torch.from_numpy(np.array(value)), requires_grad=False)


def _add_padded(a: Tensor, b: Tensor) -> Tensor:
    """Sum of two feature maps of different sizes, padded with zeros as by dlib's ``add_prev``."""
    if a.shape == b.shape:
        return a + b
    channels, height, width = (max(a.shape[i], b.shape[i]) for i in (1, 2, 3))

    def padded(x: Tensor) -> Tensor:
        return F.pad(x, (0, width - x.shape[3], 0, height - x.shape[2], 0, channels - x.shape[1]))

    return padded(a) + padded(b)


@dataclass(frozen=True)
class ChipFrame:
    """The place of dlib's face chip in a picture."""

    matrix: NDArray[np.float64]  # [2, 3] similarity, chip pixel → picture pixel

    def grid(self, height: int, width: int) -> Tensor:
        """Grid [1, 150, 150, 2] for ``torch.nn.functional.grid_sample`` on a picture [height, width]."""
        y, x = np.mgrid[0:CHIP, 0:CHIP]
        points = np.stack([x, y, np.ones_like(x)], -1) @ self.matrix.T
        unit = (points + 0.5) / (width, height) * 2.0 - 1.0
        return torch.from_numpy(unit.astype(np.float32))[None]

    def cut(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """Chip [150, 150, 3] of a picture [H, W, 3], filtered if it shrinks."""
        size = float(np.hypot(*self.matrix[:, 0]))  # picture pixels per chip pixel
        blurred = cv2.GaussianBlur(picture, (0, 0), 0.45 * size) if size > 1.2 else picture
        chip = cv2.warpAffine(
            blurred,
            self.matrix,
            (CHIP, CHIP),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(chip, np.float32)


def chip_frame(landmarks: NDArray[np.float64]) -> ChipFrame:
    """The frame of dlib's face chip for landmarks [68, 2] in pixels.

    dlib takes whole pixels only, so the landmarks are scaled up for it.
    """
    points = [dlib.point(round(x), round(y)) for x, y in (landmarks * _SUBPIXELS).tolist()]
    shape = dlib.full_object_detection(dlib.rectangle(0, 0, 1, 1), points)
    details = dlib.get_face_chip_details(shape, CHIP, _CHIP_PADDING)
    rect = details.rect
    step = rect.width() / _SUBPIXELS / (CHIP - 1)
    linear = step * np.array(
        [[np.cos(details.angle), -np.sin(details.angle)], [np.sin(details.angle), np.cos(details.angle)]]
    )
    center = np.array([rect.left() + rect.right(), rect.top() + rect.bottom()]) / (2.0 * _SUBPIXELS)
    offset = center - linear @ np.full(2, (CHIP - 1) / 2.0)
    return ChipFrame(np.hstack([linear, offset[:, None]]))


def image_chip(image: Tensor, landmarks: NDArray[np.float64]) -> Tensor:
    """The chip [3, 150, 150], with a gradient, of the face at ``landmarks`` [68, 2] in an image [3, S, S].

    The image is not filtered where its chip is smaller than it: meant for sides of up to 256 pixels. The
    landmarks have no gradient.
    """
    grid = chip_frame(landmarks).grid(*image.shape[1:]).to(image.device)
    return F.grid_sample(image[None], grid, align_corners=False, padding_mode="border")[0]


@dataclass(frozen=True)
class Sight:
    """What dlib's network sees of a face."""

    descriptor: NDArray[np.float32]  # [128]
    activations: NDArray[
        np.float32
    ]  # [ACTIVATIONS] of its blocks, the mean over the face and its mirror image


class Recognizer:
    """Computes descriptors of faces in pictures."""

    def __init__(self, weights: Path, device: torch.device | str = "cpu") -> None:
        self.network = FaceRecognition(weights).to(device).eval()
        self._device = device

    @threads_restored()
    def describe(self, picture: NDArray[np.float32], landmarks: NDArray[np.float64]) -> NDArray[np.float32]:
        """Descriptor [128] of the face at ``landmarks`` [68, 2] in a picture [H, W, 3] in [0, 1]."""
        # Some 20 ms; beside other programs, several threads that wait for each other take seconds.
        torch.set_num_threads(1)
        chip = torch.from_numpy(chip_frame(landmarks).cut(picture)).permute(2, 0, 1)[None]
        with torch.no_grad():
            descriptor, _ = self.network(chip.to(self._device))
        return np.asarray(descriptor[0].cpu().numpy(), np.float32)

    @threads_restored()
    def see(self, picture: NDArray[np.float32], landmarks: NDArray[np.float64]) -> Sight:
        """What is seen of the face at ``landmarks`` [68, 2] in a picture [H, W, 3] in [0, 1]."""
        torch.set_num_threads(1)
        chip = torch.from_numpy(chip_frame(landmarks).cut(picture)).permute(2, 0, 1)
        with torch.no_grad():
            descriptor, activations = self.see_chip(chip.to(self._device))
        return Sight(
            np.asarray(descriptor.cpu().numpy(), np.float32),
            np.asarray(activations.cpu().numpy(), np.float32),
        )

    def see_chip(self, chip: Tensor) -> tuple[Tensor, Tensor]:
        """As ``see``, of a chip [3, 150, 150] in [0, 1], with a gradient: descriptor and activations."""
        descriptors, blocks = self.network(torch.stack([chip, chip.flip(2)]))
        seen = [F.adaptive_avg_pool2d(blocks[each.index], each.cells).flatten(1) for each in SEEN_BLOCKS]
        return descriptors[0], torch.cat(seen, 1).mean(0)
