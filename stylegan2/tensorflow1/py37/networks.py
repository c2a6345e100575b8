"""Mapping and synthesis of StyleGAN2, for every architecture of the paper (arXiv 1912.04958).

Built from the description in a network file, whose fields ``stylegan2/networks/spec.py`` explains.
"""

from __future__ import annotations

import math
from typing import Any, Dict

import tensorflow.compat.v1 as tf

from .layers import (
    Parameters,
    activate,
    dense,
    dense_with_bias,
    modulated_conv,
    normalize,
    pointwise,
    upsample,
)

Tensor = Any
Description = Dict[str, Any]
NOISES = ("const", "random", "none")


def mapping(p: Parameters, spec: Description, z: Tensor, labels: Tensor) -> Tensor:
    """z [N, Z], labels [N, classes] → w [N, W]; an unconditional network ignores the labels."""
    x = _mapping_input(p, spec, z, labels)
    for index in range(len(spec["widths"])):
        x = activate(dense_with_bias(p, f"mapping.layers.{index}", x, spec["rate"]))
    return x


def _mapping_input(p: Parameters, spec: Description, z: Tensor, labels: Tensor) -> Tensor:
    if not spec["labels"]:
        return normalize(z)
    if spec["joint_norm"]:
        # In NVIDIA's TensorFlow code, features are not equalised, have no bias, and are normalised with z.
        return normalize(tf.concat([z, dense(p, "mapping.embed", labels, gain=1.0)], 1))
    features = dense_with_bias(p, "mapping.embed", labels)
    return tf.concat([normalize(z), normalize(features)], 1)


class Synthesis:
    """w_plus [N, L, W] → image [N, S, S, 3]."""

    def __init__(self, p: Parameters, spec: Description, noise: str, seed: Tensor) -> None:
        """noise: "const", "random" or "none"; seed: [] int32, determines random noise."""
        self._p, self._spec, self._noise, self._seed = p, spec, noise, seed
        self._clamp = spec["clamp"]

    def __call__(self, w_plus: Tensor) -> Tensor:
        channels: tuple[int, ...] = tuple(self._spec["channels"])
        const = self._p.array("synthesis.const").transpose(1, 2, 0)[None]
        x = tf.tile(self._p.variable("synthesis.const", const), [tf.shape(w_plus)[0], 1, 1, 1])
        image = None
        for index in range(len(channels)):
            x = self._block(index, x, w_plus)
            if image is not None:
                image = upsample(image)
            if self._spec["architecture"] == "skip" or index == len(channels) - 1:
                shown = self._to_image(index, x, w_plus[:, 2 * index + 1])
                image = shown if image is None else image + shown
        return image

    def _block(self, index: int, x: Tensor, w_plus: Tensor) -> Tensor:
        name = f"synthesis.blocks.{index}"
        if not index:
            return self._styled(f"{name}.conv1", x, w_plus[:, 0], 0, up=False)
        before = x
        gain = math.sqrt(0.5) if self._spec["architecture"] == "resnet" else 1.0
        x = self._styled(f"{name}.conv0", x, w_plus[:, 2 * index - 1], 2 * index - 1, up=True)
        x = self._styled(f"{name}.conv1", x, w_plus[:, 2 * index], 2 * index, up=False, gain=gain)
        if self._spec["architecture"] != "resnet":
            return x
        # Filtering and a 1×1 convolution may change places: the smaller picture goes first.
        skip_gain = gain / math.sqrt(int(before.shape[3]))
        return upsample(pointwise(self._p, f"{name}.skip", before, skip_gain)) + x

    def _styled(self, name: str, x: Tensor, w: Tensor, layer: int, *, up: bool, gain: float = 1.0) -> Tensor:
        p = self._p
        styles = dense_with_bias(p, f"{name}.affine", w)
        x = modulated_conv(p, f"{name}.weight", x, styles, up=up)
        if self._noise != "none":
            strength = p.array(f"{name}.noise_strength")
            x = x + self._sample(name, x, layer) * p.variable(f"{name}.noise_strength", strength)
        x = x + p.variable(f"{name}.bias", p.array(f"{name}.bias"))
        return activate(x, self._clamp, gain)

    def _sample(self, name: str, x: Tensor, layer: int) -> Tensor:
        if self._noise == "const":
            return self._p.variable(f"{name}.noise", self._p.array(f"{name}.noise")[None, :, :, None])
        shape = tf.stack([tf.shape(x)[0], int(x.shape[1]), int(x.shape[2]), 1])
        # Stateless, so that the gradient is that of the image that was returned.
        return tf.random.stateless_normal(shape, tf.stack([self._seed, layer]), dtype=self._p.dtype)

    def _to_image(self, index: int, x: Tensor, w: Tensor) -> Tensor:
        p, name = self._p, f"synthesis.blocks.{index}.to_image"
        styles = dense_with_bias(p, f"{name}.affine", w)
        gain = 1.0 / math.sqrt(int(x.shape[3]))
        x = pointwise(p, f"{name}.weight", x * styles[:, None, None, :], gain)
        x = x + p.variable(f"{name}.bias", p.array(f"{name}.bias"))
        return x if self._clamp is None else tf.clip_by_value(x, -self._clamp, self._clamp)
