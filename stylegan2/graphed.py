"""Decides which calls of a network are recorded and replayed, and how long recordings are kept.

A small network is so fast on a GPU that starting its kernels one by one takes longer than computing them.
``stylegan2.cuda_graph`` records them; the policy is here, and needs no GPU.
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

_MAX_RECORDINGS = 4  # of a network; each holds the memory of one pass
_log = logging.getLogger(__name__)


class Recording(Protocol):
    """A recorded pass, of fixed shape and type."""

    def replay(self, w_plus: Tensor) -> Tensor:
        """The result for another ``w_plus``, in memory of its own."""

    def close(self) -> None:
        """Release the memory."""


Record = Callable[[Callable[[Tensor], Tensor], Tensor], Recording]
_Key = tuple[Hashable, ...]


class Graphed:
    """``compute(w_plus, *mode)`` with the same results, replayed from recordings when that is possible.

    The second call of a shape, type and mode is recorded, so that a single call costs nothing more; the
    first raises the errors of its arguments. Only calls without gradient, on weights that are not trained,
    are recorded. All recordings are dropped when weights are written to, moved or cast, as far as
    ``stylegan2.networks.stamps`` detects it; by a call with gradient, which needs the memory more; and when a
    call or a recording runs out of memory, which is then computed without. Torch's own settings (TF32, cuDNN)
    apply as they were at the recording.

    enabled: may be set at any time; recordings stay until ``close``
    failed: whether a recording failed for any reason but memory; from then on, nothing is recorded

    Threads may share it.
    """

    def __init__(
        self,
        network: nn.Module,
        compute: Callable[..., Tensor],
        *,
        record: Record = CudaGraph,
        device_type: str = "cuda",
        max_recordings: int = _MAX_RECORDINGS,
        enabled: bool = True,
    ) -> None:
        """network: whose weights ``compute`` uses; its modules stay the same.

        compute: uses no random numbers, and in each ``mode`` the same kernels for the same shape
        record, device_type: makes a recording, on devices of this type
        """
        self._modules = list(network.modules())
        self._compute, self._record = compute, record
        self._device_type, self._max_recordings = device_type, max_recordings
        self._lock = threading.Lock()
        # None stands for a single call so far; beside a recording are objects that must live as long.
        self._recordings: OrderedDict[_Key, tuple[Recording, list[Any]] | None] = OrderedDict()
        self._stamp: Stamp = ()
        self.enabled = enabled
        self.failed = False

    def __call__(self, w_plus: Tensor, *mode: Hashable) -> Tensor:
        if not self.enabled or self.failed or w_plus.device.type != self._device_type:
            return self._compute(w_plus, *mode)
        if torch.is_grad_enabled() and w_plus.requires_grad:
            if not _is_capturing(w_plus):  # to close waits for the device, which ends a recording
                self.close()
            return self._compute(w_plus, *mode)
        weights = self._weights()
        if not self._is_replayable(w_plus, weights):
            return self.plain(w_plus, *mode)
        key = (w_plus.shape, w_plus.dtype, *mode)
        with self._lock:
            is_second = self._is_second(key, stamp(weights))
            image = self._replay(key, w_plus, mode, weights) if is_second else None
        if image is not None:
            return image
        image = self.plain(w_plus, *mode)
        if not is_second:
            with self._lock:
                self._keep(key, self._recordings.get(key))
        return image

    def plain(self, w_plus: Tensor, *mode: Hashable) -> Tensor:
        """``compute`` without recording; if memory runs out, once more without the recordings."""
        try:
            return self._compute(w_plus, *mode)
        except torch.OutOfMemoryError:
            if _is_capturing(w_plus) or not self.close():
                raise
        torch.cuda.empty_cache()  # here, where the error no longer holds intermediate results
        return self._compute(w_plus, *mode)

    def close(self) -> bool:
        """Drop all recordings; returns whether there were any. Later calls make new ones."""
        with self._lock:
            return self._drop()

    def _weights(self) -> list[Tensor]:
        weights: list[Tensor] = []
        for module in self._modules:
            weights += [tensor for tensor in module._parameters.values() if tensor is not None]
            weights += [tensor for tensor in module._buffers.values() if tensor is not None]
        return weights

    def _is_replayable(self, w_plus: Tensor, weights: list[Tensor]) -> bool:
        return (
            weights[0].device == w_plus.device
            and not any(weight.requires_grad for weight in weights)
            and not torch.is_autocast_enabled(self._device_type)
            and not _is_capturing(w_plus)
        )

    def _is_second(self, key: _Key, current: Stamp) -> bool:
        """Whether there was a call like this with the same weights."""
        if current != self._stamp:
            self._drop()
            self._stamp = current
        return key in self._recordings

    def _replay(
        self, key: _Key, w_plus: Tensor, mode: tuple[Hashable, ...], weights: list[Tensor]
    ) -> Tensor | None:
        """The result from the recording, made if need be; None if there can be none, or no memory for it."""
        try:
            recording = self._recording(key, w_plus, mode, weights)
            return None if recording is None else recording.replay(w_plus)
        except torch.OutOfMemoryError as error:
            self._drop()
            _log.info("No memory for a CUDA graph: %s", error)
            return None

    def _recording(
        self, key: _Key, w_plus: Tensor, mode: tuple[Hashable, ...], weights: list[Tensor]
    ) -> Recording | None:
        entry = self._recordings[key]
        if entry is None:
            try:
                recording = self._record(lambda codes: self._compute(codes, *mode), w_plus)
            except torch.OutOfMemoryError:
                raise
            except RuntimeError as error:
                # A recording that is interrupted may also fail to end.
                if isinstance(error.__context__, torch.OutOfMemoryError):
                    raise error.__context__ from None
                self.failed = True
                self._drop()
                _log.warning("No CUDA graphs for this network, it runs kernel by kernel: %s", error)
                return None
            # A recording has addresses only: weights, and those that modules prepared, must live as long.
            # So no new weight can be at the address of one that it replaced, and be taken for it.
            entry = recording, [weights, *(vars(module).copy() for module in self._modules)]
        self._keep(key, entry)
        return entry[0]

    def _keep(self, key: _Key, entry: tuple[Recording, list[Any]] | None) -> None:
        self._recordings[key] = entry
        self._recordings.move_to_end(key)
        while len(self._recordings) > self._max_recordings:
            _, oldest = self._recordings.popitem(last=False)
            if oldest is not None:
                oldest[0].close()

    def _drop(self) -> bool:
        entries = [entry for entry in self._recordings.values() if entry is not None]
        self._recordings.clear()
        for recording, _ in entries:
            recording.close()
        return bool(entries)


def _is_capturing(w_plus: Tensor) -> bool:
    """Whether the caller is making a recording of its own."""
    return w_plus.is_cuda and torch.cuda.is_current_stream_capturing()
