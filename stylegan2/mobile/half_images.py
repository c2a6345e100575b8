"""Small images of MobileStyleGAN and their gradient in bfloat16, for processors that multiply in it.

These (Intel's since Sapphire Rapids, AMD's since Zen 4) do four times as many products a second as in
float32, and every feature map moves half as many bytes. ``Synthesis.coarse`` is the plain reference: an image
differs from its by some 50 dB, less than an eight-bit picture does. Styles, the image itself and the
gradients of codes are float32.

The gradient is written by hand, since torch's own spends most of its time on feature maps that lie in
different orders. Here a map is a matrix [H W, C], one row a pixel: a pointwise convolution is a product of
matrices, a depthwise one takes the same memory as channels-last. As in ``gradient_graph``, a style scales the
small kernel of its depthwise convolution, and its own gradient is the sum of map times gradient, divided by
the style.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylegan2.mobile.network import NUM_STYLES, SLOPE, W_DIM, Block, ModulatedConv, Synthesis

HALF = torch.bfloat16
_PIXELS = 16384  # that are converted to float32 at once
_LEAST_STYLE = 1e-12  # a style is divided by; zero and smaller ones become this


def multiplies_half() -> bool:
    """Whether this processor has instructions for products in bfloat16, and torch uses them."""
    asked = (getattr(torch.cpu, f"_is_{name}_supported", None) for name in ("avx512_bf16", "amx_tile"))
    has_onednn: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return has_onednn and any(bool(ask()) for ask in asked if ask is not None)


class HalfImages:
    """w_plus [N, 23, 512] → images [N, 3, R, R] of ``network.coarse``, on the CPU.

    The gradient has no gradient itself. Several threads may call it.
    """

    def __init__(self, network: Synthesis) -> None:
        """network: its weights stay as they are."""
        self._network = network
        self._size: SizedHalf | None = None  # of the last call
        self._lock = threading.Lock()

    def __call__(self, w_plus: Tensor, resolution: int) -> Tensor:
        with self._lock:
            if self._size is None or self._size.resolution != resolution:
                self._size = None  # releases its memory first
                self._size = SizedHalf(self._network, resolution)
            size = self._size
        if torch.is_grad_enabled() and w_plus.requires_grad:
            return torch.stack([_differentiable(code, size) for code in w_plus.unbind()])
        with torch.no_grad():
            return torch.stack([size.image(code) for code in w_plus.unbind()])


class _Pool:
    """Feature maps that are used again: a new one costs more than what is computed in it.

    The system clears each page of new memory when it is first written to.
    """

    def __init__(self) -> None:
        self._free: dict[tuple[int, ...], list[Tensor]] = {}

    def take(self, *shape: int) -> Tensor:
        """A map of that shape, of which nothing is known."""
        try:
            return self._free[shape].pop()
        except (KeyError, IndexError):
            return torch.empty(shape, dtype=HALF)

    def give(self, x: Tensor) -> None:
        """Leave a map to the next who takes one of its shape."""
        self._free.setdefault(tuple(x.shape), []).append(x)


@dataclass
class Tape:
    """What the gradient of one image needs."""

    pool: _Pool
    maps: list[Tensor] = field(default_factory=list)  # [H W, C] what each layer reads, the first one apart
    # [H W, C] what each pointwise convolution reads, for the gradient of its weights; None without
    mixed: list[Tensor] | None = None
    styles: dict[int, Tensor] = field(default_factory=dict)  # [C] float32, by their numbers


class SizedHalf:
    """The network for images of one size, with weights in bfloat16; for one thread at a time."""

    def __init__(self, network: Synthesis, resolution: int) -> None:
        self.resolution = resolution
        exact = resolution.bit_length() - 3  # number of blocks up to ``resolution``
        self._first = _First(network, _by_band(network.channels[0]))
        self._layers: list[_Doubling | _Convolution | _Image] = []
        for index, block in enumerate(network.blocks):
            assert isinstance(block, Block)
            channels, styles = network.channels[index + 1], range(1 + 3 * index, 4 + 3 * index)
            halvings, side = max(0, index - exact + 1), min(8 << index, resolution)
            read = torch.arange(channels)  # what is read of the second convolution, in that order
            if index + 1 < exact:
                read = _by_band(channels)
            elif index + 1 < len(network.blocks):
                read = read[: channels // 4]
            if halvings == 0:
                up = _Style(block.up_affine, styles[0], _by_band(network.channels[index]))
                self._layers.append(_Doubling(up, side // 2))
                first = [_Style(block.conv1.affine, styles[1])]
            else:  # at the side that there is, the style scales the low band alone
                low = torch.arange(block.conv1.affine.out_features)
                up = _Style(block.up_affine, styles[0], low)
                first = [_Style(block.conv1.affine, styles[1]), up]
            self._layers.append(
                _Convolution(block.conv1, first, side, halvings, reads_activation=halvings > 0)
            )
            second = [_Style(block.conv2.affine, styles[2])]
            self._layers.append(_Convolution(block.conv2, second, side, halvings, read))
        self._layers.append(_Image(network))
        self._pool = _Pool()

    def forward(self, w_plus: Tensor, *, tunes: bool = False) -> tuple[Tensor, Tape]:
        """The image [3, R, R] of a code [23, 512], and what ``backward`` needs.

        tunes: whether that is also to give the gradients of weights
        """
        tape = Tape(self._pool, mixed=[] if tunes else None)
        x = self._first.forward(w_plus, tape)
        for layer in self._layers:
            tape.maps.append(x)
            x = layer.forward(x, w_plus, tape)
        return self._square(x), tape

    def image(self, w_plus: Tensor) -> Tensor:
        """The image [3, R, R] of a code [23, 512], without what a gradient needs."""
        tape = Tape(self._pool)
        x = self._first.forward(w_plus, tape)
        for layer in self._layers:
            y = layer.forward(x, w_plus, tape)
            self._pool.give(x)  # at once: the next map is in the processor's cache, and needs no new memory
            x = y
        return self._square(x)

    def _square(self, x: Tensor) -> Tensor:
        return x.T.reshape(3, self.resolution, self.resolution)

    def load(self) -> None:
        """Take the weights that the network has by now, of the layers whose gradients ``backward`` gives."""
        for layer in self._layers:
            if isinstance(layer, _Convolution):
                layer.load()

    def backward(self, gradient: Tensor, tape: Tape) -> Tensor:
        """The gradient [23, 512] of a code from that of its image [3, R, R].

        If the tape was made for it, theirs is added to that of pointwise weights and biases of the network.
        """
        rows = gradient.new_empty(NUM_STYLES, W_DIM)
        gradient = gradient.reshape(3, -1).T
        for layer, x in zip(reversed(self._layers), reversed(tape.maps), strict=True):
            gradient = layer.backward(gradient, x, tape, rows)
            self._pool.give(x)
        tape.maps.clear()
        self._first.backward(gradient, tape, rows)
        return rows


class _Style:
    """What scales the channels of a layer, an affine function of one row of w_plus."""

    def __init__(self, affine: nn.Module, index: int, read: Tensor | None = None) -> None:
        """index: of the row; read: the channels [C] that are scaled, all of them by default"""
        assert isinstance(affine, nn.Linear)
        read = torch.arange(affine.out_features) if read is None else read
        self._weight, self._bias = affine.weight.detach()[read], affine.bias.detach()[read]
        self.index = index

    def forward(self, w_plus: Tensor, tape: Tape) -> Tensor:
        """The factors [C], which the tape keeps."""
        style = torch.addmv(self._bias, self._weight, w_plus[self.index])
        style = torch.where(style.abs() < _LEAST_STYLE, _LEAST_STYLE, style)
        tape.styles[self.index] = style
        return style

    def backward(self, product: Tensor, tape: Tape, rows: Tensor) -> None:
        """Write its row of the gradient; product: [C] factors times their gradient."""
        torch.mv(self._weight.T, product / tape.styles[self.index], out=rows[self.index])


class _First:
    """The convolution at 4 px, of the learned constant."""

    def __init__(self, network: Synthesis, read: Tensor) -> None:
        self._style = _Style(network.first_affine, 0)
        self._const = network.const.detach()
        self._weight = network.first_weight.detach()[read].to(HALF).flatten(1)
        self._bias = network.first_bias.detach()[read].to(HALF)
        self._noise = network.first_noise.detach().reshape(-1, 1).to(HALF)

    def forward(self, w_plus: Tensor, tape: Tape) -> Tensor:
        x = self._const * self._style.forward(w_plus, tape)[None, :, None, None]
        columns = F.unfold(x, 3, padding=1)[0].T.to(HALF)  # [16, 9 C]
        y = tape.pool.take(len(columns), len(self._weight))
        torch.addmm(self._bias, columns, self._weight.T, out=y)
        return F.leaky_relu_(y.add_(self._noise), SLOPE)

    def backward(self, gradient: Tensor, tape: Tape, rows: Tensor) -> None:
        columns = torch.mm(gradient, self._weight).float().T[None]
        product = (F.fold(columns, (4, 4), 3, padding=1) * self._const).sum((0, 2, 3))
        self._style.backward(product * tape.styles[0], tape, rows)


class _Doubling:
    """The inverse Haar transform of modulated bands: a pixel of four bands becomes four pixels."""

    def __init__(self, style: _Style, side: int) -> None:
        """side: of what it reads"""
        self._style, self._side = style, side

    def forward(self, x: Tensor, w_plus: Tensor, tape: Tape) -> Tensor:
        side, channels = self._side, x.shape[1] // 4
        scaled = tape.pool.take(*x.shape)
        torch.mul(x, (0.5 * self._style.forward(w_plus, tape)).to(HALF), out=scaled)
        low, vertical, horizontal, diagonal = scaled.view(side, side, 4, channels).unbind(2)
        left, right = low + horizontal, low - horizontal
        down, across = vertical + diagonal, vertical - diagonal
        tape.pool.give(scaled)
        whole = tape.pool.take(4 * side * side, channels)
        y = whole.view(side, 2, side, 2, channels)
        torch.add(left, down, out=y[:, 0, :, 0])
        torch.add(right, across, out=y[:, 0, :, 1])
        torch.sub(left, down, out=y[:, 1, :, 0])
        torch.sub(right, across, out=y[:, 1, :, 1])
        return whole

    def backward(self, gradient: Tensor, x: Tensor, tape: Tape, rows: Tensor) -> Tensor:
        side, channels = self._side, gradient.shape[1]
        (a, b), (c, d) = (row.unbind(2) for row in gradient.view(side, 2, side, 2, channels).unbind(1))
        left, down, right, across = a + c, a - c, b + d, b - d
        g = x.new_empty(side, side, 4, channels)
        torch.add(left, right, out=g[:, :, 0])
        torch.add(down, across, out=g[:, :, 1])
        torch.sub(left, right, out=g[:, :, 2])
        torch.sub(down, across, out=g[:, :, 3])
        g = g.view_as(x).mul_((0.5 * tape.styles[self._style.index]).to(HALF))
        self._style.backward(_sum_of_products(x, g, tape.pool), tape, rows)
        return _before_activation(g, x)


class _Convolution:
    """A modulated convolution with noise and leaky ReLU."""

    def __init__(
        self,
        layer: ModulatedConv,
        styles: Sequence[_Style],  # its own; and that of a doubling which it does instead
        side: int,
        halvings: int,  # of the side that it has in the network
        read: Tensor | None = None,  # the channels of its output, all of them by default
        *,
        reads_activation: bool = True,
    ) -> None:
        read = torch.arange(layer.pointwise.shape[0]) if read is None else read
        depthwise, noise = layer.coarsened(halvings)
        self._depthwise = depthwise.detach() * 0.5 ** (len(styles) - 1)
        self._layer, self._read = layer, read
        self.load()
        self._noise = noise.detach().reshape(-1, 1).to(HALF)
        self._styles, self._side, self._reads_activation = styles, side, reads_activation

    def load(self) -> None:
        """Take the weights that the network has by now."""
        self._pointwise = self._layer.pointwise.detach()[self._read, :, 0, 0].to(HALF)
        self._bias = self._layer.bias.detach()[self._read].to(HALF)

    def forward(self, x: Tensor, w_plus: Tensor, tape: Tape) -> Tensor:
        for style in self._styles:
            style.forward(w_plus, tape)
        kernels = self._kernels(tape)
        x = _rows(F.conv2d(_as_image(x, self._side), kernels, padding=1, groups=len(kernels)))
        if tape.mixed is not None:
            tape.mixed.append(x)
        y = tape.pool.take(len(x), len(self._pointwise))
        torch.addmm(self._bias, x, self._pointwise.T, out=y)
        return F.leaky_relu_(y.add_(self._noise), SLOPE)

    def backward(self, gradient: Tensor, x: Tensor, tape: Tape, rows: Tensor) -> Tensor:
        kernels = self._kernels(tape).flip(2, 3)
        if tape.mixed is not None:
            self._tune(gradient, tape.mixed.pop())
        mixed = tape.pool.take(*x.shape)
        torch.mm(gradient, self._pointwise, out=mixed)
        g = _rows(F.conv2d(_as_image(mixed, self._side), kernels, padding=1, groups=len(kernels)))
        tape.pool.give(mixed)
        product = _sum_of_products(x, g, tape.pool)
        for style in self._styles:
            style.backward(product, tape, rows)
        return _before_activation(g, x) if self._reads_activation else g

    def _tune(self, gradient: Tensor, mixed: Tensor) -> None:
        """Add to the gradients of the network's weights, from that of the output and what was read."""
        pointwise, bias = torch.zeros_like(self._layer.pointwise), torch.zeros_like(self._layer.bias)
        pointwise[self._read, :, 0, 0] = torch.mm(gradient.T, mixed).float()
        bias[self._read] = torch.mm(gradient.new_ones(1, len(gradient)), gradient)[0].float()
        for weight, own in ((self._layer.pointwise, pointwise), (self._layer.bias, bias)):
            weight.grad = own if weight.grad is None else weight.grad + own

    def _kernels(self, tape: Tape) -> Tensor:
        """The depthwise kernels [C, 1, 3, 3] with the styles in them."""
        kernels = self._depthwise
        for style in self._styles:
            kernels = kernels * tape.styles[style.index][:, None, None, None]
        return kernels.to(HALF)


