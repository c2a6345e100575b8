"""An engine for the tests of faults: what it does is told by the picture and by the look.

The picture's first pixel says how many faces there are (red) and how many tenths of a second each takes to be
prepared (green). A retouched face is its box turned around; the edits make it slow, deaf, deadly or greedy.
"""

from __future__ import annotations

import os
import sys
import time
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil

from retouchml.errors import Cancelled
from retouchml.look import Look
from retouchml.progress import Cancel, Progress
from retouchml.results import Edit, Face, FaceReport

ENGINE = "tests.daemon.stand_in:make"
SIDE = 8


class OutOfMemoryError(RuntimeError):
    """As torch's, by name."""


@dataclass(frozen=True)
class Patch:
    face: int
    x: int
    y: int
    pixels: npt.NDArray[Any]


_alive: weakref.WeakSet[Photo] = weakref.WeakSet()


def nap(seconds: float, cancel: Cancel | None) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if cancel is not None and cancel.is_set():
            raise Cancelled("Stopped on request; nothing was changed.")
        time.sleep(0.005)


class Photo:
    def __init__(self, pixels: npt.NDArray[Any], device: str) -> None:
        count, self.tenths = int(pixels[0, 0, 0]), int(pixels[0, 0, -1 if pixels.shape[2] < 2 else 1])
        if pixels.dtype.kind == "f":
            count, self.tenths = 1, 0
        points = tuple((float(x), float(y)) for x, y in np.linspace(0, 1, 136).reshape(68, 2))
        boxes = [(2 + 10 * index, 3, SIDE, SIDE) for index in range(count)]
        self.faces = [Face(box, points, 3.0) for box in boxes]
        self.pixels = pixels
        self.device = device
        self.prepared: set[int] = set()
        self.seconds: dict[str, float] = {"detect": 0.25, "prepared": 0.0, "on_cpu": float(device == "cpu")}
        _alive.add(self)

    def prepare(
        self,
        faces: Sequence[int] | None = None,
        *,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> None:
        for face in range(len(self.faces)) if faces is None else faces:
            if face not in self.prepared:
                for step in range(10):
                    if progress is not None:
                        progress("invert", step / 10, 1.0)
                    nap(self.tenths / 100, cancel)
                self.prepared.add(face)
                self.seconds["prepared"] += 1

    def render(
        self, looks: Mapping[int, Look], *, progress: Progress | None = None, cancel: Cancel | None = None
    ) -> list[Patch]:
        self.prepare([face for face, look in looks.items() if not look.untouched], cancel=cancel)
        return [self._patch(face, look, cancel) for face, look in looks.items() if not look.untouched]

    def report(self, patches: Sequence[Patch]) -> list[FaceReport]:
        boxes = [(patch.x, patch.y, SIDE, SIDE) for patch in patches]
        return [
            FaceReport(patch.face, self.faces[patch.face].box, 3.0, 3.25, 0.125, box)
            for patch, box in zip(patches, boxes, strict=True)
        ]

    def _patch(self, face: int, look: Look, cancel: Cancel | None) -> Patch:
        edits = look.edits
        if edits.get("die") or (edits.get("die_once") and _first_time()):
            psutil.Process().kill()
        if (
            (edits.get("crowded") and len(_alive) > 1)
            or (edits.get("memory") and self.device != "cpu")
            or edits.get("huge")
        ):
            raise OutOfMemoryError("no room on the device")
        if edits.get("deaf"):
            time.sleep(10 * edits["deaf"])
        if edits.get("fail"):
            raise ValueError("a bug")
        nap(10 * edits.get("slow", 0.0), cancel)
        x, y, width, height = self.faces[face].box
        color = self.pixels[y : y + height, x : x + width]
        white = np.iinfo(color.dtype).max if color.dtype.kind == "u" else 1.0
        pixels = np.full((height, width, 4), white, color.dtype)
        pixels[..., :3] = white - color[..., :3] if color.shape[2] >= 3 else white - color[..., :1]
        return Patch(face, x, y, pixels)


class Backend:
    edits = tuple(
        Edit(name, -1.0, 1.0, "for tests")
        for name in ("die", "die_once", "crowded", "memory", "huge", "deaf", "fail", "slow")
    )

    def __init__(self, model: str, device: str) -> None:
        self.model = model
        self.device = "accelerator" if device == "auto" else device

    def open(
        self, pixels: npt.NDArray[Any], *, progress: Progress | None = None, cancel: Cancel | None = None
    ) -> Photo:
        if progress is not None:
            progress("detect", 0.0, None)
        return Photo(pixels, self.device)


def make(model: str, device: str) -> Backend:
    """The factory that ``--backend`` names; STAND_IN_GPUS says how many GPUs torch is to see."""
    gpus = int(os.environ.get("STAND_IN_GPUS", "0"))
    if gpus:
        cuda = SimpleNamespace(
            is_available=lambda: True, device_count=lambda: gpus, memory_reserved=lambda index: 1000 + index
        )
        sys.modules["torch"] = SimpleNamespace(cuda=cuda)  # type: ignore[assignment]
    return Backend(model, device)


def _first_time() -> bool:
    marker = Path(os.environ["RETOUCHML_HOME"]) / "died"
    if marker.exists():
        return False
    marker.touch()
    return True
