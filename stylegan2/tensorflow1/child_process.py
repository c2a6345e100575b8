"""The child process with TensorFlow 1.15: started when first needed, asked over a pipe, gone with its parent.

One request at a time. Whatever breaks an exchange off (a time-out, Ctrl-C, a dead child, nonsense) ends the
child, since an answer might still be on its way; the next request starts a new one.
"""

import json
import os
import subprocess
import tempfile
import threading
import weakref
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from retouchml import paths
from retouchml.errors import DeviceError, UsageError
from retouchml.system.processes import CREATION_FLAGS
from stylegan2.tensorflow1.py37 import messages

FOLDER = "tensorflow1"
RECORD = "installed.json"
START_SECONDS = 180.0  # TensorFlow alone takes 3 to 20, more on a slow disk
REQUEST_SECONDS = 900.0  # a gradient at 1024 px takes about 20 on two cores

_LARGEST_RECORD = 65536
_LONGEST_WORDS = 2000
_PATIENCE_SECONDS = 2.0
_MAIN = "import sys; sys.path.append(sys.argv[1]); from py37 import serve; serve.main(sys.argv[2])"
_TRIAL = (
    "import msgpack, numpy, tensorflow.compat.v1 as tf; tf.disable_eager_execution();"
    " assert tf.Session().run(tf.constant(20) + 1) == 21; print(tf.__version__)"
)
_SMALLER = "It may have run out of memory; the next attempt starts it anew."
_INSTALL = "Run `python3 install tensorflow1` in RetouchML's folder."


def interpreter() -> Path:
    """The Python 3.7 with TensorFlow 1.15 that the installer made. Raises DeviceError where there is none."""
    record = paths.data_dir() / FOLDER / RECORD
    try:
        with record.open(encoding="utf-8") as stream:
            python = Path(json.loads(stream.read(_LARGEST_RECORD))["python"])
    except FileNotFoundError as error:
        raise DeviceError("The TensorFlow 1.15 engine is not installed.", _INSTALL) from error
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DeviceError(f"{record} cannot be read.", _INSTALL) from error
    if not python.is_file():
        raise DeviceError("The TensorFlow 1.15 engine's Python has gone.", _INSTALL)
    return python


def is_installed() -> bool:
    """Whether an installer left its record, sound or not."""
    return (paths.data_dir() / FOLDER / RECORD).exists()


def version() -> str:
    """That of the TensorFlow that was installed, which has been seen to compute. Raises DeviceError."""
    command = [str(interpreter()), "-I", "-W", "ignore", "-c", _TRIAL]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=_environment("cpu"),
            timeout=START_SECONDS,
            check=False,
        )
    except OSError as error:
        raise DeviceError(f"Its Python cannot be started ({error.strerror}).", _INSTALL) from error
    except subprocess.TimeoutExpired as error:
        raise DeviceError(f"It gave no answer in {START_SECONDS:g} seconds.", _SMALLER) from error
    if done.returncode != 0:
        raise DeviceError(f"It does not work: {_last_line(done.stderr) or done.returncode}.", _INSTALL)
    return done.stdout.decode(errors="replace").strip()[:100]


