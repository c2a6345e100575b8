"""A stand-in for the backend, so that the command line is tested without any model.

How many faces it finds is written in the picture itself: the first value of its first pixel. Retouching a
face inverts the values in its box.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from retouchml.errors import Cancelled
from retouchml.look import Look
from retouchml.progress import Cancel, Progress
from retouchml.results import Box, Edit, Face, FaceReport

SIDE = 4  # of the first face's box; every further face is a pixel larger


@dataclass(frozen=True)
class Patch:
    face: int
    box: Box


def _face(index: int) -> Face:
    side = SIDE + index
    box = (2 + 10 * index, 3, side, side)
    points = tuple((float(x), float(y)) for x, y in np.linspace(0, 1, 136).reshape(68, 2))
    score: Any = np.float32(3.0 + index / 10)  # NumPy's own float, which JSON does not know
    return Face(box, points, score)


@dataclass
class Photo:
    pixels: npt.NDArray[Any]
    faces: Sequence[Face]
    looks: list[Mapping[int, Look]]
    seconds: dict[str, float] = field(default_factory=lambda: {"detect": 0.25})

    def render(
        self, looks: Mapping[int, Look], *, progress: Progress | None = None, cancel: Cancel | None = None
    ) -> list[Patch]:
        self.looks.append(looks)
        if progress is not None:
            progress("invert", 0.5, 12.0)
        self.seconds["invert"] = 1.5
        return [Patch(index, self.faces[index].box) for index in looks]

    def apply(self, patches: Sequence[Patch]) -> npt.NDArray[Any]:
        result = self.pixels.copy()
        for patch in patches:
            x, y, width, height = patch.box
            result[y : y + height, x : x + width] = self._white - result[y : y + height, x : x + width]
        return result

    def layer(self, patches: Sequence[Patch]) -> npt.NDArray[Any]:
        layer = np.zeros((*self.pixels.shape[:2], 4), self.pixels.dtype)
        for patch in patches:
            x, y, width, height = patch.box
            layer[y : y + height, x : x + width] = self._white
        return layer

    def report(self, patches: Sequence[Patch]) -> list[FaceReport]:
        return [
            FaceReport(patch.face, patch.box, 3.0, float("nan") if patch.face else 3.25, 0.125, patch.box)
            for patch in patches
        ]

    @property
    def _white(self) -> float:
        return float(np.iinfo(self.pixels.dtype).max) if self.pixels.dtype.kind == "u" else 1.0


class Backend:
    """Finds and retouches; records the looks of every render."""

    edits = (Edit("smile", -1.0, 1.0, "corners of the mouth"), Edit("age", -0.5, 0.75, "years"))

    def __init__(self, model: str = "ffhq-mobile", device: str = "auto") -> None:
        self.model = model
        self.device = "cpu" if device == "auto" else device
        self.looks: list[Mapping[int, Look]] = []

    def open(
        self, pixels: npt.NDArray[Any], *, progress: Progress | None = None, cancel: Cancel | None = None
    ) -> Photo:
        if progress is not None:
            progress("detect", 0.0, None)
        faces = [_face(index) for index in range(int(pixels.flat[0]))]
        return Photo(pixels, faces, self.looks)


class SlowPhoto(Photo):
    """Renders for a minute, and touches ``marker`` as it begins.

    ``manners``: "polite" polls the cancel flag, "deaf" does not, "stuck" ignores KeyboardInterrupt, too.
    """

    marker: Path
    manners: str

    def render(
        self, looks: Mapping[int, Look], *, progress: Progress | None = None, cancel: Cancel | None = None
    ) -> list[Patch]:
        self.marker.touch()
        for _ in range(6000):
            try:
                time.sleep(0.01)
            except KeyboardInterrupt:
                if self.manners != "stuck":
                    raise
            if self.manners == "polite" and cancel is not None and cancel.is_set():
                raise Cancelled("Stopped on request; nothing was changed.")
        return super().render(looks)


class SlowBackend(Backend):
    """Opens slow photos."""

    def __init__(self, marker: Path, manners: str) -> None:
        super().__init__()
        self._marker = marker
        self._manners = manners

    def open(
        self, pixels: npt.NDArray[Any], *, progress: Progress | None = None, cancel: Cancel | None = None
    ) -> Photo:
        photo = SlowPhoto(pixels, super().open(pixels).faces, self.looks)
        photo.marker = self._marker
        photo.manners = self._manners
        return photo


def picture(faces: int, *, dtype: str = "uint8", channels: int = 3) -> npt.NDArray[Any]:
    """A picture [24, 40, channels] of some texture in which ``Backend`` finds ``faces``."""
    pixels = np.random.default_rng(faces).integers(0, 200, (24, 40, channels)).astype(dtype)
    pixels[0, 0, 0] = faces
    return pixels
