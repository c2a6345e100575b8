"""The child process with TensorFlow 1.15: started when first needed, and asked over a pipe.

One request at a time. Whatever interrupts an exchange (a time-out, Ctrl-C, a lost process, an invalid answer)
ends the process, since an answer might still be on its way; the next request starts a new one.
"""

import os
import subprocess
import tempfile
import threading
import weakref
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from retouchml.errors import DeviceError, UsageError
from retouchml.system.processes import CREATION_FLAGS
from stylegan2.tensorflow1 import installation
from stylegan2.tensorflow1.py37 import messages

REQUEST_SECONDS = 900.0  # a gradient at 1024 px takes about 20 on two cores

_ERROR_TAIL = 2000  # bytes at the end of the error output that are searched for the reason of a failure
_EXIT_SECONDS = 2.0
_MAIN = "import sys; sys.path.append(sys.argv[1]); from py37 import serve; serve.main(sys.argv[2])"


class ChildProcess:
    """The process that runs one network; threads may share it."""

    def __init__(self, python: Path, weights: Path | bytes, device: str) -> None:
        """weights: a file of our own format, or the content of one, which is sent over the pipe.

        device: cpu hides every GPU, cuda:N all but that one; auto and cuda leave the choice to TensorFlow.
        """
        self._python, self._device = python, device
        self._path = str(weights.absolute()) if isinstance(weights, Path) else ""
        self._first_message = None if isinstance(weights, Path) else {"network": weights}
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._error_output: IO[bytes] | None = None
        self._finalizer: weakref.finalize[Any, Any] | None = None
        self.start_seconds, self.request_seconds = installation.START_SECONDS, REQUEST_SECONDS
        self.about: messages.Message = {}

    @property
    def pid(self) -> int | None:
        """The process id; None while no process runs."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process unless it runs. Raises DeviceError."""
        with self._lock:
            self._running()

    def ask(self, request: messages.Message) -> Any:
        """The process's answer. Raises UsageError if it refuses the request, else DeviceError."""
        with self._lock:
            process = self._running()
            return self._exchange(process, request, self.request_seconds)

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def _running(self) -> "subprocess.Popen[bytes]":
        """The process, started if it does not run."""
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._end()
        self._error_output = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process runs
        folder = Path(__file__).parent
        try:
            self._process = subprocess.Popen(
                # isolated: neither the caller's folder nor its Python's settings count
                [self._python, "-I", "-c", _MAIN, str(folder), self._path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._error_output,
                env=installation.environment(self._device),
                start_new_session=True,  # Ctrl-C is for the parent to answer
                creationflags=CREATION_FLAGS,
            )
        except OSError as error:
            raise DeviceError(
                f"The TensorFlow 1.15 engine cannot be started ({error.strerror}).", installation.ADVICE
            ) from error
        self._finalizer = weakref.finalize(self, _finish, self._process, self._error_output)
        try:
            self.about = self._exchange(self._process, self._first_message, self.start_seconds)
        except BaseException:
            self._end()
            raise
        return self._process

    def _exchange(
        self, process: "subprocess.Popen[bytes]", request: messages.Message | None, seconds: float
    ) -> Any:
        assert process.stdin is not None
        assert process.stdout is not None
        timed_out = threading.Event()

        def expire() -> None:
            timed_out.set()
            process.kill()  # which ends the waiting below, be it for room in the pipe or for an answer

        timer = threading.Timer(seconds, expire)
        timer.daemon = True
        timer.start()
        try:
            if request is not None:
                messages.write(process.stdin, request)
            answer = messages.read(process.stdout)
            if answer is None:
                raise EOFError("it closed the pipe")
        except messages.MessageTooLarge as error:
            raise UsageError(f"That is too much at once for the TensorFlow 1.15 engine: {error}.") from error
        except (messages.MessageError, OSError, EOFError) as error:
            raise self._lost(seconds if timed_out.is_set() else None, error) from error
        except BaseException:
            self._end()
            raise
        finally:
            timer.cancel()
        if "ok" in answer:
            return answer["ok"]
        raise _failure(answer.get("error"))

    def _lost(self, timeout: float | None, error: Exception) -> DeviceError:
        """End the process; returns the error to raise.

        timeout: the seconds after which it was killed, None if it was not
        """
        process = self._process
        assert process is not None
        with suppress(subprocess.TimeoutExpired):
            process.wait(_EXIT_SECONDS)
        code, line = process.poll(), self._last_error_line()
        self._end()
        if timeout is not None:
            message = f"The TensorFlow 1.15 engine gave no answer in {timeout:g} seconds."
            return DeviceError(message, installation.MEMORY_ADVICE)
        if code is None or isinstance(error, messages.MessageError):
            message = f"The TensorFlow 1.15 engine gave an invalid answer: {error}."
            return DeviceError(message, installation.ADVICE)
        status = f"signal {-code}" if code < 0 else f"exit status {code}"
        reason = f": {line}" if line else ""
        message = f"The TensorFlow 1.15 engine stopped ({status}){reason}."
        return DeviceError(message, installation.MEMORY_ADVICE)

    def _last_error_line(self) -> str:
        if self._error_output is None:
            return ""
        with suppress(OSError, ValueError):
            size = self._error_output.seek(0, os.SEEK_END)
            self._error_output.seek(max(0, size - _ERROR_TAIL))
            return installation.last_line(self._error_output.read(_ERROR_TAIL))
        return ""

    def _end(self) -> None:
        if self._finalizer is not None:
            self._finalizer()
        elif self._error_output is not None:  # the process could not be started
            self._error_output.close()
        self._process = self._error_output = self._finalizer = None


def _finish(process: "subprocess.Popen[bytes]", error_output: IO[bytes]) -> None:
    """Kill the process, which has nothing to save, and close its streams."""
    error_output.close()
    if process.poll() is None:
        process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        with suppress(OSError):  # closing sends once more what could not be sent
            if stream is not None:
                stream.close()


def _failure(error: object) -> Exception:
    """The error to raise for the child's message "error"."""
    kind, message = "failure", "no reason"
    if isinstance(error, dict):
        kind, message = str(error.get("kind")), str(error.get("message"))
    if kind == "usage":
        return UsageError(f"The TensorFlow 1.15 engine refused: {message}.")
    if kind == "memory":
        return DeviceError("There is not enough memory for the TensorFlow 1.15 engine.", "Close something.")
    return DeviceError(f"The TensorFlow 1.15 engine failed ({message}).", installation.ADVICE)
