"""The child's main loop: answers requests from standard input on standard output until the pipe closes.

``stylegan2/tensorflow1/child_process.py`` starts it as ``serve.main(PATH)`` with the network's file, or as
``serve.main("")`` if the content of such a file is the first message.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import warnings
from typing import IO, TYPE_CHECKING, Any

from . import messages, weights

if TYPE_CHECKING:
    from .runner import Runner

_BROKEN_PIPE = 3
_PIPE_CLOSED = 0


def main(path: str) -> None:
    """Serve the network in a file, or in the first message. Never returns."""
    requests_from, answers_to = _private_pipe()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent answers it: the pipe closes when it exits
    requests: queue.Queue[messages.Message] = queue.Queue()
    # From here on, the end of the pipe ends the process, whatever it computes.
    threading.Thread(target=_listen, args=(requests_from, requests), daemon=True).start()
    try:
        network = weights.read(path) if path else weights.parse(requests.get()["network"])
        runner, about = _start(network)
    except Exception as error:
        messages.write(answers_to, _failure(error))
        os._exit(_PIPE_CLOSED)
    messages.write(answers_to, {"ok": about})
    while True:
        request = requests.get()
        try:
            answer = {"ok": _answer(runner, request)}
        except Exception as error:
            answer = _failure(error)
        try:
            _reply(answers_to, answer)
        except OSError:
            os._exit(_PIPE_CLOSED)


def _reply(stream: IO[bytes], answer: messages.Message) -> None:
    try:
        messages.write(stream, answer)
    except messages.MessageTooLarge as error:
        messages.write(stream, _failure(error))


def _private_pipe() -> tuple[IO[bytes], IO[bytes]]:
    """Standard input and output, for this module alone: what libraries print goes to standard error."""
    requests_from = os.fdopen(os.dup(0), "rb")
    answers_to = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return requests_from, answers_to


def _listen(stream: IO[bytes], requests: queue.Queue[messages.Message]) -> None:
    try:
        request = messages.read(stream)
        while request is not None:
            requests.put(request)
            request = messages.read(stream)
    except (messages.MessageError, OSError, MemoryError) as error:
        sys.stderr.write(f"The pipe is broken: {error}.\n")
        sys.stderr.flush()
        os._exit(_BROKEN_PIPE)
    os._exit(_PIPE_CLOSED)


def _start(network: weights.Weights) -> tuple[Runner, messages.Message]:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    warnings.simplefilter("ignore")
    import tensorflow.compat.v1 as tf
    from tensorflow.python.client import device_lib

    from .runner import Runner

    tf.logging.set_verbosity(tf.logging.ERROR)
    devices = [device.name for device in device_lib.list_local_devices() if device.device_type == "GPU"]
    return Runner(network), {"version": tf.__version__, "gpus": devices}


def _answer(runner: Runner, request: messages.Message) -> Any:
    op = request.get("op")
    if op == "map":
        labels = request.get("labels")
        w = runner.map(
            messages.unpack_array(request.get("z")), None if labels is None else messages.unpack_array(labels)
        )
        return messages.pack_array(w)
    if op not in ("synthesize", "pull_back"):
        raise ValueError(f"no operation is called {op!r}")
    noise, seed, factor = request.get("noise"), request.get("seed"), request.get("factor")
    if not isinstance(noise, str) or type(seed) is not int or type(factor) is not int:
        raise ValueError("noise, seed or factor is missing")
    if not 0 <= seed < 1 << 31:
        raise ValueError("the seed must have 31 bits")
    w_plus = messages.unpack_array(request.get("w_plus"))
    if op == "synthesize":
        return messages.pack_array(runner.synthesize(w_plus, noise, seed, factor))
    cotangent = messages.unpack_array(request.get("cotangent"))
    return messages.pack_array(runner.pull_back(w_plus, noise, seed, factor, cotangent))


def _failure(error: Exception) -> messages.Message:
    """The answer to a request that failed; its kind is "usage", "memory" or "failure"."""
    kind = "failure"
    if isinstance(error, (ValueError, messages.MessageError)):
        return {"error": {"kind": "usage", "message": str(error)[:500]}}
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        kind = "memory"
    lines = f"{type(error).__name__}: {error}".splitlines()
    return {"error": {"kind": kind, "message": lines[0][:500] if lines else ""}}
