"""The synthesis network: w_plus → image.

Architectures (paper, section 4.1): "skip" adds up RGB images of all resolutions, "resnet" adds features past
each block, "orig" does neither.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from retouchml.errors import UsageError
from stylegan2.generator import Noise
from stylegan2.networks.layers import GAIN, SLOPE, EqualLinear, activate
from stylegan2.networks.modulated import modulated_conv, modulated_conv_plain
from stylegan2.networks.resample import upsample, upsample_plain
from stylegan2.networks.spec import SynthesisSpec
from stylegan2.networks.stamps import Stamp, stamp

NOISES: tuple[Noise, ...] = ("const", "random", "none")
# float16 ends at 65504; a bound below it keeps an overflow from becoming infinite, then not a number.
_HALF_BOUND = 30_000.0


class StyledConv(nn.Module):
    """Modulated 3×3 convolution, noise, bias, leaky ReLU; ``up`` doubles the side."""

    noise: Tensor

    def __init__(
        self, c_in: int, c_out: int, w_dim: int, resolution: int, *, up: bool, clamp: float | None
    ) -> None:
        super().__init__()
        self.affine = EqualLinear(w_dim, c_in)
        self.weight = nn.Parameter(torch.empty(c_out, c_in, 3, 3))
        self.noise_strength = nn.Parameter(torch.empty(()))
        self.bias = nn.Parameter(torch.empty(c_out))
        self.register_buffer("noise", torch.empty(resolution, resolution))
        self.up, self.clamp = up, clamp
        self.weight_gain = 1.0 / math.sqrt(9 * c_in)
        self._prepared: tuple[Tensor, Tensor, Tensor, Tensor] | None = None
        self._prepared_from: tuple[torch.dtype, float, Stamp] | None = None

    def forward(self, x: Tensor, w: Tensor, noise: Noise, gain: float = 1.0) -> Tensor:
        styles = self.affine(w)
        if self.weight.requires_grad:
            return self._learning(x, styles, noise, gain)
        return self._fused(x, styles, noise, gain)

    def plain(self, x: Tensor, w: Tensor, noise: Noise, gain: float = 1.0) -> Tensor:
        """Twin of ``forward``, step by step as in the paper."""
        weight = (self.weight * self.weight_gain).to(x.dtype)
        x = modulated_conv_plain(x, weight, self.affine(w), up=self.up)
        if noise != "none":
            x = x + self._sample(x, noise) * self.noise_strength.to(x.dtype)
        return activate(x + self.bias.to(x.dtype)[:, None, None], self.clamp, gain)

    def _learning(self, x: Tensor, styles: Tensor, noise: Noise, gain: float) -> Tensor:
        """For weights that are trained: nothing is prepared beforehand."""
        x = modulated_conv(x, self.weight * self.weight_gain, styles, up=self.up)
        if noise != "none":
            x = x + self._sample(x, noise) * self.noise_strength
        return activate(x + self.bias[:, None, None], self.clamp, gain)

    def _fused(self, x: Tensor, styles: Tensor, noise: Noise, gain: float) -> Tensor:
        """The activation's gain is moved before the leaky ReLU, into demodulation, noise and bias."""
        gain *= GAIN
        weight, energy, fixed_noise, bias = self._prepare(x, gain)
        if self.bias.requires_grad:
            bias = (self.bias * gain).to(x.dtype)
        if x.dtype == torch.float16:
            # Demodulation undoes any scale of the styles; with styles of at most 1, products stay in range.
            styles = styles / styles.abs().amax(1, keepdim=True).clamp_min(1e-6)
        x = modulated_conv(
            x,
            weight,
            styles,
            up=self.up,
            energy=energy,
            gain=gain,
            bias=bias,
        )
        if noise == "const":
            x = x.add_(fixed_noise, alpha=gain)
        elif noise == "random":
            x = torch.addcmul(x, self._sample(x, noise), (self.noise_strength * gain).to(x.dtype))
        x = F.leaky_relu(x, SLOPE, inplace=True)
        bound = None if self.clamp is None else self.clamp * gain / GAIN
        if x.dtype == torch.float16:
            bound = _HALF_BOUND if bound is None else bound
        return x if bound is None else x.clamp(-bound, bound)

    def _prepare(self, x: Tensor, gain: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Weights, their energy, fixed noise, and ``gain`` times the bias, for ``x``.

        All but the energy are in the type of ``x``. They are cached until the weights change.
        """
        source = x.dtype, gain, stamp((self.weight, self.noise, self.noise_strength, self.bias))
        if self._prepared is None or self._prepared_from != source:
            with torch.inference_mode(False), torch.no_grad():
                weight = self.weight * self.weight_gain
                if x.dtype == torch.float16:
                    # As with the styles, for each output: sums stay in range, however large a file's weights.
                    largest = weight.abs().amax((1, 2, 3), keepdim=True)
                    weight = weight * (self.weight_gain / largest.clamp_min(1e-30))
                energy = weight.square().sum((2, 3))
                noise, bias = self.noise * self.noise_strength, self.bias * gain
                if x.dtype == torch.float16:
                    bias = bias.clamp(-_HALF_BOUND, _HALF_BOUND)
                self._prepared = (
                    self._laid_out(weight.to(x.dtype)),
                    energy,
                    noise.to(x.dtype),
                    bias.to(x.dtype),
                )
            self._prepared_from = source
        return self._prepared

    def _laid_out(self, weight: Tensor) -> Tensor:
        """The weight in the memory order of the convolution; a transposed one has the inputs first."""
        if not self.up:
            return weight.contiguous(memory_format=torch.channels_last)
        return weight.transpose(0, 1).contiguous(memory_format=torch.channels_last).transpose(0, 1)

    def _sample(self, x: Tensor, noise: Noise) -> Tensor:
        if noise == "const":
            return self.noise.to(x.dtype)
        return torch.randn(len(x), 1, *x.shape[2:], dtype=x.dtype, device=x.device)


class ToImage(nn.Module):
    """Modulated 1×1 convolution to RGB, without demodulation."""

    def __init__(self, c_in: int, w_dim: int, clamp: float | None) -> None:
        super().__init__()
        self.affine = EqualLinear(w_dim, c_in)
        self.weight = nn.Parameter(torch.empty(3, c_in, 1, 1))
        self.bias = nn.Parameter(torch.empty(3))
        self.clamp = clamp
        self.weight_gain = 1.0 / math.sqrt(c_in)

    def forward(self, x: Tensor, w: Tensor, *, plain: bool = False) -> Tensor:
        convolve = modulated_conv_plain if plain else modulated_conv
        styles = self.affine(w) * self.weight_gain
        size: Tensor | None = None
        if x.dtype == torch.float16:  # no demodulation undoes a scale here, so it comes back in float32
            size = styles.abs().amax(1, keepdim=True).clamp_min(1e-6)
            styles = styles / size
        image = convolve(x, self.weight.to(x.dtype), styles, demodulate=False)
        if size is not None:
            image = image.clamp(-_HALF_BOUND, _HALF_BOUND).to(size.dtype) * size[:, :, None, None]
        image = image + self.bias.to(image.dtype)[:, None, None]
        return image if self.clamp is None else image.clamp(-self.clamp, self.clamp)


class SynthesisBlock(nn.Module):
    """The layers of one resolution. The first block has no ``conv0``; its input is a constant."""

    def __init__(self, spec: SynthesisSpec, index: int) -> None:
        super().__init__()
        side, c_out, w_dim = 4 << index, spec.channels[index], spec.w_dim
        last = index == len(spec.channels) - 1
        self.residual = spec.architecture == "resnet" and index > 0
        c_in = spec.channels[max(index - 1, 0)]
        self.conv0 = StyledConv(c_in, c_out, w_dim, side, up=True, clamp=spec.clamp) if index else None
        if self.residual:
            self.skip = nn.Parameter(torch.empty(c_out, c_in, 1, 1))
            self.skip_gain = 1.0 / math.sqrt(c_in)
        self.conv1 = StyledConv(c_out, c_out, w_dim, side, up=False, clamp=spec.clamp)
        has_image = last or spec.architecture == "skip"
        self.to_image = ToImage(c_out, w_dim, spec.clamp) if has_image else None

    def features(self, x: Tensor, w: Tensor, noise: Noise, plain: bool) -> Tensor:
        """x [N, C, H, W] of the block before, w [N, 2, W] or, of the first block, [N, 1, W]."""
        skip: Tensor | None = None
        gain = math.sqrt(0.5) if self.residual else 1.0
        if self.residual:
            weight = (self.skip * (self.skip_gain * gain)).to(x.dtype)
            # Filter and 1×1 convolution commute; the convolution comes first, at the smaller side.
            skip = upsample_plain(F.conv2d(x, weight)) if plain else upsample(F.conv2d(x, weight))
        if self.conv0 is not None:
            x = (self.conv0.plain if plain else self.conv0)(x, w[:, 0], noise)
        x = (self.conv1.plain if plain else self.conv1)(x, w[:, -1], noise, gain)
        return x if skip is None else skip + x


class Synthesis(nn.Module):
    """w_plus [N, L, W] → image [N, 3, S, S], about [-1, 1], unclipped."""

    def __init__(self, spec: SynthesisSpec, half_octaves: int = 0, half: torch.dtype = torch.float16) -> None:
        """half_octaves: number of resolutions, from the highest down, that compute in the type ``half``."""
        super().__init__()
        self.spec = spec
        self.const = nn.Parameter(torch.empty(spec.channels[0], 4, 4))
        self.blocks = nn.ModuleList(SynthesisBlock(spec, i) for i in range(len(spec.channels)))
        self._half_from = len(spec.channels) - half_octaves  # index of the first of these blocks
        self._half = half

    def forward(self, w_plus: Tensor, noise: Noise = "const", *, plain: bool = False) -> Tensor:
        """plain: whether to compute by the reference twins."""
        spec = self.spec
        if w_plus.ndim != 3 or w_plus.shape[1:] != (spec.num_layers, spec.w_dim):
            raise UsageError(f"w_plus of shape {tuple(w_plus.shape)} does not fit this generator.")
        if noise not in NOISES:
            raise UsageError(f"Noise is {noise!r}, but must be const, random or none.")
        x = self.const.expand(len(w_plus), -1, -1, -1)
        if not plain:
            x = x.contiguous(memory_format=torch.channels_last)
        image: Tensor | None = None
        for index, block in enumerate(self.blocks):
            assert isinstance(block, SynthesisBlock)
            if index >= self._half_from and x.dtype != self._half:
                x = x.clamp(-_HALF_BOUND, _HALF_BOUND).to(self._half)
            x = block.features(x, w_plus[:, max(2 * index - 1, 0) : 2 * index + 1], noise, plain)
            if image is not None:
                image = upsample_plain(image) if plain else upsample(image)
            if block.to_image is not None:
                part = block.to_image(x, w_plus[:, 2 * index + 1], plain=plain).to(w_plus.dtype)
                image = part if image is None else image + part
        assert image is not None
        return image
