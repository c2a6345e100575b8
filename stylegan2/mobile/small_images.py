"""Small images of MobileStyleGAN by ONNX Runtime, as a function that torch can differentiate.

On a CPU it takes a third of torch's time, for an image and for its gradient. ``Synthesis.coarse`` is the
plain reference.
"""

import threading
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor

from retouchml.set_up_command import set_up_again
from stylegan2.mobile.gradient_graph import (
    GRADIENT,
    IMAGE,
    IMAGE_GRADIENT,
    W_PLUS,
    GradientGraphs,
    gradient_graphs,
)
from stylegan2.mobile.network import Synthesis
from stylegan2.onnx import session

Kept = dict[str, "onnxruntime.OrtValue"]


class SmallImages:
    """w_plus [N, 23, 512] → images [N, 3, R, R] of ``network.coarse``, on the CPU.

    The gradient has no gradient itself. The work takes as many threads as torch has when it is called.
    Several threads may call it.
    """

    def __init__(self, network: Synthesis) -> None:
        """network: its weights stay as they are."""
        self._network = network
        self._key = 0, 0  # image size and threads of the sessions that are kept
        self._sessions: _Size | None = None
        self._lock = threading.Lock()

    def __call__(self, w_plus: Tensor, resolution: int) -> Tensor:
        size = self._size(resolution)
        if torch.is_grad_enabled() and w_plus.requires_grad:
            return torch.stack([_differentiable(code, size) for code in w_plus.unbind()])
        images = [size.forward(_array(code), keep=False)[0] for code in w_plus.unbind()]
        return torch.from_numpy(np.stack(images))

    def _size(self, resolution: int) -> "_Size":
        """The sessions for a size, made if they are not those of the last call; only these are kept.

        Making them takes 0.1 s or so, and keeping them up to 0.3 GiB.
        """
        key = resolution, torch.get_num_threads()
        with self._lock:
            if self._sessions is None or key != self._key:
                self._sessions = None  # releases its memory first
                self._sessions, self._key = _Size(self._network, *key), key
            return self._sessions


class _Size:
    """The sessions for images of one size."""

    def __init__(self, network: Synthesis, resolution: int, threads: int) -> None:
        self.graphs: GradientGraphs = gradient_graphs(network, resolution)
        self._weights = {
            name: onnxruntime.OrtValue.ortvalue_from_numpy(value)  # shares the memory
            for name, value in self.graphs.weights.items()
        }
        self._forward = session(self.graphs.forward, threads, set_up_again(), plans_memory=False)
        self._backward = session(self.graphs.backward, threads, set_up_again(), plans_memory=False)

    def forward(self, w_plus: NDArray[np.float32], *, keep: bool) -> tuple[NDArray[np.float32], Kept]:
        """The image [3, R, R] of a code [23, 512]; keep: also what ``backward`` needs."""
        binding = self._forward.io_binding()
        for name in self.graphs.forward_weights:
            binding.bind_ortvalue_input(name, self._weights[name])
        binding.bind_cpu_input(W_PLUS, w_plus)
        names = [IMAGE, *self.graphs.kept] if keep else [IMAGE]
        for name in names:
            binding.bind_output(name)
        self._forward.run_with_iobinding(binding)
        outputs = dict(zip(names, binding.get_outputs(), strict=True))
        return np.asarray(outputs.pop(IMAGE).numpy()[0], np.float32), outputs

    def backward(self, kept: Kept, gradient: NDArray[np.float32]) -> NDArray[np.float32]:
        """The gradient [23, 512] of a code from that of its image [3, R, R]."""
        binding = self._backward.io_binding()
        for name in self.graphs.backward_weights:
            binding.bind_ortvalue_input(name, self._weights[name])
        for name, value in kept.items():
            binding.bind_ortvalue_input(name, value)
        binding.bind_cpu_input(IMAGE_GRADIENT, gradient[None])
        binding.bind_output(GRADIENT)
        self._backward.run_with_iobinding(binding)
        return np.asarray(binding.get_outputs()[0].numpy(), np.float32)


class _Image(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, w_plus: Tensor, size: _Size) -> Tensor:
        image, kept = size.forward(_array(w_plus), keep=True)
        context.size, context.kept = size, kept
        return torch.from_numpy(image)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return torch.from_numpy(context.size.backward(context.kept, _array(gradients[0]))), None


def _differentiable(w_plus: Tensor, size: _Size) -> Tensor:
    """The image [3, R, R] of a code [23, 512], with its gradient."""
    image: Tensor = _Image.apply(w_plus, size)  # type: ignore[no-untyped-call]
    return image


def _array(tensor: Tensor) -> NDArray[np.float32]:
    return np.ascontiguousarray(tensor.detach().numpy(), np.float32)
