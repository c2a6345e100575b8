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
    learn, are recorded. Weights that were written to, moved or cast end all recordings, as far as
    ``stylegan2.networks.stamps`` sees it, as does a call with gradient: it needs the memory more. So do calls
    and recordings that run out of memory; they are then computed without. Torch's own settings (TF32, cuDNN)
    count as they were at the recording.

    enabled: may be set at any time; what is recorded stays until ``close``
    failed: whether a recording did not come about for any reason but memory; from then on, all calls are as
        they are without

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
        enabled: bool = True,
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
        self.enabled = enabled
        self.failed = False

    def __call__(self, w_plus: Tensor, *mode: Hashable) -> Tensor:
        if not self.enabled or self.failed or w_plus.device.type != self._device_type:
            return self._compute(w_plus, *mode)
        if torch.is_grad_enabled() and w_plus.requires_grad:
            self.close()
            return self._compute(w_plus, *mode)
        weights = self._weights()
        if not self._is_replayable(w_plus, weights):
            return self.plain(w_plus, *mode)
        key = (w_plus.shape, w_plus.dtype, *mode)
        with self._lock:
            seen = self._seen(key, stamp(weights))
            image = self._replayed(key, w_plus, mode, weights) if seen else None
        if image is not None:
            return image
        image = self.plain(w_plus, *mode)
        if not seen:
            with self._lock:
                self._keep(key, self._recordings.get(key))
        return image

    def plain(self, w_plus: Tensor, *mode: Hashable) -> Tensor:
        """Never replayed; but where the memory does not suffice, it gets that of the recordings."""
        try:
            return self._compute(w_plus, *mode)
        except torch.OutOfMemoryError:
            if _is_capturing(w_plus) or not self.close():
                raise
        torch.cuda.empty_cache()  # down here, where the error no longer holds what was computed so far
        return self._compute(w_plus, *mode)

    def close(self) -> bool:
        """Drop all recordings; later calls make new ones. Returns whether there were any."""
        with self._lock:
            return self._drop()

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
            and not _is_capturing(w_plus)
        )

    def _seen(self, key: _Key, now: Stamp) -> bool:
        if now != self._stamp:
            self._drop()
            self._stamp = now
        return key in self._recordings

    def _replayed(
        self, key: _Key, w_plus: Tensor, mode: tuple[Hashable, ...], weights: list[Tensor]
    ) -> Tensor | None:
        """From the recording, made if need be; None where there can be none, or no memory for it."""
        try:
            recording = self._recorded(key, w_plus, mode, weights)
            return None if recording is None else recording.replay(w_plus)
        except torch.OutOfMemoryError as error:
            self._drop()
            _log.info("No memory for a CUDA graph: %s", error)
            return None

    def _recorded(
        self, key: _Key, w_plus: Tensor, mode: tuple[Hashable, ...], weights: list[Tensor]
    ) -> Recording | None:
        known = self._recordings[key]
        if known is None:
            try:
                recording = self._record(lambda codes: self._compute(codes, *mode), w_plus)
            except torch.OutOfMemoryError:
                raise
            except RuntimeError as error:
                # A recording that is broken off may fail to end, too.
                if isinstance(error.__context__, torch.OutOfMemoryError):
                    raise error.__context__ from None
                self.failed = True
                self._drop()
                _log.warning("No CUDA graphs for this network, it runs kernel by kernel: %s", error)
                return None
            # A recording knows addresses only: weights, and those that modules prepared, must live as long.
            # Nor can a weight then come to lie at the address of one that it replaced, and pass for it.
            known = recording, [weights, *(vars(module).copy() for module in self._modules)]
        self._keep(key, known)
        return known[0]

    def _keep(self, key: _Key, known: tuple[Recording, list[Any]] | None) -> None:
        self._recordings[key] = known
        self._recordings.move_to_end(key)
        while len(self._recordings) > self._kept:
            _, dropped = self._recordings.popitem(last=False)
            if dropped is not None:
                dropped[0].close()

    def _drop(self) -> bool:
        dropped = [known for known in self._recordings.values() if known is not None]
        self._recordings.clear()
        for recording, _ in dropped:
            recording.close()
        return bool(dropped)


def _is_capturing(w_plus: Tensor) -> bool:
    """Whether the caller is recording something larger."""
    return w_plus.is_cuda and torch.cuda.is_current_stream_capturing()
