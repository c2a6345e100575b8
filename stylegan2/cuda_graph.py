"""A forward pass as one CUDA graph: recorded once, then started whole instead of kernel by kernel.

The recipe is that of torch's notes on CUDA graphs: what computes first runs on a side stream, where libraries
choose their algorithms and take their memory, and is then recorded on that stream between tensors that stay
where they are.
"""

import threading
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor
from torch.torch_version import TorchVersion

_WARM_UP = 3  # as torch.cuda.make_graphed_callables does
_SOUND = "2.13"  # before, a recording that fails leaves torch's allocator broken (pytorch/pytorch#180395)
_RECORDING = threading.Lock()  # all generators of a device share the side stream


class CudaGraph:
    """One recorded pass of fixed shape and type; for one thread at a time.

    It holds the memory of all that is computed on the way, and a workspace of cuBLAS, until ``close``.
    """

    def __init__(self, compute: Callable[[Tensor], Tensor], w_plus: Tensor) -> None:
        """Record ``compute`` of a ``w_plus`` like this one. Raises RuntimeError where that cannot be."""
        if TorchVersion(torch.__version__) < _SOUND:
            raise RuntimeError(f"torch {torch.__version__} does not recover from one that fails")
        clear_workspaces = getattr(torch._C, "_cuda_clearCublasWorkspaces", None)
        if clear_workspaces is None:
            raise RuntimeError(f"torch {torch.__version__} does not say how to clear cuBLAS's workspaces")
        device = w_plus.device
        # Out of inference mode: its tensors could not be written to by later calls outside of it.
        with _RECORDING, torch.inference_mode(False), torch.no_grad(), torch.cuda.device(device):
            self._w_plus = torch.empty(w_plus.shape, dtype=w_plus.dtype, device=device).copy_(w_plus)
            stream, side = torch.cuda.current_stream(), _side_stream(device)
            side.wait_stream(stream)
            with torch.cuda.stream(side):
                for _ in range(_WARM_UP):
                    compute(self._w_plus)
            stream.wait_stream(side)
            self._graph = torch.cuda.CUDAGraph()
            # By default, whatever another thread asks of CUDA meanwhile would fail, and this with it.
            graph = torch.cuda.graph(self._graph, stream=side, capture_error_mode="thread_local")
            # cuBLAS has one workspace for all that runs on ``side``, and resetting any graph recorded there
            # frees it under the others (pytorch/pytorch#193402); graphs that replay at once would share it,
            # too. As it is cleared before and after, like in torch/_inductor/cudagraph_trees.py, each graph
            # has one in its own memory.
            clear_workspaces()
            try:
                # by itself, one that fails leaves this thread on ``side``
                with torch.cuda.stream(stream), graph:
                    self._image = compute(self._w_plus)
            finally:
                clear_workspaces()
            self._done = torch.cuda.Event()  # type: ignore[no-untyped-call]
            self._done.record(stream)

    def replay(self, w_plus: Tensor) -> Tensor:
        """What ``compute`` gives, in memory of its own, on the caller's stream."""
        with torch.cuda.device(self._w_plus.device):
            stream = torch.cuda.current_stream()
            stream.wait_event(self._done)  # threads may have streams of their own; these tensors are shared
            self._w_plus.copy_(w_plus)
            try:
                self._graph.replay()
                image = self._image.clone()
            finally:  # without memory for the copy, the graph runs all the same
                self._done.record(stream)
        return image

    def close(self) -> None:
        """Give the memory back, once nothing runs any more."""
        self._done.synchronize()
        with _RECORDING:  # it frees cuBLAS's workspace for the side stream, which may be in use there
            self._graph.reset()


@cache
def _side_stream(device: torch.device) -> torch.cuda.Stream:
    """Always the same one: what is freed on a stream, torch keeps for that stream."""
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
