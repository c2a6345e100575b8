"""Runs a network: one graph and one session for each type of number, built when first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf

from .layers import Parameters
from .networks import NOISES, Synthesis, mapping

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .weights import Weights

TYPES = ("float32", "float64")
_MOST_SAMPLES = 64


class _SynthesisNodes(NamedTuple):
    """The part of a graph that computes images with one kind of noise: placeholders and outputs."""

    w_plus: Any
    seed: Any
    cotangent: Any
    image: Any
    gradient: Any


class Runner:
    """Maps, synthesizes and differentiates. Raises ValueError if an array does not fit the network."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._sessions: dict[str, _Session] = {}

    def map(self, z: NDArray[Any], labels: NDArray[Any] | None) -> NDArray[Any]:
        """z [N, Z], labels [N, classes] → w [N, W], not truncated; labels are zeros if None."""
        spec = self._weights.mapping
        if labels is None:
            labels = np.zeros((len(z), spec["labels"]), z.dtype)
        _check("z", z, (spec["z_dim"],))
        _check("labels", labels, (spec["labels"],))
        if len(labels) != len(z) or labels.dtype != z.dtype:
            raise ValueError("there must be a label for each z")
        return self._session_for(z).map(z, labels)

    def synthesize(self, w_plus: NDArray[Any], noise: str, seed: int, factor: int) -> NDArray[Any]:
        """w_plus [N, L, W] → images [N, 3, S, S], each pixel the mean of ``factor`` × ``factor`` pixels."""
        self._check_synthesis(w_plus, noise, factor)
        image = self._session_for(w_plus).synthesize(w_plus, noise, seed)
        n, side, _, channels = image.shape
        if factor > 1:
            blocks = image.reshape(n, side // factor, factor, side // factor, factor, channels)
            image = blocks.mean((2, 4), dtype=image.dtype)
        return np.ascontiguousarray(image.transpose(0, 3, 1, 2))

    def pull_back(
        self, w_plus: NDArray[Any], noise: str, seed: int, factor: int, cotangent: NDArray[Any]
    ) -> NDArray[Any]:
        """The gradient [N, L, W] of Σ cotangent · image, for the image that ``synthesize`` gives."""
        self._check_synthesis(w_plus, noise, factor)
        side = self._side // factor
        _check("cotangent", cotangent, (3, side, side))
        if len(cotangent) != len(w_plus) or cotangent.dtype != w_plus.dtype:
            raise ValueError("there must be a cotangent for each code")
        full = cotangent.transpose(0, 2, 3, 1)
        if factor > 1:
            full = full.repeat(factor, 1).repeat(factor, 2) / full.dtype.type(factor * factor)
        return self._session_for(w_plus).pull_back(w_plus, noise, seed, full)

    @property
    def _side(self) -> int:
        return 4 << (len(self._weights.synthesis["channels"]) - 1)

    def _check_synthesis(self, w_plus: NDArray[Any], noise: str, factor: int) -> None:
        spec = self._weights.synthesis
        _check("w_plus", w_plus, (2 * len(spec["channels"]), spec["w_dim"]))
        if noise not in NOISES:
            raise ValueError("noise must be const, random or none")
        if factor < 1 or self._side % factor:
            raise ValueError("the factor must divide the side")

    def _session_for(self, array: NDArray[Any]) -> _Session:
        dtype = array.dtype.name
        if dtype not in self._sessions:
            self._sessions[dtype] = _Session(self._weights, dtype)
        return self._sessions[dtype]


class _Session:
    """The graph and the session of one type of number."""

    def __init__(self, weights: Weights, dtype: str) -> None:
        self._weights = weights
        self._graph = tf.Graph()
        with self._graph.as_default():
            self._parameters = Parameters(weights.tensors, dtype)
        options = tf.ConfigProto(allow_soft_placement=True)
        options.gpu_options.allow_growth = True  # the parent may use the same card
        self._session = tf.Session(graph=self._graph, config=options)
        self._mapping: Any = None
        self._synthesis: dict[str, _SynthesisNodes] = {}

    def map(self, z: NDArray[Any], labels: NDArray[Any]) -> NDArray[Any]:
        if self._mapping is None:
            self._mapping = self._add_to_graph(self._build_mapping)
        z_in, labels_in, w = self._mapping
        return np.asarray(self._session.run(w, {z_in: z, labels_in: labels}))

    def synthesize(self, w_plus: NDArray[Any], noise: str, seed: int) -> NDArray[Any]:
        nodes = self._synthesis_with(noise)
        return np.asarray(self._session.run(nodes.image, {nodes.w_plus: w_plus, nodes.seed: seed}))

    def pull_back(self, w_plus: NDArray[Any], noise: str, seed: int, cotangent: NDArray[Any]) -> NDArray[Any]:
        nodes = self._synthesis_with(noise)
        feed = {nodes.w_plus: w_plus, nodes.seed: seed, nodes.cotangent: cotangent}
        return np.asarray(self._session.run(nodes.gradient, feed))

    def _synthesis_with(self, noise: str) -> _SynthesisNodes:
        if noise not in self._synthesis:
            self._synthesis[noise] = self._add_to_graph(lambda: self._build_synthesis(noise))
        return self._synthesis[noise]

    def _add_to_graph(self, build: Callable[[], Any]) -> Any:
        with self._graph.as_default():
            result = build()
            self._parameters.load(self._session)
        return result

    def _build_mapping(self) -> Any:
        spec, dtype = self._weights.mapping, self._parameters.dtype
        z = tf.placeholder(dtype, (None, spec["z_dim"]))
        labels = tf.placeholder(dtype, (None, spec["labels"]))
        return z, labels, mapping(self._parameters, spec, z, labels)

    def _build_synthesis(self, noise: str) -> _SynthesisNodes:
        spec, dtype = self._weights.synthesis, self._parameters.dtype
        w_plus = tf.placeholder(dtype, (None, 2 * len(spec["channels"]), spec["w_dim"]))
        seed = tf.placeholder(tf.int32, ())
        image = Synthesis(self._parameters, spec, noise, seed)(w_plus)
        cotangent = tf.placeholder(dtype, image.shape)
        (gradient,) = tf.gradients(image, w_plus, cotangent)
        return _SynthesisNodes(w_plus, seed, cotangent, image, gradient)


def _check(name: str, array: NDArray[Any], shape: tuple[int, ...]) -> None:
    if array.dtype.name not in TYPES or array.shape[1:] != shape or array.ndim != len(shape) + 1:
        raise ValueError(f"{name} must be [N, {', '.join(map(str, shape))}], not {list(array.shape)}")
    if not 1 <= len(array) <= _MOST_SAMPLES:
        raise ValueError(f"{name} must hold 1 to {_MOST_SAMPLES} samples, not {len(array)}")
