"""Renders on a CPU with ONNX Runtime, which runs the same network there three times as fast as torch.

No gradient; ``benchmarks/speed.py`` measures both.
"""

import io
import os
import warnings
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from stylegan2.onnx_session import session

_OPSET = 17


def export(network: torch.nn.Module, num_styles: int, w_dim: int) -> bytes:
    """The ONNX form of a network w_plus [1, L, W] → image [1, 3, H, W]."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # The exporter that traces is deprecated, but its successor does no better here and needs onnxscript.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (torch.zeros(1, num_styles, w_dim),),
            buffer,  # type: ignore[arg-type]  # the exporter that traces takes files, too
            dynamo=False,
            opset_version=_OPSET,
            input_names=["w_plus"],
            output_names=["image"],
        )
    return buffer.getvalue()


def _cores() -> int:
    """Processor cores that this process may use; 0 lets ONNX Runtime decide where the system does not say."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0


class OnnxRenderer:
    """w_plus [L, W] → image [3, H, W], as exported by ``export``."""

    def __init__(self, model: Path | bytes, threads: int | None = None) -> None:
        """Raises ModelCorrupt where ONNX Runtime does not accept the file."""
        self._session = session(
            model, threads or _cores(), "Fetch the model again: retouchml models fetch NAME."
        )

    def __call__(self, w_plus: NDArray[np.float32]) -> NDArray[np.float32]:
        (image,) = self._session.run(["image"], {"w_plus": np.ascontiguousarray(w_plus[None], np.float32)})
        return np.asarray(image[0], np.float32)
