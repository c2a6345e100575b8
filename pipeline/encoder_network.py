"""A network that brings the encoder's guess of a code nearer to the photograph.

As in ReStyle (arXiv 2104.02699) it sees the photograph beside the generator's image of the present code, and
gives a change of the code; a second pass sees the image that the first one led to. Both pictures have 64
pixels, so it changes the layers up to there one octave at a time, and all others by the mean.
"""

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from stylegan2.generator import Generator, StyleLayer

SIDE = 64  # pixels of both pictures
PASSES = 2
OCTAVES_SEEN = 5  # 4 to 64 px
_CHANNELS = (32, 64, 128, 192, 192)  # at 64, 32, 16, 8 and 4 px
_FEATURES = 4 * 4 * 32  # that the changes are read from


class EncoderNetwork(nn.Module):
    """Pictures [N, 3, 64, 64] in [-1, 1] → changes [N, 5, K] of the last K components of a whitened code."""

    def __init__(self, components: int) -> None:
        """components: K; before any training, nothing is changed"""
        super().__init__()
        self.stem = nn.Conv2d(6, _CHANNELS[0], 3, padding=1)
        pairs = pairwise(_CHANNELS)
        self.blocks = nn.ModuleList([_ResidualBlock(_CHANNELS[0], _CHANNELS[0], stride=1)])
        self.blocks.extend(_ResidualBlock(before, after, stride=2) for before, after in pairs)
        self.bottleneck = nn.Conv2d(_CHANNELS[-1], _FEATURES // 16, 1)
        self.head = nn.Linear(_FEATURES, OCTAVES_SEEN * components)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, photos: Tensor, images: Tensor) -> Tensor:
        x = self.stem(torch.cat([photos, photos - images], 1))
        for block in self.blocks:
            x = block(x)
        changes: Tensor = self.head(F.leaky_relu(self.bottleneck(x), 0.2).flatten(1))
        return changes.reshape(len(changes), OCTAVES_SEEN, -1)


class _ResidualBlock(nn.Module):
    """Two convolutions and a shortcut (arXiv 1512.03385)."""

    def __init__(self, before: int, after: int, *, stride: int) -> None:
        super().__init__()
        groups = after // 16
        self.conv1 = nn.Conv2d(before, after, 3, stride, padding=1)
        self.norm = nn.GroupNorm(groups, after)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1)
        self.shortcut = nn.Conv2d(before, after, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = F.leaky_relu(self.norm(self.conv1(F.leaky_relu(x, 0.2))), 0.2)
        both: Tensor = self.conv2(y) + self.shortcut(x)
        return 0.7 * both


def as_input(crop: NDArray[np.float32]) -> Tensor:
    """A crop [S, S, 3] in [0, 1] as a picture [1, 3, 64, 64] in [-1, 1]."""
    interpolation = cv2.INTER_AREA if crop.shape[0] > SIDE else cv2.INTER_CUBIC
    small = np.clip(cv2.resize(crop, (SIDE, SIDE), interpolation=interpolation), 0.0, 1.0)
    return torch.from_numpy(small.astype(np.float32) * 2.0 - 1.0).permute(2, 0, 1)[None]


def without_offsets(shared: Tensor, num_layers: int) -> Tensor:
    """What all layers share, [N, W], as codes [N, 1 + L, W]: the offset of each layer is zero."""
    offsets = shared.new_zeros(len(shared), num_layers, shared.shape[1])
    return torch.cat([shared[:, None], offsets], 1)


def add_changes(codes: Tensor, changes: Tensor, layers: Sequence[StyleLayer]) -> Tensor:
    """Whitened codes [N, 1 + L, W] with changes [N, 5, K] of their last K components."""
    whole = F.pad(changes, (codes.shape[2] - changes.shape[2], 0))
    shared = whole.mean(1)
    own = [_octave(layer) for layer in layers]
    offsets = [torch.zeros_like(shared) if o >= OCTAVES_SEEN else whole[:, o] - shared for o in own]
    return codes + torch.stack([shared, *offsets], 1)


def w_plus_of(codes: Tensor, generator: Generator) -> Tensor:
    """Codes [N, 1 + L, W] of the whitened space → w_plus [N, L, W]."""
    return generator.latents.unwhiten(codes[:, :1] + codes[:, 1:])


@torch.no_grad()
def refined(
    network: EncoderNetwork, guess: Tensor, crop: NDArray[np.float32], generator: Generator
) -> Tensor:
    """A guess [W] of a face's whitened code brought nearer to its crop [S, S, 3]: [1 + L, W]."""
    photo = as_input(crop).to(generator.device)
    codes = without_offsets(guess[None].to(generator.latents.mean), generator.num_layers)
    for _ in range(PASSES):
        image = generator.synthesize(w_plus_of(codes, generator), SIDE)
        codes = add_changes(codes, network(photo, image), generator.layers)
    return codes[0]


def _octave(layer: StyleLayer) -> int:
    return layer.resolution.bit_length() - 3
