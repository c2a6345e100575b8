"""MobileStyleGAN: a small distillate of StyleGAN2 FFHQ at 1024 px that runs on a CPU.

Belousov, "MobileStyleGAN: a lightweight convolutional neural network for high-fidelity image synthesis",
arXiv 2104.04767. It works on wavelet bands: each block doubles the side by an inverse Haar transform and uses
depthwise-separable modulated convolutions. It maps z with StyleGAN2's own mapping network, hence shares its W
space.

``Synthesis.coarse`` renders a small image cheaply: blocks past the requested side stay at that side, on the
low-low band alone, with kernels whose effect on the band is that of the fine kernels on the image.
"""

import itertools
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

W_DIM = 512
CHANNELS = (512, 512, 512, 512, 512, 256, 128, 64)  # at 4, 8, … 512 px
RESOLUTION = 1024
NUM_STYLES = 23
SMALLEST = 64  # below this the band-limited blocks no longer resemble the network
SLOPE = 0.2  # of leaky ReLU
_HALF_BLOCKS = 4  # number of blocks, the last ones, that ``Synthesis.halve`` is about
# float16 ends at 65504, and four bands are added up. Samples reach 1,900 after the inverse transform, where
# numbers are largest, so that the bound changes none of them.
_HALF_BOUND = 8_000.0
_MAPPING_GAIN = 2**0.5

InverseHaar = Callable[[Tensor], Tensor]