class _Image:
    """The low band of the image, halved as a box filter does; in float32."""

    def __init__(self, network: Synthesis) -> None:
        self._style = _Style(network.image_affine, NUM_STYLES - 1)
        self._weight = network.image_weight.detach()[:3, :, 0, 0] * 0.5
        self._bias = network.image_bias.detach()[:3] * 0.5

    def forward(self, x: Tensor, w_plus: Tensor, tape: Tape) -> Tensor:
        weight = (self._weight * self._style.forward(w_plus, tape)).T
        image = x.new_empty(len(x), len(self._bias), dtype=torch.float32)
        # Few pixels at a time: all of them as float32 take five times as long, most of it for new memory.
        for pixels, part in zip(torch.split(x, _PIXELS), torch.split(image, _PIXELS), strict=True):
            torch.addmm(self._bias, pixels.float(), weight, out=part)
        return image

    def backward(self, gradient: Tensor, x: Tensor, tape: Tape, rows: Tensor) -> Tensor:
        g = torch.mm(gradient, self._weight * tape.styles[self._style.index]).to(HALF)
        self._style.backward(_sum_of_products(x, g, tape.pool), tape, rows)
        return _before_activation(g, x)


def _by_band(channels: int) -> Tensor:
    """The order of wavelet bands that puts all of a kind together: low, vertical, horizontal, diagonal.

    The network has the three details of each channel side by side (see ``inverse_haar``).
    """
    count = channels // 4
    low = torch.arange(count)
    return torch.cat([low, *(count + 3 * low + kind for kind in range(3))])


