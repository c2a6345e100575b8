"""The daemon's stand-in with faults: looks make it slow, deaf, greedy or kill its process."""

from __future__ import annotations

import gc
import os
import sys
import time
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy.typing as npt
import psutil

from retouchml.look import Look
from retouchml.progress import Cancel, Progress
from retouchml.results import Box, Edit
from retouchml.settings import PrecisionName
from tests.stand_in_backend import ONE_MORE_FACE, Backend, Patch, Photo, faces_of, marked
from tests.waiting import HELD, hold, nap

FAULTY = "tests.faulty_backend:make_faulty"
"""``FaultyBackend`` as ``--backend`` names it."""
_FAULTS = ("die", "die_once", "crowded", "memory", "huge", "deaf", "fail", "slow", "held", "garble")


class OutOfMemoryError(RuntimeError):
    """As torch's, by name."""


_photos: weakref.WeakSet[FaultyPhoto] = weakref.WeakSet()


class FaultyPhoto(Photo):
    """Its faces take their time to be prepared; edits cause faults.

    The second value of the picture's first pixel is the tenths of a second that each face takes, or HELD.
    Pictures of floats have one face, which takes no time. The look ``held`` of 0.1 waits for the gate 1, that
    of 0.2 for the gate 2; ``deaf`` for the end of its process.
    """

    def __init__(self, pixels: npt.NDArray[Any], device: str) -> None:
        count, self.tenths = int(pixels[0, 0, 0]), int(pixels[0, 0, -1 if pixels.shape[2] < 2 else 1])
        if pixels.dtype.kind == "f":
            count, self.tenths = 1, 0
        seconds = {"detect": 0.25, "prepared": 0.0, "on_cpu": float(device == "cpu")}
        super().__init__(pixels, faces_of(count), seconds=seconds)
        self.device = device
        self.prepared: set[int] = set()
        _photos.add(self)

    __hash__ = object.__hash__

    @property
    def faults(self) -> Sequence[str]:
        return _FAULTS

    def is_prepared(self, face: int) -> bool:
        return face in self.prepared

    def prepare(
        self,
        faces: Sequence[int] | None = None,
        *,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> None:
        for face in range(len(self.faces)) if faces is None else faces:
            if face not in self.prepared:
                if self.tenths == HELD:
                    hold(1, cancel, progress)
                for step in range(0 if self.tenths == HELD else 10):
                    if progress is not None:
                        progress("invert", step / 10, 1.0)
                    nap(self.tenths / 100, cancel)
                self.prepared.add(face)
                self.seconds["prepared"] += 1

    def patch(self, face: int, look: Look, cancel: Cancel | None) -> Patch:
        edits = look.edits
        if edits.get("die") or (edits.get("die_once") and _first_time()):
            psutil.Process().kill()
        if (
            (edits.get("crowded") and len(_photos) > 1)
            or (edits.get("memory") and self.device != "cpu")
            or edits.get("huge")
        ):
            raise OutOfMemoryError("no room on the device")
        while edits.get("deaf"):
            time.sleep(1.0)
        if edits.get("held"):
            hold(round(10 * edits["held"]), cancel)
        if edits.get("garble"):
            _garble(round(10 * edits["garble"]))
        if edits.get("fail"):
            raise ValueError("a bug")
        nap(10 * edits.get("slow", 0.0), cancel)
        return super().patch(face, look, cancel)


class FaultyBackend(Backend):
    """Opens photos that cause faults; "auto" is a device of its own."""

    edits = tuple(Edit(name, -1.0, 1.0, "for tests") for name in _FAULTS)

    def __init__(self, model: str, device: str, precision: PrecisionName = "auto") -> None:
        super().__init__(model, "accelerator" if device == "auto" else device, precision)

    def open(
        self,
        pixels: npt.NDArray[Any],
        *,
        icc: bytes = b"",
        at: Sequence[Box] = (),
        scorer: str = "",
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> Photo:
        if progress is not None:
            progress("detect", 0.0, None)
        photo = FaultyPhoto(pixels, self.device)
        if icc == ONE_MORE_FACE:
            photo.faces = faces_of(len(photo.faces) + 1)
        photo.faces = (*photo.faces, *marked(at))
        return photo


def make_faulty(model: str, device: str, precision: PrecisionName = "auto") -> FaultyBackend:
    """A ``FaultyBackend``; STAND_IN_GPUS says how many GPUs torch is to see."""
    gpus = int(os.environ.get("STAND_IN_GPUS", "0"))
    if gpus:
        cuda = SimpleNamespace(
            is_available=lambda: True, device_count=lambda: gpus, memory_reserved=lambda index: 1000 + index
        )
        sys.modules["torch"] = SimpleNamespace(cuda=cuda)  # type: ignore[assignment]
    return FaultyBackend(model, device, precision)


def _garble(kind: int) -> None:
    """Let the worker send something malformed in place of its answer."""
    from daemon.channel import Channel
    from daemon.memory.blocks import Block
    from daemon.worker import Worker

    # the worker is __main__, so that its class is another one than the imported
    worker: Any = next(each for each in gc.get_objects() if type(each).__name__ == Worker.__name__)
    channel: Channel = worker._channel
    job = next(iter(worker._flags))
    done = {"type": "done", "job": job, "usage": {}, "fields": {}, "sizes": []}
    usage = {"memory": None, "device_memory": None, "models": [], "devices": []}
    packet = b"no msgpack"
    messages: list[Callable[[], object]] = [
        lambda: channel.send({"type": "unknown"}),
        lambda: channel.send({"no": "type"}),
        lambda: channel.send(done),
        lambda: channel.send({**done, "usage": usage, "fields": 7}),
        lambda: channel.send({**done, "usage": usage, "sizes": [-1, 4]}, [Block.of([b"abc"])]),
        lambda: channel.send({**done, "usage": usage, "sizes": [1 << 40]}, [Block.of([b"abc"])]),
        lambda: channel._socket.sendall(len(packet).to_bytes(4, "little") + packet),
        lambda: channel._socket.sendall(b"\xff\xff\xff\xff"),
        lambda: channel._socket.sendall(b"\x01\x00\x00\x00\x07"),
    ]
    messages[kind - 1]()
    time.sleep(60)


def _first_time() -> bool:
    marker = Path(os.environ["RETOUCHML_HOME"]) / "died"
    if marker.exists():
        return False
    marker.touch()
    return True
