"""dlib's convolutional face detector in a process of its own.

A search takes seconds, and dlib holds the interpreter meanwhile: only a process can be stopped at once. Its
memory, some hundred megabytes, is released with it.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import dlib
import numpy as np
from numpy.typing import NDArray

_POLL_SECONDS = 0.05
_NO_MODEL, _NO_MEMORY = 3, 4  # exit codes
_PARENT_DEATH = 1  # PR_SET_PDEATHSIG of prctl(2)


Rectangle = tuple[float, float, float, float, float]
"""A face: left, top, right, bottom in pixels, and the detector's confidence."""


class Search:
    """A search for faces that starts at once; leaving the block stops it."""

    def __init__(self, model: Path, image: NDArray[np.uint8], doublings: int) -> None:
        """image: [H, W, 3]; doublings: how often it is enlarged first."""
        height, width = image.shape[:2]
        from retouchml.system.processes import CREATION_FLAGS  # here: the isolated child has no such module

        header = {"model": str(model), "height": height, "width": width, "doublings": doublings}
        self._input = json.dumps(header).encode() + b"\n" + np.ascontiguousarray(image).tobytes()
        self.process = subprocess.Popen(
            [sys.executable, "-I", __file__, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C in a terminal is for this process, which stops the child
            creationflags=CREATION_FLAGS,
        )
        self._output = b""
        self._thread = threading.Thread(target=self._communicate, daemon=True)
        self._thread.start()

    def __enter__(self) -> "Search":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self._thread.join()

    def wait(self) -> bool:
        """Wait a moment; returns whether the search has finished."""
        self._thread.join(_POLL_SECONDS)
        return not self._thread.is_alive()

    @property
    def faces(self) -> list[Rectangle]:
        """The faces that a finished search found.

        Raises ValueError if the model cannot be read, MemoryError if there was too little memory or the
        system killed the process, and RuntimeError for anything else.
        """
        code = self.process.returncode
        if code == _NO_MEMORY or _was_killed(code):
            raise MemoryError("the search for faces came to an early end")
        if code == _NO_MODEL:
            raise ValueError("the detector's model does not load")
        if code != 0:
            raise RuntimeError(f"the search for faces ended with {code}")
        return [tuple(face) for face in json.loads(self._output)["faces"]]

    def _communicate(self) -> None:
        self._output, _ = self.process.communicate(self._input)


def _was_killed(code: int) -> bool:
    # Windows has no such signal: it denies the memory instead
    return sys.platform != "win32" and code == -signal.SIGKILL


def _main(parent: int) -> int:
    _end_with(parent)
    header = json.loads(sys.stdin.buffer.readline())
    shape = (header["height"], header["width"], 3)
    image = np.frombuffer(bytearray(sys.stdin.buffer.read()), np.uint8).reshape(shape)
    try:
        detector = dlib.cnn_face_detection_model_v1(header["model"])
    except RuntimeError:
        return _NO_MODEL
    rows = [
        (face.rect.left(), face.rect.top(), face.rect.right(), face.rect.bottom(), face.confidence)
        for face in detector(image, header["doublings"])
    ]
    sys.stdout.write(json.dumps({"faces": rows}))
    return 0


def _end_with(parent: int) -> None:
    """On Linux, let the system kill this process when its parent ends; elsewhere ``Search`` does that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DEATH, signal.SIGKILL)
        if os.getppid() != parent:  # the parent ended before this call
            sys.exit(0)


if __name__ == "__main__":
    try:
        sys.exit(_main(int(sys.argv[1])))
    except MemoryError:
        sys.exit(_NO_MEMORY)
