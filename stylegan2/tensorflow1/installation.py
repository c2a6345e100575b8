"""The Python 3.7 with TensorFlow 1.15 that ``python3 install tensorflow1`` made in the data folder."""

import json
import os
import subprocess
from pathlib import Path

from retouchml import paths
from retouchml.errors import DeviceError

ADVICE = "Run `python3 install tensorflow1` in a checkout of RetouchML."
START_SECONDS = 180.0  # TensorFlow alone takes 3 to 20, more on a slow disk
MEMORY_ADVICE = "It may have run out of memory; the next attempt starts it anew."

_FOLDER = "tensorflow1"
_RECORD = "installed.json"
_LARGEST_RECORD = 65536
_TRIAL = (
    "import msgpack, numpy, tensorflow.compat.v1 as tf; tf.disable_eager_execution();"
    " assert tf.Session().run(tf.constant(20) + 1) == 21; print(tf.__version__)"
)


def interpreter() -> Path:
    """The path of that Python. Raises DeviceError if there is none."""
    record = _record()
    try:
        with record.open(encoding="utf-8") as stream:
            python = Path(json.loads(stream.read(_LARGEST_RECORD))["python"])
    except FileNotFoundError as error:
        raise DeviceError("The TensorFlow 1.15 engine is not installed.", ADVICE) from error
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DeviceError(f"{record} cannot be read.", ADVICE) from error
    if not python.is_file():
        raise DeviceError("The TensorFlow 1.15 engine's Python is missing.", ADVICE)
    return python


def is_installed() -> bool:
    """Whether there is a record of an installation, valid or not."""
    return _record().exists()


def version() -> str:
    """The version of the installed TensorFlow, after a trial computation. Raises DeviceError."""
    command = [str(interpreter()), "-I", "-W", "ignore", "-c", _TRIAL]
    try:
        outcome = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environment("cpu"),
            timeout=START_SECONDS,
            check=False,
        )
    except OSError as error:
        raise DeviceError(f"Its Python cannot be started ({error.strerror}).", ADVICE) from error
    except subprocess.TimeoutExpired as error:
        raise DeviceError(f"It gave no answer in {START_SECONDS:g} seconds.", MEMORY_ADVICE) from error
    if outcome.returncode != 0:
        reason = last_line(outcome.stderr) or outcome.returncode
        raise DeviceError(f"It does not work: {reason}.", ADVICE)
    return outcome.stdout.decode(errors="replace").strip()[:100]


def environment(device: str) -> dict[str, str]:
    """The environment of a process that computes on ``device``: auto, cpu, cuda or cuda:N."""
    changes = {"TF_CPP_MIN_LOG_LEVEL": "3"}
    kind, _, number = device.partition(":")
    if kind not in ("auto", "cuda"):
        changes["CUDA_VISIBLE_DEVICES"] = "-1"
    elif number:
        changes["CUDA_VISIBLE_DEVICES"] = number
    # all else stays: TensorFlow may need LD_LIBRARY_PATH to find CUDA, and -I hides Python's variables
    return os.environ | changes


def last_line(output: bytes) -> str:
    """The last line of a program's output that is not blank, without a full stop."""
    lines = output.decode(errors="replace").split("\n")
    return next((line.strip().rstrip(".") for line in reversed(lines) if line.strip()), "")


def _record() -> Path:
    return paths.data_dir() / _FOLDER / _RECORD
