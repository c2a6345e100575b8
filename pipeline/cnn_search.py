"""dlib's convolutional face detector in a process of its own.

A search takes seconds and cannot be interrupted, since dlib holds the interpreter meanwhile: a process can be
ended at once. Its memory, some hundred megabytes, goes back with it.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import dlib
import numpy as np
from numpy.typing import NDArray

_POLL_SECONDS = 0.05
_NO_MODEL, _NO_MEMORY = 3, 4  # exit codes
_PARENT_DEATH = 1  # PR_SET_PDEATHSIG of prctl(2)


@dataclass(frozen=True)
class Found:
    """A face's edges in pixels, and how certain the detector is."""

    left: float
    top: float
    right: float
    bottom: float
    confidence: float


class Search:
    """One search that runs from its beginning on; ends with the block."""

    def __init__(self, model: Path, image: NDArray[np.uint8], doublings: int) -> None:
        """image: [H, W, 3]; doublings: how often it is enlarged first."""
        height, width = image.shape[:2]
        from retouchml.system.processes import CREATION_FLAGS  # here: the isolated child has no such module

        order = {"model": str(model), "height": height, "width": width, "doublings": doublings}
        self._order = json.dumps(order).encode() + b"\n" + np.ascontiguousarray(image).tobytes()
        self.process = subprocess.Popen(
            [sys.executable, "-I", __file__, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a terminal's Ctrl-C is for this process, which ends the other
            creationflags=CREATION_FLAGS,
        )
        self._answer = b""
        self._thread = threading.Thread(target=self._talk, daemon=True)
        self._thread.start()

    def __enter__(self) -> "Search":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self._thread.join()

    def wait(self) -> bool:
        """Whether it has ended, after a moment."""
        self._thread.join(_POLL_SECONDS)
        return not self._thread.is_alive()

    @property
    def found(self) -> list[Found]:
        """What a search that has ended found.

        Raises ValueError where the model cannot be read, MemoryError where there was too little memory or
        the system ended the process, and RuntimeError for anything else.
        """
        code = self.process.returncode
        if code == _NO_MEMORY or _was_killed(code):
            raise MemoryError("the search for faces came to an early end")
        if code == _NO_MODEL:
            raise ValueError("the detector's model does not load")
        if code != 0:
            raise RuntimeError(f"the search for faces ended with {code}")
        answer = json.loads(self._answer)
        return [Found(*each) for each in answer["found"]]

    def _talk(self) -> None:
        self._answer, _ = self.process.communicate(self._order)


def _was_killed(code: int) -> bool:
    # Windows has no such signal: it refuses the memory instead
    return sys.platform != "win32" and code == -signal.SIGKILL


def _main(parent: int) -> int:
    _end_with(parent)
    order = json.loads(sys.stdin.buffer.readline())
    shape = (order["height"], order["width"], 3)
    image = np.frombuffer(bytearray(sys.stdin.buffer.read()), np.uint8).reshape(shape)
    try:
        detector = dlib.cnn_face_detection_model_v1(order["model"])
    except RuntimeError:
        return _NO_MODEL
    rows = [
        (face.rect.left(), face.rect.top(), face.rect.right(), face.rect.bottom(), face.confidence)
        for face in detector(image, order["doublings"])
    ]
    sys.stdout.write(json.dumps({"found": rows}))
    return 0


def _end_with(parent: int) -> None:
    """On Linux, let this process be killed with the one that asked; elsewhere it ends with its search."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DEATH, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before that
            sys.exit(0)


if __name__ == "__main__":
    try:
        sys.exit(_main(int(sys.argv[1])))
    except MemoryError:
        sys.exit(_NO_MEMORY)