class ChildProcess:
    """The process that runs one network."""

    def __init__(self, python: Path, weights: Path | bytes, device: str) -> None:
        """weights: a file of our own format, or the content of one, which then goes over the pipe.

        device: cpu hides every GPU, cuda:N all but that one; auto and cuda leave it to TensorFlow.
        """
        self._python, self._device = python, device
        self._path = str(weights.absolute()) if isinstance(weights, Path) else ""
        self._first = None if isinstance(weights, Path) else {"network": weights}
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self._closing: weakref.finalize[Any, Any] | None = None
        self.start_seconds, self.request_seconds = START_SECONDS, REQUEST_SECONDS
        self.about: messages.Message = {}

    @property
    def pid(self) -> int | None:
        """Of the running process; None while there is none."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process, unless it runs. Raises DeviceError."""
        with self._lock:
            self._ready()

    def ask(self, request: messages.Message) -> Any:
        """What the child answers. Raises UsageError where the request makes no sense, else DeviceError."""
        with self._lock:
            process = self._ready()
            return self._exchange(process, request, self.request_seconds)

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def _ready(self) -> "subprocess.Popen[bytes]":
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._end()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        folder = Path(__file__).parent
        try:
            self._process = subprocess.Popen(
                # isolated: neither the caller's folder nor its Python's settings count
                [self._python, "-I", "-c", _MAIN, str(folder), self._path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=_environment(self._device),
                start_new_session=True,  # Ctrl-C is for the parent to answer
                creationflags=CREATION_FLAGS,
            )
        except OSError as error:
            raise DeviceError(
                f"The TensorFlow 1.15 engine cannot be started ({error.strerror}).", _INSTALL
            ) from error
        self._closing = weakref.finalize(self, _finish, self._process, self._errors)
        try:
            self.about = self._exchange(self._process, self._first, self.start_seconds)
        except BaseException:
            self._end()
            raise
        return self._process

    def _exchange(
        self, process: "subprocess.Popen[bytes]", request: messages.Message | None, seconds: float
    ) -> Any:
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Event()

        def expire() -> None:
            late.set()
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
            raise self._lost(seconds if late.is_set() else None, error) from error
        except BaseException:
            self._end()
            raise
        finally:
            timer.cancel()
        if "ok" in answer:
            return answer["ok"]
        raise _told(answer.get("error"))

    def _lost(self, late: float | None, error: Exception) -> DeviceError:
        """End the process and say why it was of no use."""
        process = self._process
        assert process is not None
        with suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE_SECONDS)
        code, words = process.poll(), self._last_words()
        self._end()
        if late is not None:
            return DeviceError(f"The TensorFlow 1.15 engine gave no answer in {late:g} seconds.", _SMALLER)
        if code is None or isinstance(error, messages.MessageError):
            return DeviceError(f"The TensorFlow 1.15 engine answered nonsense: {error}.", _INSTALL)
        end = f"signal {-code}" if code < 0 else f"exit status {code}"
        said = f": {words}" if words else ""
        return DeviceError(f"The TensorFlow 1.15 engine died ({end}){said}.", _SMALLER)

    def _last_words(self) -> str:
        if self._errors is None:
            return ""
        with suppress(OSError, ValueError):
            size = self._errors.seek(0, os.SEEK_END)
            self._errors.seek(max(0, size - _LONGEST_WORDS))
            return _last_line(self._errors.read(_LONGEST_WORDS))
        return ""

    def _end(self) -> None:
        if self._closing is not None:
            self._closing()
        elif self._errors is not None:  # it could not be started
            self._errors.close()
        self._process = self._errors = self._closing = None


def _finish(process: "subprocess.Popen[bytes]", errors: IO[bytes]) -> None:
    """End the process; it holds nothing that would have to be saved."""
    errors.close()
    if process.poll() is None:
        process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        with suppress(OSError):  # what could not be sent is sent once more when it closes
            if stream is not None:
                stream.close()


def _last_line(words: bytes) -> str:
    lines = words.decode(errors="replace").split("\n")
    return next((line.strip().rstrip(".") for line in reversed(lines) if line.strip()), "")


def _told(error: object) -> Exception:
    kind, message = "failure", "no reason"
    if isinstance(error, dict):
        kind, message = str(error.get("kind")), str(error.get("message"))
    if kind == "usage":
        return UsageError(f"The TensorFlow 1.15 engine refused: {message}.")
    if kind == "memory":
        return DeviceError("There is not enough memory for the TensorFlow 1.15 engine.", "Close something.")
    return DeviceError(f"The TensorFlow 1.15 engine failed ({message}).", _INSTALL)


def _environment(device: str) -> dict[str, str]:
    changes = {"TF_CPP_MIN_LOG_LEVEL": "3"}
    kind, _, number = device.partition(":")
    if kind not in ("auto", "cuda"):
        changes["CUDA_VISIBLE_DEVICES"] = "-1"
    elif number:
        changes["CUDA_VISIBLE_DEVICES"] = number
    return os.environ | changes
