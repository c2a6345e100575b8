"""Which calls of a network are replayed from a recording, and for how long one is kept.

A small network is so fast on a GPU that starting its kernels one by one takes longer than computing them.
``stylegan2.cuda_graph`` records them; here is the policy, which needs no GPU.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from stylegan2.cuda_graph import CudaGraph
from stylegan2.networks.stamps import Stamp, stamp

_KEPT = 4  # recordings of a network; each holds the memory of one pass
_log = logging.getLogger(__name__)


class Recording(Protocol):
    """A pass of fixed shape and type."""

    def replay(self, w_plus: Tensor) -> Tensor:
        """What was recorded, of another ``w_plus``; the result is nobody else's."""

    def close(self) -> None:
        """Give the memory back."""


Record = Callable[[Callable[[Tensor], Tensor], Tensor], Recording]
_Key = tuple[Hashable, ...]


class Graphed:
    """``compute(w_plus, *mode)``, with the same results, replayed where that is possible and worth while.

    The second call of a shape, type and mode records it, so that a single one costs nothing; the first, as
    it is, raises whatever is wrong with its arguments. Only calls without gradient, on weights that do not
    learn, are recorded. Weights that were written to, moved or cast end all recordings, as does a call with
    gradient: it needs the memory more. Torch's own settings (TF32, cuDNN) count as they were at the
    recording.

    failed: whether a recording did not come about; from then on, all calls are as they are without

    Threads may share it.
    """

    def __init__(
        self,
        network: nn.Module,
        compute: Callable[..., Tensor],
        *,
        record: Record = CudaGraph,
        device_type: str = "cuda",
        kept: int = _KEPT,
    ) -> None:
        """network: whose weights ``compute`` uses; its modules stay the same.

        compute: without random numbers, and in each ``mode`` with the same kernels for the same shape
        record, device_type: what makes a recording, and where
        """
        self._modules = list(network.modules())
        self._compute, self._record = compute, record
        self._device_type, self._kept = device_type, kept
        self._lock = threading.Lock()
        # None stands for a call that was seen once; beside a recording is what must live as long.
        self._recordings: OrderedDict[_Key, tuple[Recording, list[Any]] | None] = OrderedDict()
        self._stamp: Stamp = ()
        self.failed = False

    def __call__(self, w_plus: Tensor, *mode: Hashable) -> Tensor:
        if self.failed or w_plus.device.type != self._device_type:
            return self._compute(w_plus, *mode)
        if torch.is_grad_enabled() and w_plus.requires_grad:
            self.close()
            return self._compute(w_plus, *mode)
        weights = self._weights()
        if not self._is_replayable(w_plus, weights):
            return self._compute(w_plus, *mode)
        key = (w_plus.shape, w_plus.dtype, *mode)
        with self._lock:
            recording = self._recorded(key, stamp(weights), w_plus, mode)
            if recording is not None:
                return recording.replay(w_plus)
        image = self._compute(w_plus, *mode)
        with self._lock:
            self._keep(key, self._recordings.get(key))
        return image

    def close(self) -> None:
        """Drop all recordings; later calls make new ones."""
        with self._lock:
            self._drop()

    def _weights(self) -> list[Tensor]:
        found: list[Tensor] = []
        for module in self._modules:
            found += [tensor for tensor in module._parameters.values() if tensor is not None]
            found += [tensor for tensor in module._buffers.values() if tensor is not None]
        return found

    def _is_replayable(self, w_plus: Tensor, weights: list[Tensor]) -> bool:
        return (
            weights[0].device == w_plus.device
            and not any(weight.requires_grad for weight in weights)
            and not torch.is_autocast_enabled(self._device_type)
            # the caller may be recording something larger
            and not (w_plus.is_cuda and torch.cuda.is_current_stream_capturing())
        )

    def _recorded(
        self, key: _Key, now: Stamp, w_plus: Tensor, mode: tuple[Hashable, ...]
    ) -> Recording | None:
        """The recording for a call, made if need be; None for the first call, or where none can be made."""
        if now != self._stamp:
            self._drop()
            self._stamp = now
        if key not in self._recordings:
            return None
        known = self._recordings[key]
        if known is None:
            try:
                recording = self._record(lambda codes: self._compute(codes, *mode), w_plus)
            except RuntimeError as error:
                self.failed = True
                self._drop()
                _log.warning("No CUDA graphs for this network, it runs kernel by kernel: %s", error)
                return None
            # A recording knows addresses only: weights that modules prepared must live as long as it does.
            known = recording, [vars(module).copy() for module in self._modules]
        self._keep(key, known)
        return known[0]

    def _keep(self, key: _Key, known: tuple[Recording, list[Any]] | None) -> None:
        self._recordings[key] = known
        self._recordings.move_to_end(key)
        while len(self._recordings) > self._kept:
            _, dropped = self._recordings.popitem(last=False)
            if dropped is not None:
                dropped[0].close()

    def _drop(self) -> None:
        dropped = [known for known in self._recordings.values() if known is not None]
        self._recordings.clear()
        for recording, _ in dropped:
            recording.close()
