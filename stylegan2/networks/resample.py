"""Resampling with the filter [1, 3, 3, 1], the one that every published StyleGAN2 uses.

Each function has a plain twin beside it: zero insertion, padding, filtering, subsampling, as in StyleGAN2's
own ``upfirdn_2d``.
"""

from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

TAPS = (1.0, 3.0, 3.0, 1.0)


def upfirdn_plain(
    x: Tensor, *, up: int = 1, down: int = 1, pad: tuple[int, int] = (0, 0), gain: float = 1.0
) -> Tensor:
    """Resample x [N, C, H, W]: insert zeros (``up``), pad, filter, keep every ``down``-th pixel."""
    n, c, h, w = x.shape
    with_zeros = x.new_zeros(n, c, h, up, w, up)
    with_zeros[:, :, :, 0, :, 0] = x
    padded = F.pad(with_zeros.reshape(n, c, h * up, w * up), (*pad, *pad))
    filtered = F.conv2d(padded, _filter(1, gain, x.dtype, x.device).expand(c, 1, 4, 4), groups=c)
    return filtered[:, :, ::down, ::down]


def blur(x: Tensor, pad: int, gain: float = 1.0, stride: int = 1, bias: Tensor | None = None) -> Tensor:
    """Filter [N, C, H, W] with ``pad`` zeros around, keep every ``stride``-th pixel, add ``bias`` [C]."""
    c = x.shape[1]
    kernel = _filter(c, gain, x.dtype, x.device)
    return F.conv2d(x, kernel, bias, padding=pad, groups=c, stride=stride)


def upsample(x: Tensor) -> Tensor:
    """[N, C, H, W] → [N, C, 2H, 2W], without inserting zeros: each output sees 2 of the 4 taps a side."""
    c = x.shape[1]
    kernel = _filter(c, 4.0, x.dtype, x.device)
    return F.conv_transpose2d(x, kernel, stride=2, padding=1, groups=c)


def upsample_plain(x: Tensor) -> Tensor:
    """Twin of ``upsample``."""
    return upfirdn_plain(x, up=2, pad=(2, 1), gain=4.0)


def downsample(x: Tensor) -> Tensor:
    """[N, C, H, W] → [N, C, H/2, W/2]."""
    return blur(x, 1, stride=2)


def downsample_plain(x: Tensor) -> Tensor:
    """Twin of ``downsample``."""
    return upfirdn_plain(x, down=2, pad=(1, 1))


@cache
def _filter(channels: int, gain: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    """The filter for each channel [C, 1, 4, 4], whose sum is ``gain``."""
    with torch.inference_mode(False):  # cached, also for calls that need gradients
        taps = torch.tensor(TAPS, dtype=torch.float64)
        kernel = taps[:, None] * taps
        kernel = kernel * (gain / float(kernel.sum()))
        return kernel.expand(channels, 1, 4, 4).to(device, dtype).contiguous()
