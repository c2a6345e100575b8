"""The one place that loads ONNX Runtime, after the settings that keep it from reporting to its maker."""

from pathlib import Path

# Before ONNX Runtime, which reads the environment once, when it is imported: the package sets it.
from retouchml.errors import ModelCorrupt

# isort: split
import onnxruntime


def session(model: Path | bytes, threads: int, advice: str) -> "onnxruntime.InferenceSession":
    """A network ready to run on the CPU; 0 threads: as many as ONNX Runtime thinks best.

    Raises ModelCorrupt with ``advice`` where the file is missing or no network.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    source = model if isinstance(model, bytes) else str(model)
    try:
        return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises classes of its own, without a common base
        name = "the network" if isinstance(model, bytes) else model
        raise ModelCorrupt(f"ONNX Runtime cannot load {name}.", advice) from error
