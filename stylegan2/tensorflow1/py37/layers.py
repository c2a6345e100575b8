"""The layers of StyleGAN2 as TensorFlow operations, channels last: [N, H, W, C].

The CPU build of TensorFlow 1.15 has no grouped and no channels-first convolution, so weights are shared by
the samples: the input of a convolution is scaled by the style, its output by the demodulation. The result is
the same, since a convolution is linear. Weights have the project's own layout, [O, I, K, K].
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow.compat.v1 as tf

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .weights import Tensors

Tensor = Any
GAIN = math.sqrt(2.0)  # keeps the variance through the leaky ReLU
_SLOPE = 0.2
_EPSILON = 1e-8
_TAPS = (1.0, 3.0, 3.0, 1.0)  # of the filter of every resampling


class Parameters:
    """The network's weights as variables of a graph, of one type of number.

    They are no constants, since a graph holds 2 GB at most and is optimised anew for every new output.
    """

    def __init__(self, tensors: Tensors, dtype: str) -> None:
        self.dtype = tf.as_dtype(dtype)
        self._numpy_type = np.dtype(dtype)
        self._tensors = tensors
        self._variables: dict[str, Tensor] = {}
        self._uninitialized: list[tuple[Any, Tensor, NDArray[Any]]] = []

    def array(self, name: str) -> NDArray[Any]:
        """A tensor of the file, converted to this type."""
        return self._tensors[name].astype(self._numpy_type)

    def variable(self, name: str, array: NDArray[Any]) -> Tensor:
        """A variable that holds ``array``; the same one whenever ``name`` is the same."""
        if name not in self._variables:
            value = np.ascontiguousarray(array, self._numpy_type)
            placeholder = tf.placeholder(self.dtype, value.shape)
            variable = tf.Variable(placeholder, trainable=False, use_resource=False)
            self._variables[name] = variable
            self._uninitialized.append((variable.initializer, placeholder, value))
        return self._variables[name]

    def load(self, session: Any) -> None:
        """Set the variables that are new since the last call."""
        # All at once: TensorFlow optimises the graph anew for every set of outputs.
        initializers = [initializer for initializer, _, _ in self._uninitialized]
        session.run(initializers, {placeholder: value for _, placeholder, value in self._uninitialized})
        self._uninitialized.clear()


def activate(x: Tensor, clamp: float | None = None, gain: float = 1.0) -> Tensor:
    """Leaky ReLU times √2 times ``gain``, then bounded: at ``clamp`` times ``gain``."""
    x = tf.nn.leaky_relu(x, _SLOPE) * (GAIN * gain)
    return x if clamp is None else tf.clip_by_value(x, -clamp * gain, clamp * gain)


def normalize(x: Tensor) -> Tensor:
    """[N, C] → the same with a mean square of 1 in each row."""
    return x * tf.rsqrt(tf.reduce_mean(tf.square(x), 1, keepdims=True) + _EPSILON)


def dense(p: Parameters, name: str, x: Tensor, rate: float = 1.0, gain: float | None = None) -> Tensor:
    """x [N, I] → [N, O], without bias; weights are multiplied by ``gain``, or by ``rate / √I``."""
    weight = p.array(name + ".weight")
    gain = rate / math.sqrt(weight.shape[1]) if gain is None else gain
    return tf.matmul(x, p.variable(name + ".weight", weight.T * weight.dtype.type(gain)))


def dense_with_bias(p: Parameters, name: str, x: Tensor, rate: float = 1.0) -> Tensor:
    """As ``dense``, plus the bias, multiplied by ``rate``."""
    bias = p.array(name + ".bias")
    return dense(p, name, x, rate) + p.variable(name + ".bias", bias * bias.dtype.type(rate))


def modulated_conv(p: Parameters, name: str, x: Tensor, styles: Tensor, *, up: bool) -> Tensor:
    """3×3 convolution, modulated by styles [N, I] and demodulated; ``up`` doubles the side."""
    weight = p.array(name)
    weight = weight * weight.dtype.type(1.0 / math.sqrt(weight[0].size))
    energy = p.variable(name + " energy", np.square(weight).sum((2, 3)).T)  # [I, O]
    factors = tf.rsqrt(tf.matmul(tf.square(styles), energy) + _EPSILON)
    x = x * styles[:, None, None, :]
    if up:
        kernel = p.variable(name, weight.transpose(2, 3, 0, 1))
        n, h, w = tf.shape(x)[0], int(x.shape[1]), int(x.shape[2])
        shape = (n, 2 * h + 1, 2 * w + 1, weight.shape[0])
        x = tf.nn.conv2d_transpose(x, kernel, shape, strides=2, padding="VALID")
        x = _blur(p, x)
    else:
        x = tf.nn.conv2d(x, p.variable(name, weight.transpose(2, 3, 1, 0)), strides=1, padding="SAME")
    return x * factors[:, None, None, :]


def pointwise(p: Parameters, name: str, x: Tensor, gain: float) -> Tensor:
    """1×1 convolution with weights [O, I, 1, 1], multiplied by ``gain``."""
    weight = p.array(name)
    kernel = p.variable(name, weight.transpose(2, 3, 1, 0) * weight.dtype.type(gain))
    return tf.nn.conv2d(x, kernel, strides=1, padding="SAME")


def upsample(x: Tensor) -> Tensor:
    """[N, H, W, C] → [N, 2H, 2W, C] by the filter, without inserting zeros: two taps a pixel and axis."""
    return _double(_double(x, 1), 2)


def _double(x: Tensor, axis: int) -> Tensor:
    side = int(x.shape[axis])
    padding = [[0, 0]] * 4
    padding[axis] = [1, 1]
    padded = tf.pad(x, padding)
    inner = x * 0.75
    before, after = (_part(padded, axis, start, side) * 0.25 for start in (0, 2))
    pairs = tf.stack([before + inner, inner + after], axis + 1)
    sizes = [int(size) for size in x.shape[1:]]
    sizes[axis - 1] *= 2
    return tf.reshape(pairs, [-1, *sizes])


def _part(x: Tensor, axis: int, start: int, length: int) -> Tensor:
    begin, size = [0] * 4, [-1] * 4
    begin[axis], size[axis] = start, length
    return tf.slice(x, begin, size)


def _blur(p: Parameters, x: Tensor) -> Tensor:
    """[N, 2H + 1, 2W + 1, C] → [N, 2H, 2W, C], times 4: half of it makes up for the zeros of the transposed
    convolution, on each axis."""
    channels = int(x.shape[3])
    taps = np.array(_TAPS) / sum(_TAPS) * 2.0
    kernel = np.tile((taps[:, None] * taps)[:, :, None, None], (1, 1, channels, 1))
    padded = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
    filters = p.variable(f"blur {channels}", kernel)
    return tf.nn.depthwise_conv2d(padded, filters, [1, 1, 1, 1], "VALID")