def _as_image(x: Tensor, side: int) -> Tensor:
    """A map [S S, C] as [1, C, S, S], in the same memory."""
    return x.view(1, side, side, -1).permute(0, 3, 1, 2)


def _rows(image: Tensor) -> Tensor:
    """An image [1, C, H, W] as a map [H W, C]."""
    return image.permute(0, 2, 3, 1).reshape(-1, image.shape[1])


def _sum_of_products(x: Tensor, y: Tensor, pool: _Pool) -> Tensor:
    """The sum [C] over two maps' products, in float32 until it is rounded."""
    product = torch.mul(x, y, out=pool.take(*x.shape))
    pool.give(product)
    # As a product of matrices it takes a fifth of the time of ``sum``.
    return torch.mm(product.new_ones(1, len(product)), product)[0].float()


def _before_activation(gradient: Tensor, x: Tensor) -> Tensor:
    """The gradient before the leaky ReLU that made ``x``, in the same memory."""
    torch.ops.aten.leaky_relu_backward.grad_input(gradient, x, SLOPE, True, grad_input=gradient)
    return gradient


class _Picture(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, w_plus: Tensor, size: SizedHalf) -> Tensor:
        image, context.tape = size.forward(w_plus)
        context.size = size
        return image

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return context.size.backward(gradients[0], context.tape), None


def _differentiable(w_plus: Tensor, size: SizedHalf) -> Tensor:
    """The image [3, R, R] of a code [23, 512], with its gradient."""
    image: Tensor = _Picture.apply(w_plus, size)  # type: ignore[no-untyped-call]
    return image
