"""Modulated convolution: the weights of a layer, scaled for each sample by its style, and demodulated.

The plain twin builds each sample's own weights, as in the paper. The fast path does so for a single sample at
most, and scales input and output of the convolution otherwise. For one sample without gradient, scaling the
weights is cheaper, since large feature maps are not scaled; with gradient it is not, since autograd would
correlate whole feature maps for the gradient of the weights.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from stylegan2.networks.resample import blur, upfirdn_plain

_EPSILON = 1e-8


def modulated_conv_plain(
    x: Tensor, weight: Tensor, styles: Tensor, *, up: bool = False, demodulate: bool = True
) -> Tensor:
    """x [N, I, H, W], weight [O, I, K, K], styles [N, I] → [N, O, H, W], or twice that side with ``up``."""
    n, c_in, h, w = x.shape
    weights = weight * styles.to(x.dtype)[:, None, :, None, None]  # [N, O, I, K, K]
    if demodulate:
        weights = weights * (weights.square().sum((2, 3, 4), keepdim=True) + _EPSILON).rsqrt()
    if not up:
        y = F.conv2d(x.reshape(1, n * c_in, h, w), weights.flatten(0, 1), padding="same", groups=n)
        return y.reshape(n, -1, h, w)
    transposed = weights.transpose(1, 2).flatten(0, 1)
    y = F.conv_transpose2d(x.reshape(1, n * c_in, h, w), transposed, stride=2, groups=n)
    return upfirdn_plain(y.reshape(n, -1, 2 * h + 1, 2 * w + 1), pad=(1, 1), gain=4.0)


def modulated_conv(
    x: Tensor,
    weight: Tensor,
    styles: Tensor,
    *,
    up: bool = False,
    demodulate: bool = True,
    energy: Tensor | None = None,
    gain: float = 1.0,
    bias: Tensor | None = None,
) -> Tensor:
    """As ``modulated_conv_plain``, times ``gain``, plus ``bias`` [O].

    energy: [O, I] squares of the weights summed over the kernel, computed here if None
    """
    factors = None
    if demodulate:
        energy = weight.square().sum((2, 3)) if energy is None else energy
        factors = ((styles.square() @ energy.T + _EPSILON).rsqrt() * gain).to(x.dtype)  # [N, O]
    elif gain != 1.0:
        styles = styles * gain
    styles = styles.to(x.dtype)  # only now: in float16, neither squares nor epsilon would do
    if len(x) == 1 and not (torch.is_grad_enabled() and (x.requires_grad or styles.requires_grad)):
        modulated = weight * styles[0, :, None, None]
        if factors is not None:
            modulated = modulated * factors[0, :, None, None, None]
        return _convolve(x, modulated, up, bias)
    x = x * styles[:, :, None, None]
    if factors is None:
        return _convolve(x, weight, up, bias)
    x = _convolve(x, weight, up, None) * factors[:, :, None, None]
    # In place, with gradient or without: differentiating the product does not need its value.
    return x if bias is None else x.add_(bias[:, None, None])


def _convolve(x: Tensor, weight: Tensor, up: bool, bias: Tensor | None) -> Tensor:
    if not up:
        return F.conv2d(x, weight, bias, padding=weight.shape[-1] // 2)
    return blur(F.conv_transpose2d(x, weight.transpose(0, 1), stride=2), 1, gain=4.0, bias=bias)
