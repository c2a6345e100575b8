"""ONNX Runtime: sessions on the CPU, and a renderer three times as fast there as torch.

No gradient; ``benchmarks/speed.py`` measures both.
"""

import io
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

# Before ONNX Runtime, which reads the environment once, when it is imported: this package sets it, so that it
# does not report to its maker.
from retouchml.errors import ModelCorrupt

# isort: split
import onnxruntime

if TYPE_CHECKING:
    from torch import nn

_OPSET = 17
SPINNING = "0"
"""Whether ONNX Runtime's threads wait awake, "0" or "1": they would take the cores from torch, too."""


def session(
    model: Path | bytes, threads: int, advice: str, *, plans_memory: bool = True
) -> "onnxruntime.InferenceSession":
    """A network ready to run on the CPU; with 0 threads, ONNX Runtime chooses their number.

    plans_memory: whether a run takes all of its memory as one block, which a session keeps beside the rest

    Raises ModelCorrupt with ``advice`` if the file is missing or no network.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    options.enable_mem_pattern = plans_memory
    for pool in ("intra_op", "inter_op"):
        options.add_session_config_entry(f"session.{pool}.allow_spinning", SPINNING)
    source = model if isinstance(model, bytes) else str(model)
    try:
        loaded = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises classes of its own, without a common base
        name = "the network" if isinstance(model, bytes) else model
        raise ModelCorrupt(f"ONNX Runtime cannot load {name}.", advice) from error
    loaded._model_bytes = None  # its copy of the file, for other providers, which there are not
    return loaded


class OnnxRenderer:
    """Renders w_plus [L, W] → image [3, H, W] with a network that ``export`` wrote."""

    def __init__(self, model: Path | bytes, threads: int | None = None) -> None:
        """Raises ModelCorrupt if ONNX Runtime does not accept the file."""
        self._session = session(
            model, threads or _cores(), "Fetch the model again: retouchml models fetch NAME."
        )

    def __call__(self, w_plus: NDArray[np.float32]) -> NDArray[np.float32]:
        (image,) = self._session.run(["image"], {"w_plus": np.ascontiguousarray(w_plus[None], np.float32)})
        return np.asarray(image[0], np.float32)


def export(network: "nn.Module", num_styles: int, w_dim: int) -> bytes:
    """The ONNX form of a network w_plus [1, L, W] → image [1, 3, H, W]."""
    import torch

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
    """Processor cores that this process may use; 0 if the system does not say."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
