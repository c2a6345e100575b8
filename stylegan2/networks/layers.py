"""Layers with an equalised learning rate, and the activation that all of them share."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SLOPE = 0.2
GAIN = math.sqrt(2.0)  # keeps the variance through the leaky ReLU


def activate(x: Tensor, clamp: float | None = None, gain: float = 1.0) -> Tensor:
    """Leaky ReLU times √2 times ``gain``, then bounded: at ``clamp`` times ``gain``."""
    x = F.leaky_relu(x, SLOPE) * (GAIN * gain)
    return x if clamp is None else x.clamp(-clamp * gain, clamp * gain)


def normalize(x: Tensor) -> Tensor:
    """[N, C] → the same with a mean square of 1 in each row ("pixel norm")."""
    return x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()


class EqualLinear(nn.Module):
    """Fully connected layer: weight [O, I] times ``rate / √I``, and bias [O], if any, times ``rate``."""

    def __init__(self, c_in: int, c_out: int, rate: float = 1.0, *, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(c_out, c_in))
        self.bias = nn.Parameter(torch.empty(c_out)) if bias else None
        self.weight_gain, self.bias_gain = rate / math.sqrt(c_in), rate

    def forward(self, x: Tensor) -> Tensor:
        if self.bias is None:
            return F.linear(x, self.weight * self.weight_gain)
        bias = self.bias * self.bias_gain
        return torch.addmm(bias, x, self.weight.T, alpha=self.weight_gain)


class EqualConv(nn.Module):
    """Convolution: weight [O, I, K, K] times ``1 / √(K K I)``, and bias [O], if any."""

    def __init__(self, c_in: int, c_out: int, kernel: int, *, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(c_out, c_in, kernel, kernel))
        self.bias = nn.Parameter(torch.empty(c_out)) if bias else None
        self.weight_gain = 1.0 / math.sqrt(kernel * kernel * c_in)

    def forward(self, x: Tensor, *, stride: int = 1, padding: int = 0) -> Tensor:
        """x [N, I, H, W] → [N, O, H', W'], without activation."""
        return F.conv2d(x, self.weight * self.weight_gain, self.bias, stride, padding)
