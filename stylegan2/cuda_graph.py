"""Passes and steps as CUDA graphs: recorded once, then started as a whole instead of kernel by kernel.

As in torch's notes on CUDA graphs, the pass first runs on a side stream, where libraries choose their
algorithms and allocate their memory, and is then recorded on that stream, between tensors at fixed addresses.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import torch
from torch import Tensor
from torch.torch_version import TorchVersion

_WARM_UP_PASSES = 3  # as torch.cuda.make_graphed_callables does
_MIN_TORCH = "2.13"  # before, a recording that fails leaves torch's allocator broken (pytorch/pytorch#180395)
# All generators of a device share the side stream. A step may close a recording, hence RLock.
_RECORDING = threading.RLock()


class CudaGraph:
    """A recorded pass of fixed shape and type; one thread at a time may use it.

    It holds the memory of all intermediate results, and a workspace of cuBLAS, until ``close``.
    """

    def __init__(self, compute: Callable[[Tensor], Tensor], w_plus: Tensor) -> None:
        """Record ``compute`` of a ``w_plus`` like this one. Raises RuntimeError if that is impossible."""
        _check_torch()
        device = w_plus.device
        # Outside inference mode, whose tensors later calls outside of it could not write to.
        with _RECORDING, torch.inference_mode(False), torch.no_grad(), torch.cuda.device(device):
            self._w_plus = torch.empty(w_plus.shape, dtype=w_plus.dtype, device=device).copy_(w_plus)
            stream, side = torch.cuda.current_stream(), _side_stream(device)
            side.wait_stream(stream)
            with torch.cuda.stream(side):
                for _ in range(_WARM_UP_PASSES):
                    compute(self._w_plus)
            stream.wait_stream(side)
            self._graph = torch.cuda.CUDAGraph()
            with _capture(self._graph, stream, side):
                self._image = compute(self._w_plus)
            self._done = torch.cuda.Event()  # type: ignore[no-untyped-call]
            self._done.record(stream)

    def replay(self, w_plus: Tensor) -> Tensor:
        """The result of ``compute``, in memory of its own, on the caller's stream."""
        with torch.cuda.device(self._w_plus.device):
            stream = torch.cuda.current_stream()
            stream.wait_event(self._done)  # threads may have streams of their own; these tensors are shared
            self._w_plus.copy_(w_plus)
            try:
                self._graph.replay()
                image = self._image.clone()
            finally:  # even without memory for the copy, the graph runs
                self._done.record(stream)
        return image

    def close(self) -> None:
        """Release the memory, after the last replay has finished."""
        self._done.synchronize()
        with _RECORDING:  # this frees cuBLAS's workspace of the side stream, which a recording may use
            self._graph.reset()


class StepGraph:
    """A step that changes tensors at fixed addresses; one thread at a time may use it.

    The step may differentiate. Its tensors must have been made before, outside of the recording.
    """

    def __init__(self, step: Callable[[], None], device: torch.device) -> None:
        self._step, self._device = step, device
        self._graph = torch.cuda.CUDAGraph()

    def warm_up(self) -> None:
        """Do the step on the side stream, on which it will be recorded."""
        with _RECORDING, torch.cuda.device(self._device):
            stream, side = torch.cuda.current_stream(), _side_stream(self._device)
            side.wait_stream(stream)
            with torch.cuda.stream(side), torch.autograd.set_multithreading_enabled(False):
                self._step()
            stream.wait_stream(side)

    def record(self) -> None:
        """Record the step without doing it. Raises RuntimeError if that is impossible."""
        _check_torch()
        with _RECORDING, torch.cuda.device(self._device):
            stream, side = torch.cuda.current_stream(), _side_stream(self._device)
            side.wait_stream(stream)
            # Autograd's own thread would differentiate beside the recording, whose errors it would not see.
            with torch.autograd.set_multithreading_enabled(False), _capture(self._graph, stream, side):
                self._step()

    def replay(self) -> None:
        """Do the recorded step on the caller's stream."""
        with torch.cuda.device(self._device):
            self._graph.replay()

    def close(self) -> None:
        """Release the memory, after the last replay has finished."""
        torch.cuda.synchronize(self._device)
        with _RECORDING:
            self._graph.reset()


def _check_torch() -> None:
    """Raise RuntimeError if this torch does not recover from a recording that fails."""
    if TorchVersion(torch.__version__) < _MIN_TORCH:
        raise RuntimeError(f"torch {torch.__version__} does not recover from one that fails")
    if not hasattr(torch._C, "_cuda_clearCublasWorkspaces"):
        raise RuntimeError(f"torch {torch.__version__} does not say how to clear cuBLAS's workspaces")


@contextmanager
def _capture(
    graph: torch.cuda.CUDAGraph, stream: torch.cuda.Stream, side: torch.cuda.Stream
) -> Iterator[None]:
    """A block whose kernels are recorded on ``side``, not executed."""
    clear_workspaces = torch._C._cuda_clearCublasWorkspaces
    # By default, calls of CUDA by other threads would fail meanwhile, and this recording with them.
    recording = torch.cuda.graph(graph, stream=side, capture_error_mode="thread_local")
    # cuBLAS has one workspace for all that runs on ``side``, and resetting any graph recorded there frees it
    # while the others use it (pytorch/pytorch#193402); graphs that replay at once would also share it. Since
    # it is cleared before and after, as in torch/_inductor/cudagraph_trees.py, each graph has one in its own
    # memory.
    clear_workspaces()
    try:
        # without this, a recording that fails would leave the thread on ``side``
        with torch.cuda.stream(stream), recording:
            yield
    finally:
        clear_workspaces()


@cache
def _side_stream(device: torch.device) -> torch.cuda.Stream:
    """The side stream, always the same: torch reuses memory freed on a stream for that stream only."""
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
