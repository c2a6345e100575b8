"""The network's small images and their gradient as two ONNX graphs, written by hand.

The forward graph computes ``Synthesis.coarse`` and hands out what the backward graph needs: every layer's
output, styles and modulated kernels. The backward graph multiplies a gradient of the image by the network's
Jacobian. Both take the network's weights as inputs, so that they are small, quickly loaded, and share them.

Three things make them cheaper than the network as it is written in torch:

- A style scales the small kernel of its depthwise convolution, not the large feature map. Its own gradient is
  then the sum of map times gradient, divided by the style.
- The last convolution before the low band is used alone computes that band only.
- Where an inverse Haar transform follows, a convolution writes its channels in the order that the transform
  reads: each low band before its three details.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stylegan2.mobile.network import NUM_STYLES, SLOPE, W_DIM, Block, ModulatedConv, Synthesis, inverse_haar
from stylegan2.onnx_graph import GraphWriter

Array = NDArray[np.float32]
Backward = Callable[[str], str]  # gradient of a layer's output → gradient of its input

IMAGE, GRADIENT = "image", "gradient"
W_PLUS, IMAGE_GRADIENT = "w_plus", "image_gradient"
_LEAST_STYLE = 1e-12  # a style is divided by; zero and smaller ones become this
_STEEP = 1e30  # turns a number into its sign, when clipped
_ALL = slice(None)


@dataclass(frozen=True)
class GradientGraphs:
    """Two ONNX files and what they exchange.

    forward:  W_PLUS [23, 512] and weights → IMAGE [1, 3, R, R], and what is ``kept``
    backward: IMAGE_GRADIENT [1, 3, R, R], what is ``kept`` and weights → GRADIENT [23, 512]
    """

    forward: bytes
    backward: bytes
    forward_weights: tuple[str, ...]
    backward_weights: tuple[str, ...]
    kept: tuple[str, ...]
    weights: dict[str, Array]


def gradient_graphs(network: Synthesis, resolution: int) -> GradientGraphs:
    """The graphs of ``network.coarse(w_plus, resolution)`` for one code."""
    return _Writer(network, resolution).write()


def band_order(channels: int) -> NDArray[np.int64]:
    """The order of wavelet bands that puts the details of each channel behind its low band.

    The network has all low bands first (see ``inverse_haar``).
    """
    count = channels // 4
    low = np.arange(count)[:, None]
    return np.concatenate([low, count + 3 * low + np.arange(3)], 1).ravel()


@dataclass(frozen=True)
class _Map:
    """A feature map in both graphs, which know it by the same name."""

    name: str
    channels: int
    side: int
    is_activation: bool  # whether it comes out of a leaky ReLU


@dataclass
class _Writer:
    """Writes the forward graph, and collects functions that write the backward one in reverse."""

    network: Synthesis
    resolution: int
    forward: GraphWriter = field(default_factory=GraphWriter)
    backward: GraphWriter = field(default_factory=GraphWriter)
    weights: dict[str, Array] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    gradients: dict[int, str] = field(default_factory=dict)  # [1, W] by style

    def write(self) -> GradientGraphs:
        network, steps = self.network, list[Backward]()
        self.forward.input(W_PLUS, (NUM_STYLES, W_DIM))
        exact = self.resolution.bit_length() - 3  # number of blocks up to ``resolution``
        order = band_order(network.channels[0])
        x = self._first(order, steps)
        for index, block in enumerate(network.blocks):
            assert isinstance(block, Block)
            # which channels the next block reads, in which order
            channels = network.channels[index + 1]
            rows: NDArray[np.int64] | slice = _ALL
            if index + 1 < exact:
                rows = band_order(channels)
            elif index + 1 < len(network.blocks):
                rows = slice(channels // 4)
            if index < exact:
                x = self._doubled(x, index, block, order, steps)
                x = self._convolved(x, f"{index}.conv1", block.conv1, 2 + 3 * index, 0, _ALL, steps)
            else:
                x = self._coarse(x, index, block, index - exact + 1, steps)
            halvings = max(0, index - exact + 1)
            x = self._convolved(x, f"{index}.conv2", block.conv2, 3 + 3 * index, halvings, rows, steps)
            order = band_order(channels)
        image = self._image(x, steps)
        gradient = self.backward.input(IMAGE_GRADIENT, (1, 3, self.resolution, self.resolution))
        for step in reversed(steps):
            gradient = step(gradient)
        rows_by_style = [self.gradients[index] for index in range(NUM_STYLES)]
        total = self.backward.node("Concat", *rows_by_style, axis=0)
        return GradientGraphs(
            self.forward.model({IMAGE: image, **self.kept}),
            self.backward.model({GRADIENT: total}),
            tuple(name for name in self.forward.inputs if name in self.weights),
            tuple(name for name in self.backward.inputs if name in self.weights),
            tuple(self.kept),
            self.weights,
        )

    # ---- layers: each adds to the forward graph, and to ``steps`` what its gradient needs

    def _first(self, order: NDArray[np.int64], steps: list[Backward]) -> _Map:
        """The convolution at 4 px, of the learned constant."""
        network, f, b = self.network, self.forward, self.backward
        channels = network.channels[0]
        style = self._style("first", 0, network.first_affine, _ALL)
        constant = self._weight("const", network.const)
        weight = self._weight("first.weight", network.first_weight, order)
        bias = self._weight("first.bias", network.first_bias, order)
        x = f.node("Mul", self._use(f, constant), f.node("Reshape", style, f.sizes(1, channels, 1, 1)))
        x = f.node("Conv", x, self._use(f, weight), self._use(f, bias), pads=[1, 1, 1, 1])
        x = self._activated(x, "first", network.first_noise)

        def step(gradient: str) -> str:
            gradient = b.node("ConvTranspose", gradient, self._use(b, weight), pads=[1, 1, 1, 1])
            product = b.node("Mul", gradient, self._use(b, constant))
            row = b.node("Reshape", b.node("ReduceSum", product, b.sizes(0, 2, 3)), b.sizes(1, channels))
            self.gradients[0] = b.node("Gemm", row, self._use(b, "first.affine"))
            return row

        steps.append(step)
        return self._keep_map("first.output", x, channels, 4)

    def _doubled(
        self, x: _Map, index: int, block: Block, order: NDArray[np.int64], steps: list[Backward]
    ) -> _Map:
        """The inverse Haar transform of modulated bands, as a transposed convolution."""
        f, b, count = self.forward, self.backward, x.channels // 4
        name = f"{index}.up"
        style = self._style(name, 1 + 3 * index, block.up_affine, order)
        haar = self._weight("haar", inverse_haar(torch.eye(4)[..., None, None]))
        kernels = f.node("Tile", self._use(f, haar), f.sizes(count, 1, 1, 1))
        kernels = self._keep(f"{name}.kernels", f.node("Mul", kernels, style), (x.channels, 1, 2, 2))
        output = f.node(
            "ConvTranspose", self._forward(x), self._forward_kept(kernels), strides=[2, 2], group=count
        )

        def step(gradient: str) -> str:
            gradient = b.node("Conv", gradient, kernels, strides=[2, 2], group=count)
            self._style_gradient(name, 1 + 3 * index, self._product(x, gradient))
            return self._before_activation(x, gradient)

        steps.append(step)
        return self._keep_map(f"{name}.output", output, count, 2 * x.side, is_activation=False)

    def _coarse(self, x: _Map, index: int, block: Block, halvings: int, steps: list[Backward]) -> _Map:
        """The first convolution of a block that works on the low band alone, whose style it takes, too."""
        f, low = self.forward, slice(x.channels)
        up = self._style(f"{index}.up", 1 + 3 * index, block.up_affine, low)
        factor = f.node("Mul", up, f.number(0.5))
        return self._convolved(
            x, f"{index}.conv1", block.conv1, 2 + 3 * index, halvings, _ALL, steps, (index, factor)
        )

    def _convolved(
        self,
        x: _Map,
        name: str,
        layer: ModulatedConv,
        style_index: int,
        halvings: int,
        rows: NDArray[np.int64] | slice,  # the channels that are wanted of its output
        steps: list[Backward],
        up: tuple[int, str] | None = None,  # index of a coarse block, and what its first style scales by
    ) -> _Map:
        """A modulated convolution with noise and leaky ReLU."""
        f, b = self.forward, self.backward
        depthwise, noise = layer.coarsened(halvings)
        style = self._style(name, style_index, layer.affine, _ALL)
        kernels = f.node("Mul", self._use(f, self._weight(f"{name}.depthwise", depthwise)), style)
        if up is not None:
            kernels = f.node("Mul", kernels, up[1])
        kernels = self._keep(f"{name}.kernels", kernels, (x.channels, 1, 3, 3))
        pointwise = self._weight(f"{name}.pointwise", layer.pointwise, rows)
        bias = self._weight(f"{name}.bias", layer.bias, rows)
        channels = len(self.weights[bias])
        y = f.node("Conv", self._forward(x), self._forward_kept(kernels), pads=[1, 1, 1, 1], group=x.channels)
        y = f.node("Conv", y, self._use(f, pointwise), self._use(f, bias))
        y = self._activated(y, name, noise)

        def step(gradient: str) -> str:
            gradient = self._unmixed(gradient, self._use(b, pointwise), channels, x)
            gradient = b.node("ConvTranspose", gradient, kernels, pads=[1, 1, 1, 1], group=x.channels)
            product = self._product(x, gradient)
            self._style_gradient(name, style_index, product)
            if up is not None:
                self._style_gradient(f"{up[0]}.up", 1 + 3 * up[0], product)
            return self._before_activation(x, gradient)

        steps.append(step)
        return self._keep_map(f"{name}.output", y, channels, x.side)

    def _image(self, x: _Map, steps: list[Backward]) -> str:
        """The low band of the image, halved as a box filter does."""
        network, f = self.network, self.forward
        style = self._style("image", NUM_STYLES - 1, network.image_affine, _ALL)
        weight = self._weight("image.weight", network.image_weight[:3] * 0.5)
        bias = self._weight("image.bias", network.image_bias[:3] * 0.5)
        kernels = f.node("Mul", self._use(f, weight), f.node("Reshape", style, f.sizes(1, x.channels, 1, 1)))
        kernels = self._keep("image.kernels", kernels, (3, x.channels, 1, 1))

        def step(gradient: str) -> str:
            gradient = self._unmixed(gradient, kernels, 3, x)
            self._style_gradient("image", NUM_STYLES - 1, self._product(x, gradient))
            return self._before_activation(x, gradient)

        steps.append(step)
        return f.node("Conv", self._forward(x), self._forward_kept(kernels), self._use(f, bias))

    # ---- parts of layers in the forward graph

    def _style(self, name: str, index: int, affine: torch.nn.Linear, rows: NDArray[np.int64] | slice) -> str:
        """The style [C, 1, 1, 1] of a layer; some of its channels, in an order."""
        f = self.forward
        weight = self._weight(f"{name}.affine", affine.weight, rows)
        bias = self._weight(f"{name}.affine_bias", affine.bias, rows)
        channels = len(self.weights[bias])
        row = f.node("Gather", W_PLUS, f.sizes(index), axis=0)
        style = f.node("Gemm", row, self._use(f, weight), self._use(f, bias), transB=1)
        is_small = f.node("Less", f.node("Abs", style), f.number(_LEAST_STYLE))
        style = f.node("Where", is_small, f.number(_LEAST_STYLE), style)
        style = f.node("Reshape", style, f.sizes(channels, 1, 1, 1))
        self._keep(f"{name}.style", style, (channels, 1, 1, 1))
        return style

    def _activated(self, x: str, name: str, noise: Tensor) -> str:
        f = self.forward
        noise_name = self._weight(f"{name}.noise", noise)
        return f.node("LeakyRelu", f.node("Add", x, self._use(f, noise_name)), alpha=SLOPE)

    # ---- parts of layers in the backward graph

    def _unmixed(self, gradient: str, weight: str, channels: int, x: _Map) -> str:
        """The gradient [1, C, H, W] before a pointwise convolution to ``channels``."""
        b = self.backward
        columns = b.node("Reshape", gradient, b.sizes(channels, x.side**2))
        matrix = b.node("Reshape", weight, b.sizes(channels, x.channels))
        columns = b.node("Gemm", matrix, columns, transA=1)
        return b.node("Reshape", columns, b.sizes(1, x.channels, x.side, x.side))

    def _product(self, x: _Map, gradient: str) -> str:
        """The sum [C] of a map times the gradient of that map."""
        b = self.backward
        return b.node("ReduceSum", b.node("Mul", x.name, gradient), b.sizes(0, 2, 3), keepdims=0)

    def _style_gradient(self, name: str, index: int, product: str) -> None:
        """Note the gradient [1, W] of a style's code; product: [C] style times gradient of style."""
        b = self.backward
        channels = len(self.weights[f"{name}.affine"])
        style = b.node("Reshape", f"{name}.style", b.sizes(1, channels))
        row = b.node("Div", b.node("Reshape", product, b.sizes(1, channels)), style)
        self.gradients[index] = b.node("Gemm", row, self._use(b, f"{name}.affine"))

    def _before_activation(self, x: _Map, gradient: str) -> str:
        """The gradient before the leaky ReLU that made ``x``, if one did."""
        if not x.is_activation:
            return gradient
        b = self.backward
        steep = b.node("Mul", x.name, b.number(_STEEP))
        return b.node("Mul", gradient, b.node("Clip", steep, b.number(SLOPE), b.number(1.0)))

    # ---- names

    def _weight(self, name: str, value: Tensor, rows: NDArray[np.int64] | slice = _ALL) -> str:
        """A weight of the network, or some of its rows: what neither graph holds itself."""
        if name not in self.weights:
            self.weights[name] = np.ascontiguousarray(value.detach().numpy()[rows], np.float32)
        return name

    def _use(self, graph: GraphWriter, weight: str) -> str:
        return graph.input(weight, self.weights[weight].shape)

    def _keep(self, name: str, value: str, shape: tuple[int, ...]) -> str:
        """Hand a value of the forward graph to the backward graph."""
        self.kept[name] = value
        return self.backward.input(name, shape)

    def _keep_map(
        self, name: str, value: str, channels: int, side: int, *, is_activation: bool = True
    ) -> _Map:
        return _Map(self._keep(name, value, (1, channels, side, side)), channels, side, is_activation)

    def _forward(self, x: _Map) -> str:
        return self.kept[x.name]

    def _forward_kept(self, name: str) -> str:
        return self.kept[name]
