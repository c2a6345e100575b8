"""A step that is done many times, recorded as one CUDA graph once it has been done a few times.

The step is a function of nothing that changes tensors at fixed addresses. Its first times are real steps, in
which libraries choose their algorithms; recording does not execute it; and if there can be no recording, the
steps go on without one. So whatever happens, n calls are n steps.
"""

import logging
from collections.abc import Callable
from typing import Protocol

import torch

from stylegan2.cuda_graph import StepGraph

_WARM_UPS = 3  # as torch.cuda.make_graphed_callables has
_log = logging.getLogger(__name__)

Step = Callable[[], None]


class Recorder(Protocol):
    """What ``StepGraph`` is for CUDA."""

    def warm_up(self) -> None:
        """Do the step, as recording will."""

    def record(self) -> None:
        """Record the step without doing it. Raises RuntimeError or OutOfMemoryError if that is impossible."""

    def replay(self) -> None:
        """Do the recorded step."""

    def close(self) -> None:
        """Release the memory of the recording."""


class Repeated:
    """``step``, replayed from a recording where that is possible; one thread at a time may use it."""

    def __init__(
        self,
        step: Step,
        device: torch.device,
        *,
        enabled: bool = True,
        record: Callable[[Step, torch.device], Recorder] = StepGraph,
        device_type: str = "cuda",
    ) -> None:
        """record, device_type: makes a recorder, on devices of this type"""
        self._step = step
        self._recorder = record(step, device) if enabled and device.type == device_type else None
        self._done = 0
        self.recorded = False

    def __call__(self) -> None:
        self._done += 1
        if self._recorder is None:
            self._step()
        elif self._done <= _WARM_UPS:
            self._recorder.warm_up()
        elif self.recorded or self._record(self._recorder):
            self._recorder.replay()
        else:
            self._step()

    def close(self) -> None:
        """Release the memory of the recording; later calls do the step without one."""
        if self._recorder is not None and self.recorded:
            self._recorder.close()
        self._recorder, self.recorded = None, False

    def _record(self, recorder: Recorder) -> bool:
        try:
            recorder.record()
            self.recorded = True
        except torch.OutOfMemoryError as error:
            _log.info("No memory for a CUDA graph of the step: %s", error)
        except RuntimeError as error:
            _log.warning("No CUDA graph of the step, it runs kernel by kernel: %s", error)
        if not self.recorded:
            self._recorder = None
        return self.recorded
