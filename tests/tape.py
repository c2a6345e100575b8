"""A CUDA graph on the CPU: operations are written down once, and done again on the very same tensors.

As with a graph, Python code no longer runs: a number that it read, or a tensor that it made anew, is what it
was at the recording. Unlike a graph, recording does the operations, so that their effect is undone after it.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class _Writing(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Writes down operations, and keeps what tensors from outside held before they were written to."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations: list[tuple[Any, Any, Any, list[Tensor]]] = []
        self.before: list[tuple[Tensor, Tensor]] = []
        self._made: set[int] = set()  # storages of results

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        given = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        if func._schema.is_mutable:
            for tensor in given:
                if tensor.untyped_storage().data_ptr() not in self._made:
                    self.before.append((tensor, tensor.clone()))
        result = func(*args, **kwargs)
        results = [leaf for leaf in tree_leaves(result) if isinstance(leaf, Tensor)]
        storages = {tensor.untyped_storage().data_ptr() for tensor in given}
        own = [tensor for tensor in results if tensor.untyped_storage().data_ptr() not in storages]
        self._made |= {tensor.untyped_storage().data_ptr() for tensor in own}
        self.operations.append((func, args, kwargs, results))
        return result


class Tape:
    """Records as ``stylegan2.cuda_graph.StepGraph`` does."""

    def __init__(self, step: Callable[[], None], _device: torch.device) -> None:
        self._step = step
        self._writing: _Writing | None = None
        self.warmed_up = self.replayed = 0
        self.closed = False

    def warm_up(self) -> None:
        self.warmed_up += 1
        self._step()

    def record(self) -> None:
        writing = _Writing()
        with writing:
            self._step()
        with torch.no_grad():
            for tensor, before in reversed(writing.before):
                tensor.copy_(before)
        self._writing = writing

    def replay(self) -> None:
        assert self._writing is not None
        assert not self.closed
        self.replayed += 1
        with torch.no_grad(), torch._C._AutoDispatchBelowAutograd():
            for func, args, kwargs, results in self._writing.operations:
                again = [leaf for leaf in tree_leaves(func(*args, **kwargs)) if isinstance(leaf, Tensor)]
                for tensor, value in zip(results, again, strict=True):
                    if tensor.data_ptr() != value.data_ptr():
                        tensor.copy_(value)

    def close(self) -> None:
        self.closed = True