class Mapping(nn.Module):
    """The mapping network: z [N, 512] → w [N, 512] by normalisation and eight fully connected layers."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(W_DIM, W_DIM) for _ in range(8))

    def forward(self, z: Tensor) -> Tensor:
        x = z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8)
        for layer in self.layers:
            x = F.leaky_relu(layer(x), SLOPE) * _MAPPING_GAIN
        return x


def inverse_haar(x: Tensor) -> Tensor:
    """The inverse Haar transform: wavelet bands [N, 4C, H, W] → [N, C, 2H, 2W].

    The first C channels are the low-low band; the others hold the three detail bands of each channel in turn.
    """
    n, channels, height, width = x.shape
    c = channels // 4
    low = x[:, :c]
    detail = x[:, c:].reshape(n, c, 3, height, width)
    vertical, horizontal, diagonal = detail.unbind(2)
    a, b = low + horizontal, low - horizontal
    d, e = vertical + diagonal, vertical - diagonal
    pixels = torch.stack([a + d, b + e, a - d, b - e], 2) * 0.5
    return F.pixel_shuffle(pixels.reshape(n, channels, height, width), 2)


def inverse_haar_by_convolution(x: Tensor) -> Tensor:
    """``inverse_haar`` as one transposed convolution: in ONNX Runtime, not in torch, four times as fast."""
    n, channels, height, width = x.shape
    c = channels // 4
    detail = x[:, c:].reshape(n, c, 3, height, width)
    bands = torch.cat([x[:, :c].unsqueeze(2), detail], 2).reshape(n, channels, height, width)
    kernels = inverse_haar(torch.eye(4)[..., None, None])  # what each band of one channel becomes
    return F.conv_transpose2d(bands, kernels.repeat(c, 1, 1, 1), stride=2, groups=c)


def scale(x: Tensor, style: Tensor) -> Tensor:
    """Modulate: x [N, C, H, W] by style [N, C], in the type of x."""
    return bounded(x * style.to(x.dtype)[:, :, None, None])


def bounded(x: Tensor) -> Tensor:
    """The features, kept from becoming infinite in float16, then not a number; as they are in other types."""
    return x.clamp(-_HALF_BOUND, _HALF_BOUND) if x.dtype == torch.float16 else x


class ModulatedConv(nn.Module):
    """Modulated depthwise 3×3, then pointwise convolution, bias, fixed noise and leaky ReLU.

    Demodulation is folded into the weights.
    """

    noise: Tensor

    def __init__(self, c_in: int, c_out: int, resolution: int) -> None:
        super().__init__()
        self.affine = nn.Linear(W_DIM, c_in)
        self.depthwise = nn.Parameter(torch.empty(c_in, 1, 3, 3))
        self.pointwise = nn.Parameter(torch.empty(c_out, c_in, 1, 1))
        self.bias = nn.Parameter(torch.empty(c_out))
        self.register_buffer("noise", torch.empty(1, 1, resolution, resolution))
        self._coarse: dict[int, tuple[Tensor, Tensor]] = {}

    def forward(self, x: Tensor, w: Tensor, halvings: int = 0) -> Tensor:
        kernel, noise = self.coarsened(halvings)
        x = F.conv2d(scale(x, self.affine(w)), kernel, padding=1, groups=x.shape[1])
        return bounded(F.leaky_relu(F.conv2d(x, self.pointwise, self.bias) + noise, SLOPE))

    def halve(self, half: torch.dtype) -> None:
        """Convolve in another type; styles are still computed in float32.

        The depthwise kernels of some channels multiply by hundreds. That is moved into the pointwise ones,
        whose sums are taken in float32, so that nothing overflows between the two.
        """
        gain = self.depthwise.data.abs().sum((1, 2, 3), keepdim=True).clamp_min(1e-12)
        self.depthwise.data = self.depthwise.data / gain
        self.pointwise.data = self.pointwise.data * gain.reshape(1, -1, 1, 1)
        for parameter in (self.depthwise, self.pointwise, self.bias):
            parameter.data = parameter.data.to(half)
        self.noise = self.noise.to(half)

    def coarsened(self, halvings: int) -> tuple[Tensor, Tensor]:
        """The depthwise kernel and the noise for a feature map whose side was halved ``halvings`` times."""
        if halvings == 0:
            return self.depthwise, self.noise
        if halvings not in self._coarse:
            kernel, noise = self.depthwise.detach(), F.avg_pool2d(self.noise, 2**halvings)
            # A shift by one fine pixel is half a coarse one: the mean of no shift and of a whole one.
            mix = kernel.new_tensor([[0.5, 0.0, 0.0], [0.5, 1.0, 0.5], [0.0, 0.0, 0.5]])
            for _ in range(halvings):
                kernel = torch.einsum("ai,nmij,bj->nmab", mix, kernel, mix)
            self._coarse[halvings] = kernel.contiguous(), noise
        return self._coarse[halvings]


class Block(nn.Module):
    """Doubles the side: inverse Haar of modulated features, then two modulated convolutions; three styles."""

    def __init__(self, c_in: int, c_out: int, resolution: int, inverse: InverseHaar) -> None:
        super().__init__()
        self._inverse_haar = inverse
        self.up_affine = nn.Linear(W_DIM, c_in)
        self.conv1 = ModulatedConv(c_in // 4, c_out, resolution)
        self.conv2 = ModulatedConv(c_out, c_out, resolution)

    @property
    def dtype(self) -> torch.dtype:
        """The type in which it computes."""
        return self.conv1.pointwise.dtype

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """x [N, C, H, W], w [N, 3, 512] → [N, C', 2H, 2W]."""
        x = self._inverse_haar(scale(x, self.up_affine(w[:, 0])))
        return self._convolve(x, w, 0)

    def coarse(self, x: Tensor, w: Tensor, halvings: int) -> Tensor:
        """As ``forward``, but at the side of ``x``, with the low-low band alone.

        halvings: octaves between that and this block's own side
        """
        bands = x.shape[1] // 4
        x = scale(x[:, :bands], self.up_affine(w[:, 0])[:, :bands]) * 0.5
        return self._convolve(x, w, halvings)

    def _convolve(self, x: Tensor, w: Tensor, halvings: int) -> Tensor:
        x = self.conv1(x, w[:, 1], halvings)
        y: Tensor = self.conv2(x, w[:, 2], halvings)
        return y


class Synthesis(nn.Module):
    """The synthesis network: w_plus [N, 23, 512] → image [N, 3, 1024, 1024] in about [-1, 1]."""

    first_noise: Tensor

    def __init__(self, inverse: InverseHaar = inverse_haar, channels: Sequence[int] = CHANNELS) -> None:
        """inverse: turns wavelet bands into a feature map of twice the side; channels: at 4, 8, … 512 px."""
        super().__init__()
        self._inverse_haar = inverse
        self.channels = tuple(channels)
        self.const = nn.Parameter(torch.empty(1, channels[0], 4, 4))
        self.first_affine = nn.Linear(W_DIM, channels[0])
        self.first_weight = nn.Parameter(torch.empty(channels[0], channels[0], 3, 3))
        self.first_bias = nn.Parameter(torch.empty(channels[0]))
        self.register_buffer("first_noise", torch.empty(1, 1, 4, 4))
        self.blocks = nn.ModuleList(
            Block(c_in, c_out, 8 << i, inverse)
            for i, (c_in, c_out) in enumerate(itertools.pairwise(channels))
        )
        self.image_affine = nn.Linear(W_DIM, channels[-1])
        self.image_weight = nn.Parameter(torch.empty(12, channels[-1], 1, 1))
        self.image_bias = nn.Parameter(torch.empty(12))

    def forward(self, w_plus: Tensor) -> Tensor:
        x = scale(self._features(w_plus, len(self.blocks)), self.image_affine(w_plus[:, -1]))
        bands = F.conv2d(x, self.image_weight.to(x.dtype), self.image_bias.to(x.dtype))
        return self._inverse_haar(bounded(bands).to(w_plus.dtype))

    def halve(self, half: torch.dtype) -> None:
        """Let the blocks of the four highest resolutions compute in float16 or bfloat16.

        ``coarse`` then no longer works.
        """
        for block in list(self.blocks)[-_HALF_BLOCKS:]:
            assert isinstance(block, Block)
            block.conv1.halve(half)
            block.conv2.halve(half)

    def coarse(self, w_plus: Tensor, resolution: int) -> Tensor:
        """An image of 64 to 512 px: ``forward``, box-filtered.

        Exact at 512; about 36, 31 and 29 dB at 256, 128 and 64.
        """
        exact = resolution.bit_length() - 3  # number of blocks up to ``resolution``
        x = self._features(w_plus, exact)
        for i in range(exact, len(self.blocks)):
            x = self.blocks[i].coarse(x, w_plus[:, 1 + 3 * i : 4 + 3 * i], i - exact + 1)  # type: ignore[operator]
        x = scale(x, self.image_affine(w_plus[:, -1]))
        return F.conv2d(x, self.image_weight[:3], self.image_bias[:3]) * 0.5

    def _features(self, w_plus: Tensor, blocks: int) -> Tensor:
        n = w_plus.shape[0]
        x = scale(self.const.expand(n, -1, -1, -1), self.first_affine(w_plus[:, 0]))
        x = F.conv2d(x, self.first_weight, self.first_bias, padding=1) + self.first_noise
        x = F.leaky_relu(x, SLOPE)
        for i in range(blocks):
            block = self.blocks[i]
            assert isinstance(block, Block)
            if x.dtype != block.dtype:
                x = x.clamp(-_HALF_BOUND, _HALF_BOUND).to(block.dtype)
            x = block(x, w_plus[:, 1 + 3 * i : 4 + 3 * i])
        return x
