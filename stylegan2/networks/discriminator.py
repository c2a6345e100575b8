"""The discriminator, against which the generator was trained: how real an image looks."""

import math

import torch
from torch import Tensor, nn

from retouchml.errors import UsageError
from stylegan2.networks.layers import EqualConv, EqualLinear, activate
from stylegan2.networks.mapping import Mapping
from stylegan2.networks.resample import blur, downsample, downsample_plain, upfirdn_plain
from stylegan2.networks.spec import DiscriminatorSpec


class DiscriminatorBlock(nn.Module):
    """Two convolutions at one resolution; the second halves the side."""

    def __init__(self, spec: DiscriminatorSpec, index: int) -> None:
        super().__init__()
        c_in, c_out = spec.channels[index], spec.channels[index - 1]
        self.conv0 = EqualConv(c_in, c_in, 3)
        self.conv1 = EqualConv(c_in, c_out, 3)
        self.skip = EqualConv(c_in, c_out, 1, bias=False) if spec.architecture == "resnet" else None
        self.clamp = spec.clamp

    def forward(self, x: Tensor, *, plain: bool = False) -> Tensor:
        return self._plain(x) if plain else self._fast(x)

    def _fast(self, x: Tensor) -> Tensor:
        y = activate(self.conv0(x, padding=1), self.clamp)
        gain = 1.0 if self.skip is None else math.sqrt(0.5)
        y = activate(self.conv1(blur(y, 2), stride=2), self.clamp, gain)
        return y if self.skip is None else self.skip(downsample(x)) * gain + y

    def _plain(self, x: Tensor) -> Tensor:
        """In the paper's order: filter, convolve, subsample, add."""
        y = activate(self.conv0(x, padding=1), self.clamp)
        y = activate(self.conv1(upfirdn_plain(y, pad=(2, 2)))[:, :, ::2, ::2], self.clamp)
        return y if self.skip is None else (downsample_plain(self.skip(x)) + y) / math.sqrt(2.0)


class Discriminator(nn.Module):
    """images [N, 3, S, S] in about [-1, 1], labels [N, classes] → scores [N, 1], higher for more real.

    A score depends on N: the images of each group of up to ``spec.group`` are compared with one another.
    """

    def __init__(self, spec: DiscriminatorSpec) -> None:
        super().__init__()
        self.spec = spec
        last = len(spec.channels) - 1
        inputs = range(len(spec.channels)) if spec.architecture == "skip" else (last,)
        self.from_image = nn.ModuleDict({str(4 << i): EqualConv(3, spec.channels[i], 1) for i in inputs})
        self.blocks = nn.ModuleDict({str(4 << i): DiscriminatorBlock(spec, i) for i in range(last, 0, -1)})
        lowest = spec.channels[0]
        self.conv = EqualConv(lowest + spec.deviations, lowest, 3)
        self.dense = EqualLinear(16 * lowest, spec.dense)
        self.output = EqualLinear(spec.dense, spec.outputs)
        self.mapping = None if spec.mapping is None else Mapping(spec.mapping)

    def forward(self, images: Tensor, labels: Tensor | None = None, *, plain: bool = False) -> Tensor:
        """plain: whether to compute by the reference twins."""
        spec = self.spec
        if images.ndim != 4 or images.shape[1:] != (3, spec.resolution, spec.resolution):
            raise UsageError(f"Images of shape {tuple(images.shape)} do not fit this discriminator.")
        x: Tensor | None = None
        for index in range(len(spec.channels) - 1, -1, -1):
            side = str(4 << index)
            if side in self.from_image:
                clamp = spec.clamp if index or spec.clamp_smallest else None
                features = activate(self.from_image[side](images), clamp)
                x = features if x is None else x + features
            if side in self.blocks:
                x = self.blocks[side](x, plain=plain)
            if spec.architecture == "skip" and index:
                images = downsample_plain(images) if plain else downsample(images)
        assert x is not None
        if spec.deviations:
            x = torch.cat([x, minibatch_deviation(x, spec.group, spec.deviations)], 1)
        x = activate(self.conv(x, padding=1), spec.clamp)
        scores: Tensor = self.output(activate(self.dense(x.flatten(1))))
        return self._weighted(scores, labels)

    def _weighted(self, scores: Tensor, labels: Tensor | None) -> Tensor:
        spec = self.spec
        if not spec.labels:
            return scores
        labels = scores.new_zeros(len(scores), spec.labels) if labels is None else labels.to(scores)
        if self.mapping is None:
            return (scores * labels).sum(1, keepdim=True)
        weights: Tensor = self.mapping(scores.new_zeros(len(scores), 0), labels)
        weighted: Tensor = (scores * weights).sum(1, keepdim=True)
        return weighted / math.sqrt(spec.outputs)


def minibatch_deviation(x: Tensor, group: int | None, count: int) -> Tensor:
    """[N, C, H, W] → [N, ``count``, H, W]: how much the images of a group differ, the same everywhere.

    Raises UsageError if N is no multiple of the group's size.
    """
    n, c, h, w = x.shape
    size = n if group is None else min(group, n)
    if n % size:
        raise UsageError(f"This discriminator judges {size} images at a time, or multiples of that; not {n}.")
    y = x.reshape(size, n // size, count, c // count, h, w)
    deviation = ((y - y.mean(0)).square().mean(0) + 1e-8).sqrt().mean((2, 3, 4))  # [N / size, count]
    return deviation.repeat(size, 1)[:, :, None, None].expand(n, count, h, w)
